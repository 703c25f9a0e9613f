"""One Engine.IO session: what has to reach a client, over whichever transport it has at the moment."""

import asyncio
from typing import TYPE_CHECKING, Any, Final

from engineio.packet import CLOSE, MESSAGE, PONG, Packet

from realtime.engineio.session.heartbeat import Heartbeat
from realtime.engineio.session.outbox import PollQueue
from realtime.engineio.session.packets import CLOSE_PACKET, NOOP, PING_PACKET, PROBE_ANSWER, frame_of
from realtime.engineio.session.session_host import SessionHost
from realtime.websocket.connection import WebSocket
from realtime.websocket.frames import NORMAL, REFUSED, Frame

if TYPE_CHECKING:
    from collections import deque

SLOW_CONSUMER: Final = "slow consumer"
PARSE_ERROR: Final = "parse error"

MAX_BACKLOG: Final = 256  # messages of one client that may wait for a handler before no more are read


class Socket:
    """python-engineio's socket, to those who use it; it writes by itself and has no task.

    While the transport is polling, packets wait in `outbox` for the next GET. `websocket` is the transport after that;
    `probe` one that may become it. `closing`: the session has ended, its disconnect handler may still be at work.
    """

    __slots__ = (
        "_heartbeat",
        "_session",
        "backlog",
        "bucket",
        "closed",
        "closing",
        "connected",
        "expect_by_s",
        "held",
        "holds",
        "outbox",
        "poll",
        "posting",
        "probe",
        "serial",
        "server",
        "sid",
        "upgraded",
        "upgrading",
        "websocket",
    )

    def __init__(self, server: SessionHost, sid: str) -> None:
        self.server = server
        self.sid = sid
        self.connected = False
        self.upgrading = False
        self.upgraded = False
        self.closing = False
        self.closed = False
        self.outbox: PollQueue | None = PollQueue()
        self.poll: asyncio.Future[str] | None = None  # the GET that waits; the result ends it, with this last packet
        self.posting = False  # a POST is being handled
        self.websocket: WebSocket | None = None
        self.probe: WebSocket | None = None
        self.serial: asyncio.Task[None] | None = None  # a handler that what comes next has to wait for
        self.backlog: deque[Any] | None = None  # what waits for it
        self.held: asyncio.Future[None] | None = None  # nothing more is to be read for now; POSTs wait for this
        self.holds = 0  # how many have said `hold`
        self.bucket = -1
        self.expect_by_s = 0.0  # the session ends then, unless somebody puts this back to 0
        self._session: dict[str, Any] | None = None
        self._heartbeat = Heartbeat(server)

    @property
    def session(self) -> dict[str, Any]:
        """The application's own data."""
        if self._session is None:
            self._session = {}
        return self._session

    @session.setter
    def session(self, value: dict[str, Any]) -> None:
        self._session = value

    async def send(self, pkt: Packet) -> None:
        """Send a packet. Never waits."""
        self.write(frame_of(pkt))

    def write(self, frame: Frame) -> None:
        """Send after everything sent before; dropped once the session has ended. Never waits."""
        websocket = self.websocket
        if websocket is not None:
            packed = websocket.deflate and len(frame.payload) >= (self.server.deflate_threshold or 0)
            websocket.send_wire(frame.deflated if packed else frame.wire)
        elif not self.closing and self.outbox is not None:
            if self.outbox.bytes_ > self.server.max_buffered_bytes:
                self.end(SLOW_CONSUMER)
                return
            self.outbox.put(frame)
            if self.poll is not None and not self.upgrading:
                self._answer_poll("")

    def write_frames(self, wire: bytes) -> bool:
        """Send bytes that are whole WebSocket frames. False, and nothing sent, if they must go another way: to a client
        that polls, or that may want them compressed."""
        websocket = self.websocket
        if websocket is None or websocket.deflate:
            return False
        websocket.send_wire(wire)
        return True

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session; the disconnect handler has run when this returns, unless it waits for a handler of the
        same client. `abort`: without a word to the client. `wait` is there for python-engineio's sake."""
        busy = self.serial is not None
        self.end(reason or self.server.reason.SERVER_DISCONNECT, abort=abort, linger=not abort)
        if not busy and self.serial is not None:
            await asyncio.shield(self.serial)

    def end(
        self, reason: str, *, abort: bool = False, code: int = NORMAL, farewell: str = "1", linger: bool = False
    ) -> None:
        """End the session, without waiting for the disconnect handler. Idempotent.

        `farewell`: last packet for a GET that waits. `linger`: keep what waits, for one more GET.
        """
        if self.closing:
            return
        self.closing = True
        self._unhold()
        websocket, self.websocket = self.websocket, None
        probe, self.probe = self.probe, None
        if probe is not None:
            probe.close()
        if websocket is not None:
            if not abort:
                websocket.send(CLOSE_PACKET)
            websocket.close(REFUSED if reason == SLOW_CONSUMER else code, reason)
        elif self.poll is not None:
            self._answer_poll(farewell)
        elif linger and self.outbox is not None:
            if not abort:
                self.outbox.put(CLOSE_PACKET)
        else:
            self.outbox = None
        self.server.part(self, reason)

    def cut(self, reason: str) -> None:
        """End the session, and drop its connection with whatever waits for the client."""
        websocket = self.websocket
        self.end(reason, abort=True)
        if websocket is not None:
            websocket.abort()

    def pause_reading(self) -> None:
        """Read no more of this client for now: TCP slows it down, and while it is polling it has to wait for the answer
        to its POST. Idempotent."""
        if self.held is None and not self.closing:
            self.held = self.server.outbound.loop.create_future()
            if self.websocket is not None:
                self.websocket.pause_reading()

    def resume_reading(self) -> None:
        """Read again. Idempotent."""
        self._unhold()
        if self.websocket is not None and len(self.backlog or ()) < MAX_BACKLOG:
            self.websocket.resume_reading()

    def hold(self) -> None:
        """`pause_reading`, until everybody who said so has said `let_go`."""
        self.holds += 1
        if self.holds == 1:
            self.pause_reading()

    def let_go(self) -> None:
        """Undo one `hold`."""
        self.holds -= 1
        if not self.holds:
            self.resume_reading()

    def _unhold(self) -> None:
        held, self.held = self.held, None
        if held is not None:
            held.set_result(None)

    def start(self) -> None:
        """The session is open: watch it."""
        self.connected = True
        first_s = self._heartbeat.first_s
        self.server.wheel.add(self, min(first_s, self.expect_by_s) if self.expect_by_s else first_s)

    def expect(self, within_s: float) -> None:
        """End the session in so many seconds, unless `expect_by_s` is put back to 0 before."""
        self.expect_by_s = self.server.now_s() + within_s
        self.server.wheel.add(self, self.expect_by_s)

    def due(self, now_s: float) -> float:
        """The wheel's call: ping, or give up. When to come back; 0.0: never."""
        if self.closing:
            self.server.forget(self)
            return 0.0
        if self.expect_by_s and now_s >= self.expect_by_s:
            self.end(self.server.reason.SERVER_DISCONNECT)
            return 0.0
        ping, again_s = self._heartbeat.due(now_s)
        if ping:
            self.write(PING_PACKET)
        elif not again_s:
            self.end(self.server.reason.PING_TIMEOUT)
        if self.closing:
            return 0.0
        return min(again_s, self.expect_by_s) if self.expect_by_s else again_s

    def overdue(self) -> bool:
        """Whether the client's answer to a ping is late. If so, the session has ended."""
        if self._heartbeat.overdue():
            self.end(self.server.reason.PING_TIMEOUT)
        return self.closing

    def pong(self) -> None:
        """The client has answered the ping."""
        if again_s := self._heartbeat.answered():
            self.server.wheel.add(self, again_s)

    def receive(self, packet: Packet) -> None:
        """A decoded packet from the client, over either transport."""
        if packet.packet_type == MESSAGE:
            self.server.receive(self, packet.data)
        elif packet.packet_type == PONG:
            self.pong()
        elif packet.packet_type == CLOSE:
            self.end(self.server.reason.CLIENT_DISCONNECT, abort=True, farewell=NOOP)

    # what a WebSocket tells its listener

    def heard(self, websocket: WebSocket, data: str | bytes) -> None:
        """A message came over a WebSocket."""
        if websocket is not self.websocket:
            self._probing(websocket, data)
        elif isinstance(data, bytes):
            self.server.receive(self, data)
        elif data[:1] == "4":
            self.server.receive(self, data[1:])
        elif data == "3":
            self.pong()
        elif (packet := self.server.decoded(data)) is None:
            self.end(PARSE_ERROR, abort=True, code=REFUSED)
        else:
            self.receive(packet)

    def lost(self, websocket: WebSocket, *, broken: bool) -> None:
        """A WebSocket has closed."""
        if websocket is self.websocket:
            reasons = self.server.reason
            self.end(reasons.TRANSPORT_ERROR if broken else reasons.TRANSPORT_CLOSE, abort=True)
        elif websocket is self.probe:
            self._stay()

    def overflowed(self, websocket: WebSocket) -> None:
        """The client does not read as fast as it is written to."""
        self.end(SLOW_CONSUMER, abort=True)

    def due_for(self, websocket: WebSocket) -> float:
        """An upgrade has taken too long."""
        if websocket is self.probe:
            websocket.close()
            self._stay()
        return 0.0

    # polling, and the way from there to a WebSocket

    def taken(self, farewell: str = "") -> str:
        """The body of the answer to a GET (`PollQueue.taken`)."""
        return (self.outbox or PollQueue()).taken(farewell)

    @property
    def waiting_bytes(self) -> int:
        """The bytes that were sent and have not left this process."""
        if self.websocket is not None:
            return self.websocket.waiting_bytes
        return self.outbox.bytes_ if self.outbox is not None else 0

    def release(self) -> None:
        """Answer the GET that waits with nothing, so that the client sends another."""
        self._answer_poll(NOOP)

    def abandoned(self) -> None:
        """The client dropped the GET that waited."""
        self.poll = None
        self.end(self.server.reason.TRANSPORT_ERROR, abort=True)

    def _answer_poll(self, farewell: str) -> None:
        if self.poll is not None and not self.poll.done():
            self.poll.set_result(farewell)

    def _probing(self, websocket: WebSocket, data: str | bytes) -> None:
        if websocket is not self.probe:
            websocket.close(REFUSED)
        elif data == "2probe":
            self.upgrading = True  # from here on what is sent waits for the new transport
            websocket.send(PROBE_ANSWER)
            self._answer_poll(NOOP)
        elif data == "5" and self.upgrading:
            self._upgrade(websocket)
        else:
            websocket.close(REFUSED, PARSE_ERROR)
            self._stay()

    def _upgrade(self, websocket: WebSocket) -> None:
        self.websocket, self.probe = websocket, None
        self.upgrading, self.upgraded = False, True
        self._answer_poll(NOOP)
        if self.held is not None:
            websocket.pause_reading()
        frames, self.outbox = self.outbox, None
        for frame in frames or ():
            self.write(frame)

    def _stay(self) -> None:
        """The upgrade has failed; polling goes on."""
        self.probe, self.upgrading = None, False
        if self.outbox:
            self._answer_poll("")
