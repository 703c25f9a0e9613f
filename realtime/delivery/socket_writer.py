"""The way out to one socket. The only place that knows how packets leave.

A packet that goes to many sockets is framed once, and the same bytes are written to each.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from actors.kernel.contract.protocol import TopicDelivery, without_attachments
from realtime.delivery.packets import (
    DISCONNECT_TEXT,
    ack_text,
    binary_ack_text,
    binary_delivery_text,
    delivery_text,
    event_text,
)
from realtime.socketio import Frame

_LOOK_S: Final = 0.02
_NOOP: Final = "6"


def frame(text: str) -> Frame:
    """An Engine.IO message, good for any number of sockets."""
    return Frame.text("4" + text)


def event_frame(packet: bytes) -> Frame:
    """The frame of an event that is encoded already: `["name", payload]`. Raises UnicodeDecodeError."""
    return frame(delivery_text(packet))


def event_frames(packet: bytes, attachments: Sequence[bytes]) -> list[Frame]:
    """The frames of an event with its attachments, which follow it. Raises UnicodeDecodeError."""
    if not attachments:
        return [event_frame(packet)]
    head = frame(binary_delivery_text(packet, len(attachments)))
    return [head, *(Frame(attachment, binary=True) for attachment in attachments)]


class Run:
    """Frames that go to many sockets, one behind the other: joined once for all of them. `deliveries` are what they
    were made of, for those who do not speak Socket.IO."""

    __slots__ = ("deliveries", "frames", "wire")

    def __init__(self, frames: Sequence[Frame], deliveries: Sequence[TopicDelivery] = ()) -> None:
        self.frames = frames
        self.deliveries = deliveries
        self.wire = b"".join([each.wire for each in frames])


class SocketWriter:
    """Sends to one socket. Never waits: what the socket cannot take yet waits for it, up to a bound; above that it is
    closed as a slow consumer."""

    __slots__ = ("_socket", "closed")

    def __init__(self, socket: Any) -> None:
        """`socket`: a `Socket` of Engine.IO, which outlives an upgrade from polling to WebSocket."""
        self._socket = socket
        self.closed = False

    @property
    def transport(self) -> Any:
        """The `Socket` of Engine.IO: there may be another writer of it, once this one has ended."""
        return self._socket

    def send(self, packet: Frame) -> None:
        """Send a frame after everything sent before it. Frames for a socket that has closed are dropped."""
        if not self.closed:
            self._socket.write(packet)

    def send_run(self, run: Run) -> None:
        """`send`, of several frames."""
        if not self.closed and not self._socket.write_frames(run.wire):
            for each in run.frames:
                self._socket.write(each)

    @staticmethod
    def send_to_all(writers: Iterable["SocketWriter"], run: Run) -> None:
        """`send_run` to many. Half of what a busy room costs beside the kernel's work: so there is no call in it."""
        wire = run.wire
        for writer in writers:
            if writer.closed:
                continue
            websocket = writer._socket.websocket
            if websocket is None or not websocket.plain:
                writer.send_run(run)
                continue
            pending = websocket.pending
            if not pending:
                websocket.outbound.add(websocket)
            pending.append(wire)

    def text(self, text: str) -> None:
        """Send one text packet."""
        self.send(frame(text))

    def emit(self, event: str, payload: bytes) -> None:
        """Send an event with one argument, which is JSON."""
        self.send(frame(event_text(event, payload)))

    def deliver(self, delivery: TopicDelivery, *, binary: bool) -> None:
        """Send what a topic brought. `binary`: the client takes attachments."""
        attachments = delivery.attachments
        if attachments and not binary:
            self.text(delivery_text(without_attachments(delivery.packet, attachments)))
            return
        for each in event_frames(delivery.packet, attachments):
            self.send(each)

    def acknowledge(self, number: int, body: bytes, attachments: Sequence[bytes] = (), *, binary: bool = True) -> None:
        """Send the ack of an event."""
        if attachments and not binary:
            body, attachments = without_attachments(body, attachments), ()
        text = binary_ack_text(number, body, len(attachments)) if attachments else ack_text(number, body)
        self.text(text)
        for attachment in attachments:
            self.send(Frame(attachment, binary=True))

    def hold(self) -> None:
        """Read no further for now, until everybody who said so has let go."""
        self._socket.hold()

    def let_go(self) -> None:
        """Undo one `hold`."""
        self._socket.let_go()

    async def drained(self, timeout_s: float) -> bool:
        """Wait until nothing waits any more; False when the socket does not read that fast."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        await asyncio.sleep(0)  # what this turn has to say is written at its end
        while self._socket.waiting_bytes:
            if loop.time() > deadline_s:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def hang_up(self, reason: str) -> None:
        """Tell the client that it is disconnected, then close: it does not come back by itself."""
        self.text(DISCONNECT_TEXT)
        await self.close(reason)

    async def close(self, reason: str) -> None:
        """Close the transport once what waits has been written. Clients take it for a lost connection, and come
        back by themselves. Idempotent."""
        if not self.closed:
            self.closed = True
            self._socket.end(reason, abort=True, linger=True, farewell=_NOOP)

    async def cut(self, reason: str) -> None:
        """Close at once: what waits is lost, since the client does not read it anyway."""
        self.closed = True
        self._socket.cut(reason)

    def end(self) -> None:
        """Nothing will be sent any more. Idempotent."""
        self.closed = True
