"""The Engine.IO server: python-engineio's, for aiohttp, without a task, a timer or a queue for each WebSocket."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from aiohttp import web
from engineio.packet import Packet
from typing_extensions import override

from realtime.engineio import http
from realtime.engineio.engine_host import EngineHost, Welcome
from realtime.engineio.error_responses import ErrorResponses
from realtime.engineio.peers import Peers, Reply
from realtime.engineio.requests import RequestHandler
from realtime.engineio.session.packets import frame_of
from realtime.engineio.session.session import MAX_BACKLOG, Socket
from realtime.engineio.session.session_opener import SessionOpener
from realtime.engineio.upgrade_request import OpeningRequest, UpgradeRequest
from realtime.websocket.connection import Outbound, WebSocket
from realtime.websocket.frames import Frame
from realtime.websocket.timer_wheel import Wheel

Step = Coroutine[Any, Any, None]
_STEPS_AT_ONCE: Final = 16  # of one client, though none of them waits for anything: then it is the turn of others


@dataclass(frozen=True, slots=True)
class ClientGone:
    """Stands in the line of a client's messages for its end."""

    reason: str


class EngineServer(EngineHost):
    """A drop-in `engineio.AsyncServer` for aiohttp, and some options more."""

    def __init__(
        self,
        async_mode: str = "aiohttp",
        *,
        max_buffered_bytes: int = 1 << 20,
        deflate_threshold: int | None = None,
        upgrade_timeout: float = 10.0,
        head_timeout: float = 8.0,
        body_timeout: float = 30.0,
        admit: Callable[[OpeningRequest], Reply | None] | None = None,
        peers: Peers | None = None,
        environ_of: Callable[[OpeningRequest], dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        """`max_buffered_bytes`: what may wait for one client that does not read, before it is closed as a "slow
        consumer". `deflate_threshold`: WebSocket messages from this size on are compressed (permessage-deflate) for
        clients that offer it; None: none are. `upgrade_timeout`: seconds from a new WebSocket to the end of its
        upgrade. `head_timeout`: seconds that a connection to a `FastHandshake` has for the head of its first request.
        `body_timeout`: seconds that the body of a POST may take. `admit`: asked before a session is opened; what it
        returns is the answer that refuses it. `peers`: servers behind the same address; requests for their sessions are
        carried to them. `environ_of`: what connect handlers are handed of the request; None: python-engineio's environ,
        which takes aiohttp's request. The rest is python-engineio's.

        Raises:
            ValueError: another framework than aiohttp was asked for.
        """
        super().__init__(async_mode=async_mode, **options)
        if self.async_mode != "aiohttp":
            raise ValueError("This server is for aiohttp only.")
        self.monitored = options.get("monitor_clients") is not False
        self.start_service_task = False  # the wheel does what that task did
        self.ping_interval: float
        self.ping_timeout: float
        self.max_buffered_bytes = max_buffered_bytes
        self.deflate_threshold = deflate_threshold
        self.upgrade_timeout = upgrade_timeout
        self.head_timeout = head_timeout
        self.body_timeout = body_timeout
        self.admit = admit
        self.peers = peers
        self.environ_of = environ_of
        self.parse_json = True
        self.sockets: dict[str, Socket] = {}
        self._wheel: Wheel | None = None
        self._outbound: Outbound | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        refusals = ErrorResponses(self)
        self._openings = SessionOpener(self, refusals)
        self._requests = RequestHandler(self, self._openings, refusals)
        self._welcome: tuple[Any, Callable[[Socket, dict[str, Any]], None]] | None = None

    # what python-engineio offers

    def attach(self, app: web.Application, engineio_path: str = "engine.io") -> None:
        """Serve requests at this path. Sockets are closed when the application shuts down."""
        app.router.add_route("*", f"/{engineio_path.strip('/')}/", self.handle_request)
        app.on_shutdown.append(self._leave)

    async def send_packet(self, sid: str, pkt: Packet) -> None:
        """Send a packet to a client, after everything sent before. Never waits."""
        socket = self.sockets.get(sid)
        if socket is None or socket.closing:
            self.logger.warning("Cannot send to sid %s", sid)
        else:
            socket.write(frame_of(pkt))

    async def disconnect(self, sid: str | None = None) -> None:
        """End one session, or all."""
        socket = self.sockets.get(sid) if sid is not None else None
        if socket is not None:
            await socket.close()
        elif sid is None and self.sockets:
            await asyncio.gather(*(each.close() for each in list(self.sockets.values())))

    async def shutdown(self) -> None:
        """Stop pinging. Call it before the web server is shut down, which closes the sockets."""
        if self._wheel is not None:
            self._wheel.stop()

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """The entry point: a request for the Engine.IO path."""
        return await self._requests.handle(request)

    # what the gateway's fan-out uses

    def broadcast(self, sockets: Iterable[Socket], frame: Frame) -> None:
        """Send one frame to many. Never waits."""
        outbound, wire, plain = self.outbound, frame.wire, self.deflate_threshold is None
        for socket in sockets:
            websocket = socket.websocket
            if websocket is None or not plain:
                socket.write(frame)
                continue
            if not websocket.pending:
                outbound.add(websocket)
            websocket.pending.append(wire)

    # what a fast handshake uses

    def always_lets_in(self, handler: Any, welcome: Callable[[Socket, dict[str, Any]], None]) -> None:
        """Say of a connect handler that it lets everybody in. `welcome` does the same without being awaited."""
        self._welcome = handler, welcome

    @property
    def welcome(self) -> Welcome | None:
        """The function that may be called in place of the present connect handler; None: somebody has to be asked, or
        wants to see the whole request."""
        environ_of = self.environ_of
        if self._welcome is None or environ_of is None or callable(self.cors_allowed_origins):
            return None
        handler, welcome = self._welcome
        if self.handlers.get("connect") != handler:
            return None
        return lambda socket, request: welcome(socket, environ_of(request))

    def open_at_once(self, request: UpgradeRequest, welcome: Welcome, ahead: bytes) -> Reply | None:
        """Open a new session over a WebSocket, unless the answer that is returned refuses it. `ahead`: what its client
        sent behind the request."""
        return self._openings.at_once(request, welcome, ahead)

    # what its peers use

    async def poll(self, sid: str, jsonp: int | None = None) -> Reply:
        """Answer a GET that came to a peer. Cancel it when the client leaves: the session ends."""
        return await self._requests.polled(sid, jsonp)

    async def post(self, sid: str, body: str | None, jsonp: int | None = None) -> Reply:
        """Answer a POST that came to a peer. `body=None`: it could not be read, which ends the session."""
        return await self._requests.posted(sid, body, jsonp)

    def release(self, sid: str) -> None:
        """Answer the GET of this session that waits, if one does: it is to come again by another way."""
        if (socket := self.sockets.get(sid)) is not None:
            socket.release()

    def adopt(self, sid: str, transport: asyncio.Transport, greeting: bytes, *, deflate: bool) -> bool:
        """Make a connection that a peer has opened a WebSocket of this session, and write `greeting` to it first.
        False, and nothing done: there is no such session. `deflate`: compression was granted."""
        return self._requests.adopt(sid, transport, greeting, deflate=deflate)

    # what sockets use

    @property
    def wheel(self) -> Wheel:
        """The deadlines of all sockets."""
        if self._wheel is None:
            self._wheel = Wheel(min(self.ping_interval, self.ping_timeout))
        return self._wheel

    @property
    @override
    def outbound(self) -> Outbound:
        """The writes that are due at the end of this turn."""
        if self._outbound is None:
            self._outbound = Outbound(asyncio.get_running_loop(), self.wheel)
        return self._outbound

    @override
    def now_s(self) -> float:
        """The time that deadlines are in."""
        return self.outbound.loop.time()

    def decoded(self, encoded: str) -> Packet | None:
        """A packet from a client; None when it makes no sense."""
        return http.decoded(encoded, parse_json=self.parse_json)

    def receive(self, socket: Socket, item: Any) -> None:
        """A message of a client (or its end), in its order: it waits while a handler that it must wait for runs."""
        if socket.serial is None:
            try:
                step = self.step(socket, item)
            except Exception:
                self.logger.exception("message handler error")
                return
            if step is not None:
                socket.serial = self.spawn(self._serially(socket, step))
            return
        if socket.backlog is None:
            socket.backlog = deque()
        socket.backlog.append(item)
        if len(socket.backlog) == MAX_BACKLOG and socket.websocket is not None:
            socket.websocket.pause_reading()

    def step(self, socket: Socket, item: Any) -> Step | None:
        """Begin to handle one item; what it leaves to await before the next one may be handled, if anything."""
        if isinstance(item, ClientGone):
            return self.finish(socket, item.reason)
        handler = self.handlers.get("message")
        if socket.closing or handler is None:
            return None
        if self.parse_json and isinstance(item, str):
            item = Packet(encoded_packet="4" + item).data
        running = handler(socket.sid, item)
        if not asyncio.iscoroutine(running):
            return None
        if self.async_handlers:
            self.spawn(running)
            return None
        return running

    def part(self, socket: Socket, reason: str) -> None:
        """The session has ended: its disconnect handler is next in line."""
        self.receive(socket, ClientGone(reason))

    @override
    def forget(self, socket: Socket) -> None:
        """Nothing more is to be had here about this session."""
        self.wheel.drop(socket)
        if self.sockets.get(socket.sid) is socket:
            del self.sockets[socket.sid]

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run it beside everything else; a failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned)
        return task

    def _spawned(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.logger.error("handler error", exc_info=error)

    async def _serially(self, socket: Socket, step: Step | None) -> None:
        try:
            for number in count(1):
                if step is not None:
                    try:
                        await step
                    except Exception:
                        self.logger.exception("message handler error")
                if not number % _STEPS_AT_ONCE:
                    await asyncio.sleep(0)
                if not socket.backlog:
                    return
                try:
                    step = self.step(socket, socket.backlog.popleft())
                except Exception:
                    step = None
                    self.logger.exception("message handler error")
        finally:
            socket.serial = socket.backlog = None
            if socket.websocket is not None and socket.held is None:
                socket.websocket.resume_reading()

    async def finish(self, socket: Socket, reason: str) -> None:
        """Run the disconnect handler, and let go of the session."""
        try:
            if socket.connected:
                await self.call_disconnect(socket.sid, reason)
        finally:
            self.finished(socket)

    def finished(self, socket: Socket) -> None:
        """The disconnect handler has run: let go of the session, once what it still has to say has been fetched."""
        socket.closed = True
        if not socket.outbox:
            self.forget(socket)

    @override
    def session_of(self, sid: str) -> Socket:
        """The session of this id, while it lasts."""
        socket = self.sockets.get(sid)
        if socket is None or socket.closed:
            raise KeyError("Session not found" if socket is None else "Session is disconnected")
        return socket

    async def _leave(self, app: web.Application) -> None:
        """The application shuts down."""
        ended = []
        for socket in list(self.sockets.values()):
            websocket = socket.websocket
            socket.end(self.reason.SERVER_DISCONNECT)
            if websocket is not None:
                websocket.leave()
            if socket.serial is not None:
                ended.append(socket.serial)
        for waiting in self.wheel.waiting():
            if isinstance(waiting, WebSocket):  # its session has ended before, and the peer has not said a word since
                waiting.leave()
        await asyncio.gather(*ended, return_exceptions=True)
