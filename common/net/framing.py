"""Calls over one TCP connection: many at once, bytes both ways, in the order in which they were sent.

    request   length (4) | call (4) | method (1) | payload
    reply     length (4) | call (4) | payload                     lengths count what follows them; big-endian

The methods `GREET` and `PROVE` come first (`common.net.proof`). Nothing else is answered before.
"""

import asyncio
from collections.abc import Callable
from struct import Struct
from typing import Final, TypeVar, cast

from typing_extensions import override

from common.logs import get_logger
from common.net.proof import CALLER, LISTENER, NONCE_BYTES, SharedSecret, fresh_nonce, same
from common.net.tls import NodeTls

_log = get_logger(__name__)
GREET, PROVE, FIRST_METHOD = range(3)
_REQUEST: Final = Struct(">IIB")
_REPLY: Final = Struct(">II")
_LARGEST: Final = 64 * 2**20  # bytes of one frame; nothing that we send comes near
_STRANGERS: Final = 256  # bytes; the largest frame before the proof
_PROOF_S: Final = 5.0  # that a connection has for it


class ConnectionLost(ConnectionError):
    """The connection ended before the answer came: the call may have been carried out."""


class PeerRefused(ConnectionError):
    """The other end does not know the secret."""


class FramedProtocol(asyncio.Protocol):
    """Cuts a stream into frames, of `largest` bytes at most, until it is handed on."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._next: asyncio.Protocol | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    @override
    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= 4:
            length = int.from_bytes(buffer[start : start + 4], "big")
            if length > self.largest:
                self.hang_up()
                return
            end = start + 4 + length
            if len(buffer) < end:
                break
            self.frame(bytes(memoryview(buffer)[start:end]))
            start = end
            if self._next is not None:
                self._next.data_received(bytes(memoryview(buffer)[start:]))
                return
        if start:
            del buffer[:start]

    def hand_on(self, protocol: asyncio.Protocol) -> None:
        """There are no more frames: what follows the one that is being read is for `protocol`."""
        if self._transport is not None:
            self._next = protocol
            self._transport.set_protocol(protocol)
            protocol.connection_made(self._transport)

    def frame(self, frame: bytes) -> None:
        """One whole frame, its length included."""
        raise LookupError  # both ends override it

    def write(self, header: bytes, payload: bytes) -> None:
        """Send one frame; nothing when the connection is gone."""
        if self._transport is not None:
            self._transport.write(header + payload)

    def hang_up(self) -> None:
        """Close the connection, and lose what was not sent."""
        if self._transport is not None:
            self._transport.abort()


class Listening(FramedProtocol):
    """The end that answers. A connection that does not prove itself in time is closed. `among`: where it stands while
    it is open."""

    def __init__(
        self, secret: SharedSecret, nonce: Callable[[], bytes] = fresh_nonce, among: "set[Listening] | None" = None
    ) -> None:
        super().__init__(_STRANGERS)
        self._among: Final = set() if among is None else among
        self._secret = secret
        self._nonce = nonce
        self._admitted = False
        self._expected: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._among.add(self)
        self._timer = asyncio.get_running_loop().call_later(_PROOF_S, self._refuse)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._among.discard(self)
        self._end_timer()

    @override
    def frame(self, frame: bytes) -> None:
        if len(frame) < _REQUEST.size or self._transport is None:
            self.hang_up()
            return
        _, call, method = _REQUEST.unpack_from(frame)
        if self._admitted:
            self.request(call, method, frame[_REQUEST.size :])
        else:
            self._admit(call, method, frame[_REQUEST.size :])

    def request(self, call: int, method: int, payload: bytes) -> None:
        """One request of a caller who has proven itself. Whoever serves overrides it."""
        raise LookupError

    def reply(self, call: int, payload: bytes) -> None:
        """Answer one call."""
        self.write(reply_header(call, payload), payload)

    def _admit(self, call: int, method: int, payload: bytes) -> None:
        if method == GREET and self._expected is None and len(payload) == NONCE_BYTES:
            nonce = self._nonce()
            self._expected = self._secret.proof(CALLER, payload, nonce)
            self.reply(call, nonce + self._secret.proof(LISTENER, payload, nonce))
        elif method == PROVE and self._expected is not None and same(payload, self._expected):
            self._admitted, self.largest = True, _LARGEST
            self._end_timer()
            self.reply(call, b"")
        else:
            self._refuse()

    def _refuse(self) -> None:
        _log.warning("connection.refused", listener=type(self).__name__)
        self.hang_up()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Calling(FramedProtocol):
    """The end that asks."""

    def __init__(self) -> None:
        super().__init__(_LARGEST)
        self._calls: dict[int, asyncio.Future[bytes]] = {}
        self._last = 0
        self.lost = False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.lost = True
        calls, self._calls = self._calls, {}
        for future in calls.values():
            if not future.done():
                future.set_exception(ConnectionLost("the connection is lost"))

    async def call(self, method: int, payload: bytes) -> bytes:
        """The reply. Raises ConnectionLost when the connection ends before it has come."""
        if self.lost:
            raise ConnectionLost("the connection is lost")
        self._last = self._last + 1 & 0xFFFFFFFF
        call = self._last
        future = self._calls[call] = asyncio.get_running_loop().create_future()
        self.write(_REQUEST.pack(len(payload) + _REQUEST.size - 4, call, method), payload)
        try:
            reply: bytes = await future
        finally:
            self._calls.pop(call, None)
        return reply

    def tell(self, method: int, payload: bytes) -> None:
        """Say something that needs no answer."""
        self.write(_REQUEST.pack(len(payload) + _REQUEST.size - 4, 0, method), payload)

    @override
    def frame(self, frame: bytes) -> None:
        _, call = _REPLY.unpack_from(frame)
        future = self._calls.get(call)
        if future is not None and not future.done():
            future.set_result(frame[_REPLY.size :])


C = TypeVar("C", bound=Calling)


async def connect(
    make: Callable[[], C], host: str, port: int, secret: SharedSecret, *, tls: NodeTls | None, within_s: float
) -> C:
    """A connection to what listens there, proven by both.

    Raises:
        Refused: what listens there does not know the secret.
        OSError: there is no connection to be had, or not in time (`TimeoutError`).
    """
    connection: C | None = None
    context = None if tls is None else tls.caller
    try:
        async with asyncio.timeout(within_s):
            _, connection = await asyncio.get_running_loop().create_connection(make, host, port, ssl=context)
            await _prove(connection, secret)
            return connection
    except BaseException:
        if connection is not None:
            connection.hang_up()
        raise


async def _prove(connection: Calling, secret: SharedSecret) -> None:
    nonce = fresh_nonce()
    answer = await connection.call(GREET, nonce)
    theirs, proof = answer[:NONCE_BYTES], answer[NONCE_BYTES:]
    if not same(proof, secret.proof(LISTENER, nonce, theirs)):
        raise PeerRefused("what listens there does not know the secret")
    await connection.call(PROVE, secret.proof(CALLER, nonce, theirs))


def reply_header(call: int, payload: bytes) -> bytes:
    """The bytes before the payload of a reply."""
    return _REPLY.pack(len(payload) + _REPLY.size - 4, call)


def has_payload(reply: bytes) -> bool:
    """True when this frame of a reply carries anything."""
    return len(reply) > _REPLY.size
