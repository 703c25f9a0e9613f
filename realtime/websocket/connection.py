"""One WebSocket connection: an asyncio protocol of its own, which takes the transport over from aiohttp.

No task belongs to a connection: what comes in is handed on as it is parsed, what goes out is joined with whatever else
this turn of the event loop has for the same connection, and written at its end.
"""

import asyncio
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Final, Protocol

from typing_extensions import override

from realtime.websocket.frames import (
    BINARY,
    CLOSE,
    GOING_AWAY,
    NORMAL,
    NOT_UTF8,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameError,
    FrameReader,
    close_code,
    close_frame,
    framed,
)
from realtime.websocket.timer_wheel import Wheel

_AT_ONCE: Final = struct.pack("ii", 1, 0)  # or the kernel would keep what waits for as long as the peer reads at all
CLOSING_S: Final = 5.0  # that a peer has to answer a close frame, and to take what was written before it


class FrameListener(Protocol):
    """Whoever a connection belongs to."""

    def heard(self, websocket: "WebSocket", data: str | bytes) -> None:
        """A message came. Never raises."""
        ...

    def lost(self, websocket: "WebSocket", *, broken: bool) -> None:
        """No more will come. `broken`: because of a fault, ours or the peer's. Never raises. Called once, and not
        after `WebSocket.close`."""
        ...

    def overflowed(self, websocket: "WebSocket") -> None:
        """More waits for the peer than may. Never raises."""
        ...

    def due_for(self, websocket: "WebSocket") -> float:
        """The time that was asked for on the wheel has come. When to come back; 0.0: never."""
        ...


class Outbound:
    """The writes of one server's connections that are due at the end of this turn."""

    __slots__ = ("loop", "waiting", "wheel")

    def __init__(self, loop: asyncio.AbstractEventLoop, wheel: Wheel) -> None:
        self.loop = loop
        self.wheel = wheel
        self.waiting: list[WebSocket] = []

    def add(self, websocket: "WebSocket") -> None:
        """`websocket` has something to write, and had nothing before."""
        if not self.waiting:
            self.loop.call_soon(self._flush)
        self.waiting.append(websocket)

    def _flush(self) -> None:
        """Write everything that is due. A busy room spends its time here, so a connection with one thing to write and
        no lag costs no call."""
        waiting, self.waiting = self.waiting, []
        for websocket in waiting:
            try:
                pending = websocket.pending
                if websocket.plain and len(pending) == 1 and not websocket.paused:
                    websocket.transport.write(pending.pop())
                else:
                    websocket.flush()
            except Exception as error:  # one broken transport must not hold up the others  # noqa: BLE001
                self.loop.call_exception_handler({"message": "a write failed", "exception": error})


class WebSocket(asyncio.Protocol):
    """A connection. `pending` are the frames of this turn: use `send`, or append to it as `broadcast` does. `plain`: it
    is open, and frames go out as they are; `paused`: it does not keep up."""

    __slots__ = (
        "_closing",
        "_listener",
        "_max_buffered",
        "_most",
        "_reader",
        "bucket",
        "outbound",
        "paused",
        "pending",
        "plain",
        "transport",
    )

    def __init__(self, listener: FrameListener, outbound: Outbound, *, max_message: int, max_buffered: int) -> None:
        """Bytes: `max_message` of one message from the peer, `max_buffered` of what may wait for it."""
        self._listener: FrameListener | None = listener
        self.outbound = outbound
        self._reader = FrameReader(max_message)
        self._max_buffered = max_buffered
        self._most = max_buffered  # as things stand
        self.transport: Any = None
        self._closing = False
        self.plain = False
        self.paused = False
        self.pending: list[bytes] = []
        self.bucket = -1

    @property
    def deflate(self) -> bool:
        """Whether the peer takes compressed frames."""
        return self._reader.deflate

    @deflate.setter
    def deflate(self, value: bool) -> None:
        self._reader.deflate = value
        self.plain = self.transport is not None and not value and not self._closing

    @property
    def waiting_bytes(self) -> int:
        """The bytes that were sent and have not left this process."""
        unwritten: int = self.transport.get_write_buffer_size() if self.transport is not None else 0
        return unwritten + sum(map(len, self.pending))

    def send(self, frame: Frame) -> None:
        """Write at the end of this turn, after everything sent before. Dropped once the connection is closing."""
        self.send_wire(frame.wire)

    def send_wire(self, wire: bytes) -> None:
        """The same, with bytes that are whole frames."""
        if self._closing:
            return
        if not self.pending:
            self.outbound.add(self)
        self.pending.append(wire)

    def flush(self) -> None:
        """Write what waits. Called at the end of a turn."""
        pending = self.pending
        if not pending or self.transport is None:
            return
        data = pending[0] if len(pending) == 1 else b"".join(pending)
        pending.clear()
        over = self.paused and self.transport.get_write_buffer_size() + len(data) > self._most
        if over and not self._closing:  # a close frame goes out: who reads on after all is to know why
            if self._listener is not None:
                self._listener.overflowed(self)
            return
        self.transport.write(data)

    def close(self, code: int = NORMAL, why: str = "") -> None:
        """Write what waits and a close frame; the peer has `CLOSING_S` to answer. Idempotent. Nobody is told."""
        self._listener = None
        if self._closing or self.transport is None:
            return
        self.send_wire(close_frame(code, why))
        self._closing, self.plain = True, False
        self.flush()
        if self.transport is not None:
            self.outbound.wheel.drop(self)
            self.outbound.wheel.add(self, self.outbound.loop.time() + CLOSING_S)

    def abort(self) -> None:
        """Drop the connection now, with whatever waits, in the kernel too. Idempotent. Nobody is told."""
        self._listener = None
        self._closing, self.plain = True, False
        self.pending.clear()
        if self.transport is not None:
            if (peer := self.transport.get_extra_info("socket")) is not None:
                peer.setsockopt(SOL_SOCKET, SO_LINGER, _AT_ONCE)
            self.transport.abort()

    def leave(self) -> None:
        """Close at once, for a server that goes away: nobody will be there to wait for an answer, nor for a peer that
        does not read."""
        self.close(GOING_AWAY)
        if self.transport is not None:
            unread = self.transport.get_write_buffer_size()
            (self.transport.abort if unread else self.transport.close)()

    def pause_reading(self) -> None:
        """Read no more for now. Idempotent."""
        if self.transport is not None and self.transport.is_reading():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again. Idempotent."""
        if self.transport is not None and not self.transport.is_closing() and not self.transport.is_reading():
            self.transport.resume_reading()

    def expect(self, within_s: float) -> None:
        """Ask the listener `due` after this time."""
        self.outbound.wheel.add(self, self.outbound.loop.time() + within_s)

    def due(self, now_s: float) -> float:
        """The wheel's call."""
        if self._listener is not None:
            return self._listener.due_for(self)
        if self._closing:
            self.abort()
        return 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on bytes come here."""
        self.transport = transport
        self.plain = not self.deflate and not self._closing
        self.transport.set_write_buffer_limits(high=self._max_buffered // 2)

    @override
    def data_received(self, data: bytes) -> None:
        """Parse, and hand on message by message."""
        try:
            for opcode, payload in self._reader.feed(data):
                if self.transport is None:
                    return
                if opcode == TEXT:
                    if self._listener is not None:
                        self._listener.heard(self, payload.decode())
                elif opcode == BINARY:
                    if self._listener is not None:
                        self._listener.heard(self, payload)
                else:
                    self._control(opcode, payload)
        except FrameError as error:
            self._fail(error.code, str(error))
        except UnicodeDecodeError:
            self._fail(NOT_UTF8, "The message is not UTF-8.")

    @override
    def eof_received(self) -> bool:
        """The peer writes no more: nor do we."""
        return False

    @override
    def connection_lost(self, error: Exception | None) -> None:
        """The end."""
        self.transport = None
        self._closing, self.plain = True, False
        self.pending.clear()
        self.outbound.wheel.drop(self)
        self._lost(broken=error is not None)

    @override
    def pause_writing(self) -> None:
        """The peer does not keep up: half of `max_buffered` waits in this process. The other half may be added; so one
        long answer that the peer has asked for is not held against it."""
        self.paused = True
        self._most = self.transport.get_write_buffer_size() + self._max_buffered // 2

    @override
    def resume_writing(self) -> None:
        """It has caught up."""
        self.paused = False

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.send_wire(framed(payload, PONG))
        elif opcode == CLOSE:
            code = close_code(payload)
            if not self._closing:
                listener = self._listener
                self.close(code)
                if listener is not None:
                    listener.lost(self, broken=False)
            if self.transport is not None:
                self.transport.close()

    def _fail(self, code: int, why: str) -> None:
        listener = self._listener
        if self._closing:
            self.abort()
        else:
            self.close(code, why)
        if listener is not None:
            listener.lost(self, broken=True)

    def _lost(self, *, broken: bool) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.lost(self, broken=broken)
