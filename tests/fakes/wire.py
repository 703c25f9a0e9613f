"""A partner on the wire: requests in, answers out, with what goes wrong on the way."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiohttp import web
from multidict import CIMultiDict

from tests.fakes.mishaps import Mishap, Mishaps

Fault = Literal["busy", "failing", "refused", "in_use"]
_SLOW_S: Final = 0.05


@dataclass(frozen=True)
class Asked:
    """A request. `text` is the query of a GET, else the body."""

    method: str
    path: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Answered:
    """An answer in JSON; None: without a body."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass
class WireServer(ABC):
    """Listens on `127.0.0.1:<port>`; a port of 0 is chosen. `delay_s`: before each answer."""

    port: int = 0
    delay_s: float = 0.0
    _under_way: set[str] = field(default_factory=set)
    _runner: web.AppRunner | None = None

    @property
    @abstractmethod
    def mishaps(self) -> Mishaps:
        """What goes wrong."""

    @abstractmethod
    def key_of(self, headers: Mapping[str, str]) -> str:
        """By what it recognises a repeat; "": by nothing."""

    @abstractmethod
    def fault(self, fault: Fault) -> Answered:
        """How it says that it does not do this."""

    @abstractmethod
    def knows(self, asked: Asked) -> bool:
        """Are these the right credentials? What goes wrong befalls others not."""

    @abstractmethod
    def answer(self, asked: Asked, *, breaks: bool = False, done: bool = True) -> Answered:
        """Carry it out. `breaks`: it ends in a 500; `done`: though it was carried out."""

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, *routes: web.RouteDef) -> None:
        """Listen; `routes` are served as well."""
        app = web.Application()
        app.add_routes([*routes, web.route("*", "/{path:.*}", self._serve)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more; what it knows stays."""
        assert self._runner is not None
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request)
        mishap = self.mishaps.draw() if self.knows(asked) else ""
        if (answer := self._instead(mishap, request)) is not None:
            return answer
        if asked.key and asked.key in self._under_way:
            return _response(self.fault("in_use"))
        self._under_way.add(asked.key)
        try:
            answered = await self._answer(asked, mishap)
        finally:
            self._under_way.discard(asked.key)
        match mishap:
            case "lost_answer":
                return _cut(request)
            case "silent":
                await asyncio.get_running_loop().create_future()
            case "half":
                return await _half(request, answered)
        return _response(answered)

    async def _answer(self, asked: Asked, mishap: Mishap) -> Answered:
        if delay_s := self.delay_s + (_SLOW_S if mishap == "slow" else 0.0):
            await asyncio.sleep(delay_s)
        broke = mishap == "broken" and asked.method != "GET"
        return self.answer(asked, breaks=broke, done=broke and self.mishaps.heads())

    def _instead(self, mishap: Mishap, request: web.Request) -> web.StreamResponse | None:
        """What is answered without looking at the request."""
        match mishap:
            case "busy":
                return _response(self.fault("busy"))
            case "busy_for_7s":
                busy = self.fault("busy")
                return _response(Answered(busy.status, busy.body, {"Retry-After": "7"}))
            case "failing" | "refused":
                return _response(self.fault(mishap))
            case "cut":
                return _cut(request)
        return None

    async def _asked(self, request: web.Request) -> Asked:
        text = request.query_string if request.method == "GET" else (await request.read()).decode()
        headers: Mapping[str, str] = CIMultiDict(request.headers)
        return Asked(request.method, request.path, text, headers, self.key_of(headers))


def _response(answered: Answered) -> web.Response:
    if answered.body is None:
        return web.Response(status=answered.status, headers=answered.headers)
    return web.Response(
        body=answered.raw, status=answered.status, headers=answered.headers, content_type="application/json"
    )


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, answered: Answered) -> web.StreamResponse:
    """Half of what was announced, then nothing."""
    response = web.StreamResponse(status=answered.status, headers={"Content-Length": str(len(answered.raw))})
    await response.prepare(request)
    await response.write(answered.raw[: len(answered.raw) // 2])
    return _cut(request)
