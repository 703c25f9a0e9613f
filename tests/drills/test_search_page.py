"""The page `/console/search` in a real browser: what it asks, what it shows, and that it holds no word."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from serve_app.edge.conventions.bounds import SecurityHeaders
from serve_app.edge.conventions.described.pages import console_routes
from tests.clients.chromium import BINARY, Session, chromium
from tests.mongo import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(BINARY is None, reason="there is no Chromium here")
TOLD: Final = "\U0001f33f <b>gardens</b> are quiet"
HIT: Final[dict[str, Any]] = {
    "type": "messages",
    "id": "msg_1",
    "title": "",
    "snippet": TOLD,
    "highlights": [{"field": "snippet", "start": 5, "end": 12}],  # code points: the leaf is one
    "at": "2026-11-20T09:30:00.000Z",
    "link": "/rooms/room_1?message=msg_1",
}
ENTER: Final = """((token, q) => {
    document.getElementById('token').value = token;
    document.getElementById('q').value = q;
    document.getElementById('form').requestSubmit();
})"""
SEEN: Final = """({
    told: document.getElementById('told').textContent,
    hits: [...document.querySelectorAll('#hits li')].map((one) => one.querySelector('p').textContent),
    marks: [...document.querySelectorAll('#hits mark')].map((one) => one.textContent),
    bold: document.querySelectorAll('#hits b').length,
    more: !document.getElementById('more').hidden,
    kept: localStorage.length + sessionStorage.length + document.cookie.length,
})"""


@asynccontextmanager
async def served(asked: list[tuple[str, dict[str, str]]]) -> AsyncIterator[str]:
    """The page, and an API of one hit a page. `asked`: the token and what was asked with it."""
    app, port = FastAPI(), free_port()
    app.include_router(console_routes("search", "serve_app.capabilities.search.pages"))
    app.add_middleware(SecurityHeaders)

    @app.get("/api/search")
    async def search(request: Request) -> JSONResponse:
        query = dict(request.query_params)
        asked.append((request.headers["authorization"], query))
        if query.get("q") == "-":
            return JSONResponse({"detail": "Say what is looked for."}, 400)
        more = {} if "cursor" in query else {"next_cursor": "c2"}
        index = {"engine": "tantivy", "lag_ms": 0}
        total, slips = {"value": 2, "exact": True}, [{"from": "gardn", "to": "gardens"}]
        return JSONResponse({"hits": [HIT], "total": total, "corrected": slips, "took_ms": 3, "index": index, **more})

    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, "the API does not listen")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def seen(page: Session, *, hits: int) -> dict[str, Any]:
    """What stands there once there are so many hits and the answer is told."""
    found: dict[str, Any] = {}

    async def so_many() -> bool:
        found.update(await page.evaluate(SEEN))
        return len(found["hits"]) == hits and bool(found["told"])

    await eventually(so_many, f"not {hits} hits")
    return found


async def test_a_browser_shows_what_was_found_where_the_words_stand_and_keeps_nothing() -> None:
    asked: list[tuple[str, dict[str, str]]] = []
    async with served(asked) as origin, chromium() as browser:
        page = await browser.open(f"{origin}/console/search")
        await page.evaluate(f"{ENTER}({json.dumps('token-1')}, {json.dumps('gardn')})")
        first = await seen(page, hits=1)
        assert first == {
            "told": "2 found in 3 ms; gardn taken for gardens",
            "hits": [TOLD],
            "marks": ["gardens"],
            "bold": 0,  # a text is a text
            "more": True,
            "kept": 0,
        }
        await page.evaluate("document.getElementById('more').click()")
        second = await seen(page, hits=2)
        assert not second["more"]
        assert asked == [("Bearer token-1", {"q": "gardn"}), ("Bearer token-1", {"q": "gardn", "cursor": "c2"})]
        await page.evaluate(f"{ENTER}({json.dumps('token-1')}, {json.dumps('-')})")
        refused = await seen(page, hits=0)
        assert refused["told"] == "Say what is looked for."
        assert await page.evaluate("location.search") == ""  # neither the token nor the words stand in the address
