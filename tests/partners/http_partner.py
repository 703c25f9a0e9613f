"""A partner with an HTTP API, scripted: it keeps keys as Stripe does, and misbehaves on demand; and a connector to it.

The connector is no part of Carewire: it is the smallest one that passes `tests/contract/connectors.py` over HTTP.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp import web
from typing_extensions import override

from serve_app.activities.connector import (
    Call,
    Capacity,
    Connector,
    Later,
    Misconfigured,
    Refused,
    Unreadable,
)

TOKEN: Final = "a-token"
_BUSY: Final = 429
_FAILING: Final = 500


@dataclass
class HttpPartner:
    """Takes things at `POST /things`, once a key; a repeat gets the first answer. `seen` is its ledger."""

    seen: list[tuple[str, bytes]] = field(default_factory=list)
    mishaps: deque[str] = field(default_factory=deque)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/things", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        body, key = await request.read(), request.headers["Idempotency-Key"]
        match self.mishaps.popleft() if self.mishaps else "":
            case "busy":
                return web.Response(status=_BUSY)
            case "busy_for_7s":
                return web.Response(status=_BUSY, headers={"Retry-After": "7"})
            case "failing":
                return web.Response(status=503, text=body.decode())
            case "refused":
                return web.Response(status=422, text=body.decode())
            case "cut":
                return self._cut(request)
            case "lost_answer":
                self.seen.append((key, body))
                return self._cut(request)
            case "silent":
                self.seen.append((key, body))
                await asyncio.get_running_loop().create_future()
            case "slow":
                await asyncio.sleep(0.05)
        self.seen.append((key, body))
        return web.json_response({"key": key})

    @staticmethod
    def _cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


class HttpConnector(Connector):
    """See the module."""

    name = "http"
    capacity = Capacity(at_once=8)
    remembers_s = 86_400.0

    def __init__(self, port: int, token: str) -> None:
        self._url = f"http://127.0.0.1:{port}/things"
        self._token = token
        self._session = aiohttp.ClientSession()

    @override
    async def carry_out(self, call: Call) -> bytes:
        if not call.payload.startswith(b"{"):
            raise Unreadable("This is no JSON object.")
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": str(call.key)}
        try:
            async with self._session.post(self._url, data=call.payload, headers=headers) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise Later("connection_lost", f"The connection was lost ({type(error).__name__}).") from error
        return _meaning(answer.status, answer.headers, content)

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        await self._session.close()


def _meaning(status: int, headers: Any, content: bytes) -> bytes:
    told = f"The partner answers {status}."
    if status in (401, 403):
        raise Misconfigured(told)
    if status == _BUSY or status >= _FAILING:
        asked = headers.get("Retry-After")
        raise Later("busy", told, retry_after_s=None if asked is None else float(asked))
    if status >= 400:
        raise Refused("refused", told)
    return content
