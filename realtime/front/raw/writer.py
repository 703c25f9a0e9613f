"""The way out to a socket that speaks no Socket.IO: it gets what topics bring, and none of the front's own events."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from typing_extensions import override

from actors.kernel.contract.protocol import TopicDelivery
from realtime.delivery.socket_writer import Run, SocketWriter
from realtime.front.raw.codes import AWAY, close_code_of
from realtime.socketio import Frame


class RawTransport(Protocol):
    """The transport that the writer writes to. It has no `websocket` of Engine.IO, so runs of frames come to
    `RawWriter.send_run`."""

    websocket: None

    def delivered(self, delivery: TopicDelivery) -> None:
        """A topic brought this."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close it."""
        ...

    def abort(self) -> None:
        """Drop it."""
        ...

    def hold(self) -> None:
        """Read no further."""
        ...

    def let_go(self) -> None:
        """Undo one `hold`."""
        ...


class _Coded(msgspec.Struct):
    code: str = ""


_decode: Any = msgspec.json.Decoder(_Coded).decode


class RawWriter(SocketWriter):
    """Of one socket."""

    __slots__ = ("_code", "_transport")

    def __init__(self, transport: RawTransport) -> None:
        super().__init__(transport)
        self._transport = transport
        self._code = AWAY

    @override
    def send(self, packet: Frame) -> None:
        """Socket.IO is not spoken here."""

    @override
    def send_run(self, run: Run) -> None:
        for delivery in run.deliveries:
            self.deliver(delivery, binary=True)

    @override
    def deliver(self, delivery: TopicDelivery, *, binary: bool) -> None:
        if not self.closed:
            self._transport.delivered(delivery)

    @override
    def acknowledge(self, number: int, body: bytes, attachments: Sequence[bytes] = (), *, binary: bool = True) -> None:
        """Nothing is acknowledged here."""

    @override
    def emit(self, event: str, payload: bytes) -> None:
        """Of the front's events it only matters why the socket is about to be closed."""
        if event == "error":
            self._code = close_code_of(_decode(payload).code)

    @override
    async def drained(self, timeout_s: float) -> bool:
        return True

    @override
    async def hang_up(self, reason: str) -> None:
        self._end(self._code, reason)

    @override
    async def close(self, reason: str) -> None:
        """Close it so that its client comes back by itself."""
        self._end(AWAY, reason)

    @override
    async def cut(self, reason: str) -> None:
        self.closed = True
        self._transport.abort()

    def _end(self, code: int, reason: str) -> None:
        if not self.closed:
            self.closed = True
            self._transport.close(code, reason)
