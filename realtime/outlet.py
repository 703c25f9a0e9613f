"""The way out to one socket, through python-engineio's queue. The only place that knows how packets leave.

A packet that goes to many sockets is framed once, as one object: python-engineio encodes a packet once and keeps it.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from engineio.packet import MESSAGE, NOOP
from engineio.packet import Packet as Frame

from realtime import websocket
from realtime.packets import DISCONNECT_TEXT, event_text


def frame(text: str) -> Any:
    """An Engine.IO message, good for any number of sockets."""
    return Frame(MESSAGE, text)


class Outlet:
    """Sends to one socket. Never waits: what the socket cannot take yet waits in its queue, up to a bound."""

    __slots__ = ("_max_waiting", "_on_overflow", "_overflowing", "_socket", "closed")

    def __init__(self, socket: Any, max_waiting: int, on_overflow: Callable[[], None]) -> None:
        """`socket`: python-engineio's, which outlives an upgrade from polling to WebSocket. `on_overflow` is called
        once, when more was sent than may wait: packets were dropped, so the socket must be cut."""
        self._socket = socket
        self._max_waiting = max_waiting
        self._on_overflow = on_overflow
        self._overflowing = False
        self.closed = False

    def send(self, packet: Any) -> None:
        """Send a frame after everything sent before it. Frames for a socket that has closed are dropped."""
        socket = self._socket
        if self.closed or self._overflowing or socket.closed:
            return
        if socket.queue.qsize() >= self._max_waiting:
            self._overflowing = True
            self._on_overflow()
            return
        socket.queue.put_nowait(packet)

    def text(self, text: str) -> None:
        """Send one text packet."""
        self.send(frame(text))

    def emit(self, event: str, payload: bytes) -> None:
        """Send an event with one argument, which is JSON."""
        self.send(frame(event_text(event, payload)))

    async def drained(self, timeout_s: float) -> bool:
        """Wait until nothing waits any more; False when the socket does not read that fast."""
        try:
            await asyncio.wait_for(self._socket.queue.join(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def hang_up(self, reason: str) -> None:
        """Tell the client that it is disconnected, then close: it does not come back by itself."""
        self.text(DISCONNECT_TEXT)
        await self.close(reason)

    async def close(self, reason: str) -> None:
        """Close the transport once what waits has been written. Clients take it for a lost connection, and come
        back by themselves. Idempotent."""
        if not self.closed:
            await self._socket.close(wait=False, abort=True, reason=reason)
            self.end()

    async def cut(self, reason: str) -> None:
        """Close at once: what waits is lost, since the client does not read it anyway."""
        await self.close(reason)
        websocket.cut(self._socket)

    def end(self) -> None:
        """Nothing will be sent any more: what waits is written, and a long poll that waits is answered. Idempotent."""
        if self.closed:
            return
        self.closed = True
        if not self._socket.upgraded:
            self._socket.queue.put_nowait(Frame(NOOP))
        self._socket.queue.put_nowait(None)  # ends python-engineio's writer and its long poll
