"""The Engine.IO server: python-engineio's, for aiohttp, without a task, a timer or a queue for each WebSocket."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import engineio
from aiohttp import web
from engineio.packet import Packet

from realtime.wire import http
from realtime.wire.frames import REFUSED, Frame
from realtime.wire.handshake import HandshakeError, answer_head, switch, takes_deflate, wants_websocket
from realtime.wire.socket import PARSE_ERROR, Socket, frame_of
from realtime.wire.websocket import Outbound, WebSocket
from realtime.wire.wheel import Wheel

_MAX_BACKLOG: Final = 256  # messages of one client that may wait for a handler before no more are read
_MAX_MESSAGE_ROOM: Final = 16  # a WebSocket message has a type digit more than its payload

Step = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Gone:
    """Stands in the line of a client's messages for its end."""

    reason: str


class EngineServer(engineio.AsyncServer):  # type: ignore[misc] # python-engineio has no types
    """A drop-in `engineio.AsyncServer` for aiohttp, and some options more."""

    def __init__(
        self,
        async_mode: str = "aiohttp",
        *,
        max_buffered_bytes: int = 1 << 20,
        deflate_threshold: int | None = None,
        upgrade_timeout: float = 10.0,
        **options: Any,
    ) -> None:
        """`max_buffered_bytes`: what may wait for one client that does not read, before it is closed as a "slow
        consumer". `deflate_threshold`: WebSocket messages from this size on are compressed (permessage-deflate) for
        clients that offer it; None: none are. `upgrade_timeout`: seconds from a new WebSocket to the end of its
        upgrade. The rest is python-engineio's.

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
        self.parse_json = True
        self.sockets: dict[str, Socket] = {}
        self._wheel: Wheel | None = None
        self._outbound: Outbound | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

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
        environ = http.cors_environ(request)
        refusal = self._refused_origin(request, environ)
        reply = refusal if refusal is not None else await self._answered(request)
        if isinstance(reply, web.StreamResponse):
            return reply
        if self.http_compression and len(reply["response"]) >= self.compression_threshold:
            http.compressed(reply, request.headers.get("Accept-Encoding", ""))
        headers = reply["headers"] + self._cors_headers(environ)
        return web.Response(body=reply["response"], status=int(reply["status"].split()[0]), headers=headers)

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

    # what sockets use

    @property
    def wheel(self) -> Wheel:
        """The deadlines of all sockets."""
        if self._wheel is None:
            self._wheel = Wheel(min(self.ping_interval, self.ping_timeout))
        return self._wheel

    @property
    def outbound(self) -> Outbound:
        """What is to be written at the end of this turn."""
        if self._outbound is None:
            self._outbound = Outbound(asyncio.get_running_loop(), self.wheel)
        return self._outbound

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
        if len(socket.backlog) == _MAX_BACKLOG and socket.websocket is not None:
            socket.websocket.pause_reading()

    def step(self, socket: Socket, item: Any) -> Step | None:
        """Begin to handle one item; what it leaves to await before the next one may be handled, if anything."""
        if isinstance(item, Gone):
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
        self.receive(socket, Gone(reason))

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
            while True:
                if step is not None:
                    try:
                        await step
                    except Exception:
                        self.logger.exception("message handler error")
                if not socket.backlog:
                    return
                try:
                    step = self.step(socket, socket.backlog.popleft())
                except Exception:
                    step = None
                    self.logger.exception("message handler error")
        finally:
            socket.serial = socket.backlog = None
            if socket.websocket is not None:
                socket.websocket.resume_reading()

    async def finish(self, socket: Socket, reason: str) -> None:
        """Run the disconnect handler, and let go of the session."""
        try:
            if socket.connected:
                await self._trigger_event("disconnect", socket.sid, reason, run_async=False)
        finally:
            socket.closed = True
            if not socket.outbox:
                self.forget(socket)

    def _get_socket(self, sid: str) -> Socket:
        socket = self.sockets.get(sid)
        if socket is None or socket.closed:
            raise KeyError("Session not found" if socket is None else "Session is disconnected")
        return socket

    def _upgrades(self, sid: str, transport: str) -> list[str]:
        possible = self.allow_upgrades and transport == "polling" and "websocket" in self.transports
        return ["websocket"] if possible else []

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
        await asyncio.gather(*ended, return_exceptions=True)

    # requests

    def _refused_origin(self, request: web.Request, environ: dict[str, Any]) -> dict[str, Any] | None:
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self.cors_allowed_origins == []:
            return None
        if callable(self.cors_allowed_origins):
            environ.update(http.environ_of(request))
        allowed = self._cors_allowed_origins(environ)
        if allowed is None or origin in allowed:
            return None
        return self._bad(f"{origin} is not an accepted origin.", "bad-origin")

    def _bad(self, message: str, key: str) -> dict[str, Any]:
        self._log_error_once(message, key)
        reply: dict[str, Any] = self._bad_request(message)
        return reply

    async def _answered(self, request: web.Request) -> dict[str, Any] | web.StreamResponse:
        query, method = request.query, request.method
        if method == "OPTIONS":
            preflight: dict[str, Any] = self._ok()
            return preflight
        transport, sid = query.get("transport"), query.get("sid")
        if transport not in self.transports:
            return self._bad("Invalid transport", "bad-transport")
        if sid is None and query.get("EIO") != "4":
            return self._bad("The client is using an unsupported version of the protocols", "bad-version")
        if method not in ("GET", "POST"):
            return self._bad("Invalid method", "bad-method")
        jsonp = query.get("j")
        if jsonp is not None and not (jsonp.isascii() and jsonp.isdigit()):
            return self._bad("Invalid JSONP index number", "bad-jsonp-index")
        index = int(jsonp) if jsonp is not None else None
        upgrade = transport == "websocket"
        if upgrade and not (method == "GET" and wants_websocket(request)):
            return self._bad("Invalid websocket upgrade", "bad-upgrade")
        if sid is None:
            if method != "GET":
                return self._bad("Invalid session None", "bad-sid")
            return await (self._open_websocket(request) if upgrade else self._open_polling(request, index))
        socket = self.sockets.get(sid)
        if socket is None or not socket.connected or (socket.overdue() and not socket.outbox):
            return self._bad("Invalid session", "bad-sid")
        if upgrade:
            return self._probe(request, socket)
        if socket.upgraded or (socket.closing and method == "POST"):
            return self._bad("Unexpected HTTP request", "unexpected-http")
        if method == "GET":
            return await self._polled(request, socket, index)
        return await self._posted(request, socket, index)

    async def _opened(self, request: web.Request, transport: str) -> tuple[Socket, dict[str, Any] | None]:
        """A new session, and the answer that refuses it, if it is refused."""
        sid = self.generate_id()
        socket = self.sockets[sid] = Socket(self, sid)
        about = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": round(self.ping_timeout * 1000),
            "pingInterval": round((self.ping_interval + self.ping_interval_grace_period) * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        socket.write(Frame.text("0" + Packet.json.dumps(about, separators=(",", ":"))))
        accepted = await self._trigger_event("connect", sid, http.environ_of(request), run_async=False)
        if accepted is None or accepted is True:
            socket.start()
            return socket, None
        self.forget(socket)
        refusal: dict[str, Any] = self._unauthorized(accepted or None)
        return socket, refusal

    async def _open_polling(self, request: web.Request, jsonp: int | None) -> dict[str, Any]:
        socket, refusal = await self._opened(request, "polling")
        if refusal is not None:
            return refusal
        reply = http.text_response(socket.taken(), jsonp)
        if self.cookie:
            cookie = (
                self.cookie if isinstance(self.cookie, dict) else {"name": self.cookie, "path": "/", "SameSite": "Lax"}
            )
            reply["headers"].append(("Set-Cookie", self._generate_sid_cookie(socket.sid, cookie)))
        return reply

    def _granted(self, request: web.Request) -> tuple[bytes, bool]:
        offers = request.headers.getall("Sec-WebSocket-Extensions", ())
        deflate = self.deflate_threshold is not None and takes_deflate(",".join(offers))
        return answer_head(request, deflate=deflate), deflate

    def _websocket(self, socket: Socket) -> WebSocket:
        return WebSocket(
            socket,
            self.outbound,
            max_message=self.max_http_buffer_size + _MAX_MESSAGE_ROOM,
            max_buffered=self.max_buffered_bytes,
        )

    async def _open_websocket(self, request: web.Request) -> dict[str, Any] | web.StreamResponse:
        try:
            head, deflate = self._granted(request)
        except HandshakeError as error:
            return self._bad(str(error), "bad-handshake")
        socket, refusal = await self._opened(request, "websocket")
        if refusal is not None:
            return refusal
        websocket = self._websocket(socket)
        websocket.pending.extend(frame.wire for frame in socket.outbox or ())
        socket.outbox = None
        socket.websocket, socket.upgraded = websocket, True
        try:
            return switch(request, websocket, head, deflate=deflate)
        except ConnectionResetError:
            socket.end(self.reason.TRANSPORT_CLOSE, abort=True)
            raise

    def _probe(self, request: web.Request, socket: Socket) -> dict[str, Any] | web.StreamResponse:
        """A WebSocket for a session that exists. One that has a WebSocket already gets no other."""
        try:
            head, deflate = self._granted(request)
        except HandshakeError as error:
            return self._bad(str(error), "bad-handshake")
        websocket = self._websocket(socket)
        if socket.upgraded or socket.closing or socket.probe is not None or not self.allow_upgrades:
            response = switch(request, websocket, head, deflate=False)
            websocket.close(REFUSED)
            return response
        response = switch(request, websocket, head, deflate=deflate)
        socket.probe = websocket
        websocket.expect(self.upgrade_timeout)
        return response

    async def _polled(self, request: web.Request, socket: Socket, jsonp: int | None) -> dict[str, Any]:
        if socket.poll is not None:
            socket.end(self.reason.TRANSPORT_ERROR)
            return self._bad("Two requests at once", "two-polls")
        farewell = "6" if socket.upgrading else ""
        if not farewell and not socket.outbox:
            socket.poll = self.outbound.loop.create_future()
            abandoned = partial(self._abandoned, socket, socket.poll)
            request._cancel = abandoned  # type: ignore[method-assign] # aiohttp tells nobody else of a client that left
            try:
                farewell = await socket.poll
            finally:
                socket.poll = None
        if farewell == "6":
            return http.text_response(farewell, jsonp)
        reply = http.text_response(socket.taken(farewell), jsonp)
        if socket.closed and not socket.outbox:
            self.forget(socket)
        return reply

    def _abandoned(self, socket: Socket, poll: asyncio.Future[str], error: BaseException) -> None:
        if not poll.done():
            socket.abandoned(error)
            poll.cancel()

    async def _posted(self, request: web.Request, socket: Socket, jsonp: int | None) -> dict[str, Any]:
        try:
            body = await http.body_of(request, self.max_http_buffer_size)
            packets = http.packets_of(body, parse_json=self.parse_json)
        except http.BodyError as error:
            socket.end(PARSE_ERROR, abort=True)
            return self._bad(str(error), "bad-payload")
        for packet in packets:
            socket.receive(packet)
        if socket.serial is not None and len(socket.backlog or ()) >= _MAX_BACKLOG:
            await asyncio.shield(socket.serial)
        return http.text_response("ok", jsonp)
