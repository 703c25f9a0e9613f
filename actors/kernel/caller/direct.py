"""The wire between regions and shards: one TCP connection, many calls at once, bytes both ways.

Ray makes, places, restarts and finds shards; the messages themselves do not go through it. A call through a Ray actor
costs about 1.8 ms of CPU on both sides together (measured), a call here about a twentieth of that, and a connection
keeps what is sent in order. Whoever wants to connect asks the actor for its address and the secret of its present
life: so who may call the actor may connect, and nobody else.

    request   length (4) | call (4) | method (1) | payload        the first request of a connection is `_HELLO`
    reply     length (4) | call (4) | payload                     lengths count what follows them; big-endian
"""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable
from struct import Struct
from typing import Final, NamedTuple, cast

from actors.kernel.caller.channel import ShardClient, ShardGone
from common.lib.tasks import Tasks
from common.logs import get_logger
from common.ports import PortRange, listen

_log = get_logger(__name__)
REQUEST: Final = Struct(">IIB")
REPLY: Final = Struct(">II")
_HELLO, _SUBSCRIBE, _SUBMIT, _FETCH = range(4)
_LARGEST: Final = 64 * 2**20  # bytes of one frame; nothing that we send comes near
_CONNECT_S: Final = 2.0


class Address(NamedTuple):
    """Where a shard listens in its present life, and the secret that opens the door."""

    host: str
    port: int
    secret: bytes


class DirectServer:
    """Listens for the regions of one shard."""

    def __init__(self, shard: ShardClient, name: str) -> None:
        self._methods: dict[int, Callable[[bytes], Awaitable[bytes]]] = {
            _SUBSCRIBE: shard.subscribe,
            _SUBMIT: shard.submit,
            _FETCH: shard.fetch,
        }
        self._tasks = Tasks(name)
        self._secret = os.urandom(32)
        self._server: asyncio.Server | None = None
        self._open: set[_Serving] = set()

    async def start(self, host: str, ports: PortRange | None = None) -> Address:
        """Listen on a free port of this address, one of `ports` if they are given.

        Raises:
            StartupError: none of them is free.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Serving(self), sock=listen(host, ports))
        port: int = self._server.sockets[0].getsockname()[1]
        return Address(host, port, self._secret)

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.hang_up()
        await self._tasks.cancel()

    def opened(self, connection: "_Serving") -> None:
        """A connection came."""
        self._open.add(connection)

    def closed(self, connection: "_Serving") -> None:
        """A connection went."""
        self._open.discard(connection)

    def admits(self, secret: bytes) -> bool:
        """Is this the secret?"""
        return hmac.compare_digest(secret, self._secret)

    def serve(self, connection: "_Serving", call: int, method: int, payload: bytes) -> None:
        """Answer one request, beside the others."""
        self._tasks.spawn(self._answer(connection, call, method, payload))

    async def _answer(self, connection: "_Serving", call: int, method: int, payload: bytes) -> None:
        connection.reply(call, await self._methods[method](payload))


class Framed(asyncio.Protocol):
    """Cuts a stream into frames, of `largest` bytes at most, until it is handed on."""

    def __init__(self, largest: int = _LARGEST) -> None:
        self.largest = largest
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._next: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

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


class _Serving(Framed):
    """The shard's end of one connection."""

    def __init__(self, server: DirectServer) -> None:
        super().__init__()
        self._server = server
        self._admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.closed(self)

    def frame(self, frame: bytes) -> None:
        if len(frame) < REQUEST.size:
            self.hang_up()
            return
        _, call, method = REQUEST.unpack_from(frame)
        payload = frame[REQUEST.size :]
        if self._admitted and _HELLO < method <= _FETCH:
            self._server.serve(self, call, method, payload)
        elif not self._admitted and method == _HELLO and self._server.admits(payload):
            self._admitted = True
            self.reply(call, b"")
        else:
            _log.warning("direct.refused")
            self.hang_up()

    def reply(self, call: int, payload: bytes) -> None:
        """Answer one call."""
        self.write(REPLY.pack(len(payload) + REPLY.size - 4, call), payload)


class Calling(Framed):
    """The region's end of one connection."""

    def __init__(self, largest: int = _LARGEST) -> None:
        super().__init__(largest)
        self._calls: dict[int, asyncio.Future[bytes]] = {}
        self._last = 0
        self.lost = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.lost = True
        calls, self._calls = self._calls, {}
        for future in calls.values():
            if not future.done():
                future.set_exception(ShardGone("the connection is lost"))

    async def call(self, method: int, payload: bytes) -> bytes:
        """Raises ShardGone when the connection is lost before the answer has come."""
        if self.lost:
            raise ShardGone("the connection is lost")
        self._last = self._last + 1 & 0xFFFFFFFF
        call = self._last
        future = self._calls[call] = asyncio.get_running_loop().create_future()
        self.write(REQUEST.pack(len(payload) + REQUEST.size - 4, call, method), payload)
        try:
            reply: bytes = await future
        finally:
            self._calls.pop(call, None)
        return reply

    def frame(self, frame: bytes) -> None:
        _, call = REPLY.unpack_from(frame)
        future = self._calls.get(call)
        if future is not None and not future.done():
            future.set_result(frame[REPLY.size :])


class DirectClient:
    """Calls one shard (`lane.ShardClient`). Connects when it must, and finds the shard again after each loss.

    `locate` asks where the shard is by now; it raises `ShardGone` when nobody knows.
    """

    def __init__(self, locate: Callable[[], Awaitable[Address]]) -> None:
        self._locate = locate
        self._connection: Calling | None = None
        self._connecting = asyncio.Lock()

    async def subscribe(self, request: bytes) -> bytes:
        """See `lane.ShardClient`."""
        return await self._call(_SUBSCRIBE, request)

    async def submit(self, request: bytes) -> bytes:
        """See `lane.ShardClient`."""
        return await self._call(_SUBMIT, request)

    async def fetch(self, request: bytes) -> bytes:
        """See `lane.ShardClient`."""
        return await self._call(_FETCH, request)

    async def _call(self, method: int, request: bytes) -> bytes:
        connection = self._connection
        if connection is None or connection.lost:
            connection = await self._connect()
        try:
            return await connection.call(method, request)
        except asyncio.CancelledError:  # the lane has given up: the other side may hang, or be gone without a word
            connection.hang_up()
            raise

    async def _connect(self) -> Calling:
        async with self._connecting:
            if self._connection is not None and not self._connection.lost:
                return self._connection
            address = await self._locate()
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(_CONNECT_S):
                    _, connection = await loop.create_connection(Calling, address.host, address.port)
                    await connection.call(_HELLO, address.secret)
            except (OSError, TimeoutError) as error:
                raise ShardGone("cannot connect") from error
            self._connection = connection
            return connection
