"""One connection between two gateways (`common.net.framing`).

Whoever connects asks, and the other answers from what it owns: an answer is never asked for elsewhere, so nothing goes
in circles. After `UPGRADE` was granted the connection is that of a WebSocket.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import msgspec
from typing_extensions import override

from common.lib.tasks import Tasks
from common.net.framing import FIRST_METHOD, Calling, Listening, has_payload, reply_header
from common.net.proof import SharedSecret
from realtime.engineio.peers import Reply
from realtime.socketio import EngineServer

POLL, POST, ABANDON, RELEASE, UPGRADE = range(FIRST_METHOD, FIRST_METHOD + 5)
PURPOSE: Final = "gateway"  # of the secret that gateways share

_GRANTED: Final = b"1"
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 11_000))

Asked = tuple[str, int | None, str | None]
Answer = tuple[str, list[tuple[str, str]], bytes]
_asked: Final = msgspec.msgpack.Decoder(Asked)
_answer: Final = msgspec.msgpack.Decoder(Answer)
pack: Final = msgspec.msgpack.Encoder().encode


class LinkOwner(Protocol):
    """The gateway that answers at the far end."""

    server: EngineServer

    def opened(self, serving: "Serving") -> None:
        """A connection came."""
        ...

    def closed(self, serving: "Serving") -> None:
        """It went."""
        ...


class Serving(Listening):
    """The owner's end."""

    def __init__(self, owner: LinkOwner, secret: SharedSecret, name: str) -> None:
        super().__init__(secret)
        self._owner = owner
        self._tasks = Tasks(name)
        self._polls: dict[str, asyncio.Task[None]] = {}

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        watch(transport)
        self._owner.opened(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._owner.closed(self)
        for task in self._tasks:
            task.cancel()  # the clients of the polls that wait have lost their connections too

    @override
    def request(self, call: int, method: int, payload: bytes) -> None:
        sid, number, body = _asked.decode(payload)
        server = self._owner.server
        if method == POLL:
            self._polls[sid] = task = self._tasks.spawn(self._answer(call, partial(server.poll, sid, number)))
            task.add_done_callback(lambda _: self._polls.pop(sid, None))
        elif method == POST:
            self._tasks.spawn(self._answer(call, partial(server.post, sid, body, number)))
        elif method == UPGRADE:
            self._upgrade(call, sid, deflate=bool(number))
        elif method == RELEASE:
            asyncio.get_running_loop().call_soon(server.release, sid)  # the poll it is about may be yet to begin
        elif method == ABANDON:
            asyncio.get_running_loop().call_soon(self._abandon, sid)

    def _abandon(self, sid: str) -> None:
        if (task := self._polls.get(sid)) is not None:
            task.cancel()

    async def _answer(self, call: int, work: Callable[[], Awaitable[Reply]]) -> None:
        reply = await work()
        self.reply(call, pack((reply["status"], reply["headers"], reply["response"])))

    def _upgrade(self, call: int, sid: str, *, deflate: bool) -> None:
        granted = reply_header(call, _GRANTED) + _GRANTED
        transport, self._transport = self._transport, None
        assert transport is not None
        if self._owner.server.adopt(sid, transport, granted, deflate=deflate):
            self._owner.closed(self)
        else:
            self._transport = transport
            self.reply(call, b"")


class PeerConnection(Calling):
    """The end of the gateway that asks."""

    def __init__(self) -> None:
        super().__init__()
        self._end: asyncio.Protocol | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        watch(transport)

    @override
    def frame(self, frame: bytes) -> None:
        super().frame(frame)
        if self._end is not None and has_payload(frame):
            self.hand_on(self._end)

    async def ask(self, method: int, sid: str, jsonp: int | None, body: str | None) -> Reply:
        """The owner's reply. Raises ConnectionLost when the connection is lost."""
        status, headers, response = _answer.decode(await self.call(method, pack((sid, jsonp, body))))
        return {"status": status, "headers": headers, "response": response}

    def tell_of(self, method: int, sid: str) -> None:
        """Say something of a session that needs no answer."""
        self.tell(method, pack((sid, None, None)))

    async def upgrade(self, sid: str, end: asyncio.Protocol, *, deflate: bool) -> bool:
        """Make this the connection of a WebSocket: what comes next is for `end`. False: there is no such session."""
        self._end = end
        return bool(await self.call(UPGRADE, pack((sid, int(deflate), None))))


def watch(transport: asyncio.BaseTransport) -> None:
    """Notice within some 10 s that the other host has gone without a word, where the system can."""
    ours: socket.socket | None = transport.get_extra_info("socket")
    if ours is not None:
        with suppress(OSError):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE:
                if (option := getattr(socket, name, None)) is not None:
                    ours.setsockopt(socket.IPPROTO_TCP, option, value)
