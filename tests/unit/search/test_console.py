"""The page `/console/search`: it and its script are served, may ask our API and nobody else, and hold no word."""

import re

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from serve_app.edge.conventions.bounds import SecurityHeaders
from serve_app.edge.conventions.described.pages import console_routes


async def test_the_page_and_its_script_are_served_under_a_policy_that_lets_them_ask_us_alone() -> None:
    app = FastAPI()
    app.include_router(console_routes("search", "serve_app.capabilities.search.pages"))
    app.add_middleware(SecurityHeaders)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        page, script = await client.get("/console/search"), await client.get("/console/carewire-search.js")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert re.findall(r"<script(.*?)>", page.text) == [' src="/console/carewire-search.js"']
    assert script.headers["content-type"].startswith("text/javascript")
    assert "innerHTML" not in script.text
    assert "localStorage" not in script.text
