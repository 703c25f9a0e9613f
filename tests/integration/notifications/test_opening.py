"""Where the links of notifications lead: apps claim the addresses, browsers are sent on or told what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from config.capabilities.apps import AppSettings
from serve_app.capabilities.notifications.pages.opening import opening_routes
from serve_app.edge.api.problems import install

pytestmark = pytest.mark.asyncio
PRINT = ":".join(["AB"] * 32)


@asynccontextmanager
async def browser(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install(app)
    app.include_router(opening_routes(AppSettings(**settings)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://care.example.org") as client:
        yield client


async def test_a_browser_is_sent_on_to_the_web_app() -> None:
    async with browser(web_url="https://app.example.org/go/") as client:
        answer = await client.get("/open/booking/bkg_01KAFZ3NHG1JQ2V8S5T6W7X9YZ")
        assert answer.status_code == 302
        assert answer.headers["location"] == "https://app.example.org/go/booking/bkg_01KAFZ3NHG1JQ2V8S5T6W7X9YZ"


async def test_without_one_a_page_says_what_to_do_in_the_readers_language() -> None:
    async with browser() as client:
        answer = await client.get("/open/room/r1", headers={"Accept-Language": "de"})
        assert answer.status_code == 200
        assert "Carewire öffnen" in answer.text
        assert "r1" not in answer.text
        assert "<script" not in answer.text


@pytest.mark.parametrize(
    "path", ["/open/Booking/1", "/open/booking/..%2F..%2Fevil", "/open/b/%3Cscript%3E", "/open/x/"]
)
async def test_what_is_no_address_leads_nowhere(path: str) -> None:
    async with browser(web_url="https://app.example.org") as client:
        assert (await client.get(path)).status_code == 404


async def test_devices_learn_whose_the_addresses_are() -> None:
    async with browser(android=f"org.example.care:{PRINT}", ios="ABCDE12345.org.example.care") as client:
        (claim,) = (await client.get("/.well-known/assetlinks.json")).json()
        assert claim["target"] == {
            "namespace": "android_app",
            "package_name": "org.example.care",
            "sha256_cert_fingerprints": [PRINT],
        }
        ours = (await client.get("/.well-known/apple-app-site-association")).json()
        assert ours["applinks"]["details"] == [
            {"appIDs": ["ABCDE12345.org.example.care"], "components": [{"/": "/open/*"}]}
        ]
    async with browser() as client:
        assert (await client.get("/.well-known/assetlinks.json")).json() == []
        assert (await client.get("/.well-known/apple-app-site-association")).json() == {"applinks": {"details": []}}


@pytest.mark.parametrize("settings", [{"android": "org.example.care:AB:CD"}, {"ios": "org.example.care"}])
async def test_a_setting_that_names_no_app_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AppSettings(**settings)
