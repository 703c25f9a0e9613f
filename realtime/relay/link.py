"""One connection between two gateways: frames as between regions and shards (`actors.kernel.caller.direct`).

Whoever connects proves that it knows the secret, and sees it proven, before anything else is said; the secret itself is
never sent. From then on it asks, and the other answers from what it owns: an answer is never asked for elsewhere, so
nothing goes in circles. After `UPGRADE` was granted the connection is that of a WebSocket.
"""

import asyncio
import hmac
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import msgspec

from actors.kernel.caller.channel import ShardGone
from actors.kernel.caller.direct import REPLY, REQUEST, Calling, Framed
from common.lib.tasks import Tasks
from common.logs import get_logger
from realtime.engineio.peers import Reply
from realtime.relay.names import Address
from realtime.socketio import EngineServer

_log = get_logger(__name__)
GREET, PROVE, POLL, POST, ABANDON, RELEASE, UPGRADE = range(7)

CONNECT_S: Final = 2.0
_PROOF_S: Final = 5.0  # that a connection has to prove itself
_NONCE_BYTES: Final = 32
_STRANGERS: Final = 256  # bytes; the largest frame before that
_LARGEST: Final = 64 * 2**20
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 11_000))

Asked = tuple[str, int | None, str | None]
Answer = tuple[str, list[tuple[str, str]], bytes]
_asked: Final = msgspec.msgpack.Decoder(Asked)
_answer: Final = msgspec.msgpack.Decoder(Answer)
pack: Final = msgspec.msgpack.Encoder().encode


class Refused(Exception):
    """The other end does not know the secret."""


class Secret:
    """What all gateways know."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def proof(self, role: bytes, theirs: bytes, ours: bytes) -> bytes:
        """That we know it. `role`: of the one who proves; both nonces are in it, so it is good for once."""
        return hmac.digest(self._secret, role + theirs + ours, "sha256")


class Owner(Protocol):
    """Who answers at the far end."""

    server: EngineServer

    def opened(self, serving: "Serving") -> None:
        """A connection came."""
        ...

    def closed(self, serving: "Serving") -> None:
        """It went."""
        ...


class Serving(Framed):
    """The owner's end."""

    def __init__(self, owner: Owner, secret: Secret, name: str) -> None:
        super().__init__(_STRANGERS)
        self._owner = owner
        self._secret = secret
        self._tasks = Tasks(name)
        self._expected: bytes | None = None
        self._admitted = False
        self._timer: asyncio.TimerHandle | None = None
        self._polls: dict[str, asyncio.Task[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        watch(transport)
        self._owner.opened(self)
        self._timer = asyncio.get_running_loop().call_later(_PROOF_S, self._refuse)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._forget()
        for task in self._tasks:
            task.cancel()  # the clients of the polls that wait have lost their connections too

    def frame(self, frame: bytes) -> None:
        if len(frame) < REQUEST.size or self._transport is None:
            self.hang_up()
            return
        _, call, method = REQUEST.unpack_from(frame)
        payload = frame[REQUEST.size :]
        if self._admitted:
            self._serve(call, method, payload)
        elif method == GREET and self._expected is None and len(payload) == _NONCE_BYTES:
            ours = os.urandom(_NONCE_BYTES)
            self._expected = self._secret.proof(b"asker", payload, ours)
            self._reply(call, ours + self._secret.proof(b"owner", payload, ours))
        elif method == PROVE and self._expected is not None and hmac.compare_digest(payload, self._expected):
            self._admitted, self.largest = True, _LARGEST
            self._end_timer()
            self._reply(call, b"")
        else:
            self._refuse()

    def _serve(self, call: int, method: int, payload: bytes) -> None:
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
        self._reply(call, pack((reply["status"], reply["headers"], reply["response"])))

    def _upgrade(self, call: int, sid: str, *, deflate: bool) -> None:
        granted = REPLY.pack(REPLY.size - 4 + 1, call) + b"1"
        transport, self._transport = self._transport, None
        assert transport is not None
        if self._owner.server.adopt(sid, transport, granted, deflate=deflate):
            self._forget()
        else:
            self._transport = transport
            self._reply(call, b"")

    def _reply(self, call: int, payload: bytes) -> None:
        self.write(REPLY.pack(len(payload) + REPLY.size - 4, call), payload)

    def _refuse(self) -> None:
        _log.warning("relay.refused")
        self.hang_up()

    def _forget(self) -> None:
        self._end_timer()
        self._owner.closed(self)

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PeerConnection(Calling):
    """The end of the gateway that asks."""

    def __init__(self) -> None:
        super().__init__(_LARGEST)
        self._end: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        watch(transport)

    def frame(self, frame: bytes) -> None:
        super().frame(frame)
        if self._end is not None and len(frame) > REPLY.size:
            self.hand_on(self._end)

    async def ask(self, method: int, sid: str, jsonp: int | None, body: str | None) -> Reply:
        """The owner's reply. Raises ShardGone when the connection is lost."""
        status, headers, response = _answer.decode(await self.call(method, pack((sid, jsonp, body))))
        return {"status": status, "headers": headers, "response": response}

    def tell(self, method: int, sid: str) -> None:
        """Say something that needs no answer."""
        payload = pack((sid, None, None))
        self.write(REQUEST.pack(len(payload) + REQUEST.size - 4, 0, method), payload)

    async def upgrade(self, sid: str, end: asyncio.Protocol, *, deflate: bool) -> bool:
        """Make this the connection of a WebSocket: what comes next is for `end`. False: there is no such session."""
        self._end = end
        return bool(await self.call(UPGRADE, pack((sid, int(deflate), None))))


async def connect(address: Address, secret: Secret) -> PeerConnection:
    """A connection to the gateway there, proven.

    Raises:
        ShardGone: there is none.
        Refused: what listens there is no gateway of ours.
    """
    link: PeerConnection | None = None
    try:
        async with asyncio.timeout(CONNECT_S):
            _, link = await asyncio.get_running_loop().create_connection(PeerConnection, *address)
            ours = os.urandom(_NONCE_BYTES)
            answer = await link.call(GREET, ours)
            theirs, proof = answer[:_NONCE_BYTES], answer[_NONCE_BYTES:]
            if not hmac.compare_digest(proof, secret.proof(b"owner", ours, theirs)):
                raise Refused
            await link.call(PROVE, secret.proof(b"asker", ours, theirs))
            return link
    except (OSError, TimeoutError) as error:
        _hang_up(link)
        raise ShardGone("cannot connect") from error
    except BaseException:
        _hang_up(link)
        raise


def _hang_up(link: PeerConnection | None) -> None:
    if link is not None:
        link.hang_up()


def watch(transport: asyncio.BaseTransport) -> None:
    """Notice within some 10 s that the other host has gone without a word, where the system can."""
    ours: socket.socket | None = transport.get_extra_info("socket")
    if ours is not None:
        with suppress(OSError):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE:
                if (option := getattr(socket, name, None)) is not None:
                    ours.setsockopt(socket.IPPROTO_TCP, option, value)
