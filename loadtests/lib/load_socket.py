"""One Socket.IO connection of the load client: a protocol on a bare TCP connection, because a library's costs would be
measured as the server's."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from typing import Final, cast

from typing_extensions import override

from loadtests.lib.frames import Closed, LoadFrameReader, text_frame

_REQUEST: Final = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_MESSAGE: Final = b'42["message"'
_PONG: Final = text_frame(b"3")


class ConnectionRefused(Exception):
    """The server did not accept the connection, or ended it."""


class LoadSocket(asyncio.Protocol):
    """`on_message`, `on_event` and `on_ack` get the packets as they came: `42["message",...]`, every other `42[...]`,
    and `43<id>[...]`. `on_closed`: the connection has ended."""

    __slots__ = (
        "_asked",
        "_auth",
        "_frames",
        "_head",
        "_on_ack",
        "_on_closed",
        "_on_event",
        "_on_message",
        "_transport",
        "connected",
        "last_id",
        "sent_ns",
    )

    def __init__(
        self,
        auth: bytes,
        on_message: Callable[[bytes], None],
        on_ack: Callable[["LoadSocket", int, bytes], None],
        *,
        on_event: Callable[[bytes], None] | None = None,
        on_closed: Callable[["LoadSocket"], None] | None = None,
    ) -> None:
        """`auth`: JSON. `on_event` gets the events that are no messages."""
        self._auth = auth
        self._on_message = on_message
        self._on_ack = on_ack
        self._on_event = on_event
        self._on_closed = on_closed
        self._transport: asyncio.Transport | None = None
        self._frames: LoadFrameReader | None = None  # None: the upgrade is not yet answered
        self._head = b""
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent_ns: dict[int, int] = {}  # ack id -> when
        self.last_id = 0

    async def open(self, port: int) -> None:
        """Connect to this port of this machine. Raises `ConnectionRefused`, OSError."""
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        await self.connected

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._transport.write(_REQUEST.format(key=b64encode(os.urandom(16)).decode()).encode())

    @override
    def connection_lost(self, error: Exception | None) -> None:
        closed = ConnectionRefused("The connection was closed.")
        if not self.connected.done():
            self.connected.set_exception(closed)
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(closed)
        if self._on_closed is not None:
            self._on_closed(self)

    @override
    def data_received(self, data: bytes) -> None:
        if self._frames is None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self._refuse(head.decode(errors="replace"))
                return
            self._frames = LoadFrameReader()
        try:
            packets = self._frames.feed(data)
        except Closed:
            self._refuse("The server closed the WebSocket.")
            return
        for packet in packets:
            self._receive(packet)

    def next_id(self) -> int:
        """An ack id that is not in use."""
        self.last_id += 1
        return self.last_id

    def emit(self, packet: bytes) -> None:
        """Send one Socket.IO packet."""
        assert self._transport is not None
        self._transport.write(text_frame(packet))

    async def ask(self, event: str, payload: bytes) -> bytes:
        """Emit and wait for the ack. Raises `ConnectionRefused`."""
        number = self.next_id()
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self.emit(b'42%d["%s",%s]' % (number, event.encode(), payload))
        ack: bytes = await answer
        if b'"ok":true' not in ack:
            raise ConnectionRefused(f"{event}: {ack.decode()}")
        return ack

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def _receive(self, packet: bytes) -> None:
        if packet.startswith(_MESSAGE):
            self._on_message(packet)
        elif packet.startswith(b"43"):
            number = int(packet[2 : packet.index(b"[")])
            asked = self._asked.pop(number, None)
            if asked is None:
                self._on_ack(self, number, packet)
            elif not asked.done():
                asked.set_result(packet)
        elif packet.startswith(b"42"):
            if self._on_event is not None:
                self._on_event(packet)
        elif packet == b"2":
            assert self._transport is not None
            self._transport.write(_PONG)
        elif packet.startswith(b"0"):
            self.emit(b"40" + self._auth)
        elif packet.startswith(b"40") and not self.connected.done():
            self.connected.set_result(None)
        elif packet.startswith(b"44"):
            self._refuse(packet.decode())

    def _refuse(self, why: str) -> None:
        if not self.connected.done():
            self.connected.set_exception(ConnectionRefused(why))
        self.close()
