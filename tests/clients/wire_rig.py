"""A wire server on a port of its own, and a client that says exactly what a test wants to say."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
from aiohttp import web

from tests.waiting import eventually

PATIENCE_S = 30.0
PING_INTERVAL_S = 6.0
PING_TIMEOUT_S = 4.0


@contextlib.asynccontextmanager
async def serving(server: Any, path: str) -> AsyncIterator[str]:
    """`server` attached to an application that listens; its URL."""
    app = web.Application()
    server.attach(app, path)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/{path}/"
    finally:
        await server.shutdown()
        await runner.cleanup()


class Wire:
    """Requests and WebSockets by hand. `async with Wire(url) as wire:`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http: aiohttp.ClientSession = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S))

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def request(self, method: str = "GET", body: str | None = None, **query: str) -> tuple[int, str]:
        """Status and text."""
        async with self.http.request(method, self.url, params=query, data=body) as response:
            return response.status, await response.text()

    async def poll(self, sid: str) -> tuple[int, str]:
        return await self.request(EIO="4", transport="polling", sid=sid)

    async def post(self, sid: str, body: str) -> tuple[int, str]:
        return await self.request("POST", body, EIO="4", transport="polling", sid=sid)

    async def open_polling(self) -> str:
        """A session's id."""
        status, text = await self.request(EIO="4", transport="polling")
        assert status == 200, text
        sid: str = json.loads(text[1:])["sid"]
        return sid

    async def websocket(self, **query: str) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket; by default one that opens a session, with the open packet still to be read."""
        query = {"EIO": "4", "transport": "websocket", **query}
        return await self.http.ws_connect(
            self.url.replace("http", "ws", 1),
            params=query,
            autoping=True,
            timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
        )

    async def opened(self) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket whose open packet has been read."""
        websocket = await self.websocket()
        assert (await said(websocket)).startswith("0")
        return websocket

    async def refused(self, **query: str) -> int:
        """The status that a WebSocket request is refused with."""
        try:
            await self.http.ws_connect(self.url.replace("http", "ws", 1), params=query)
        except aiohttp.WSServerHandshakeError as error:
            return error.status
        raise AssertionError("the WebSocket was granted")


async def said(websocket: aiohttp.ClientWebSocketResponse) -> Any:
    """The next message."""
    message = await websocket.receive(PATIENCE_S)
    assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
    return message.data


async def said_beside_pings(websocket: aiohttp.ClientWebSocketResponse) -> Any:
    """The next message that is no ping."""
    while (data := await said(websocket)) == "2":
        await websocket.send_str("3")
    return data


async def closed(websocket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Wait for the close, whatever comes before it. Its code."""
    async with asyncio.timeout(PATIENCE_S):
        async for _ in websocket:
            pass
    return websocket.close_code


async def until(met: Callable[[], bool], missing: str) -> None:
    """Wait for a condition."""

    async def asked() -> bool:
        return met()

    await eventually(asked, missing, timeout_s=PATIENCE_S)
