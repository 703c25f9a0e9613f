"""What a server answers to the HTTP requests of its clients: opens sessions, and carries those that are polling."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from engineio.packet import Packet

from realtime.wire import http
from realtime.wire.frames import REFUSED, Frame
from realtime.wire.handshake import HandshakeError, answer_head, switch, takes_deflate, wants_websocket
from realtime.wire.socket import MAX_BACKLOG, PARSE_ERROR, Socket
from realtime.wire.websocket import WebSocket

if TYPE_CHECKING:
    from realtime.wire.engine import EngineServer

_MAX_MESSAGE_ROOM: Final = 16  # a WebSocket message has a type digit more than its payload


class Requests:
    """The request half of an `EngineServer`. Replies are in the form that python-engineio builds responses from."""

    def __init__(self, server: "EngineServer") -> None:
        self._server = server

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for the Engine.IO path."""
        server = self._server
        environ = http.cors_environ(request)
        refusal = self._refused_origin(request, environ)
        reply = refusal if refusal is not None else await self._answered(request)
        if isinstance(reply, web.StreamResponse):
            return reply
        if server.http_compression and len(reply["response"]) >= server.compression_threshold:
            http.compressed(reply, request.headers.get("Accept-Encoding", ""))
        headers = reply["headers"] + server._cors_headers(environ)
        return web.Response(body=reply["response"], status=int(reply["status"].split()[0]), headers=headers)

    def _refused_origin(self, request: web.Request, environ: dict[str, Any]) -> dict[str, Any] | None:
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self._server.cors_allowed_origins == []:
            return None
        if callable(self._server.cors_allowed_origins):
            environ.update(http.environ_of(request))
        allowed = self._server._cors_allowed_origins(environ)
        if allowed is None or origin in allowed:
            return None
        return self._bad(f"{origin} is not an accepted origin.", "bad-origin")

    def _bad(self, message: str, key: str) -> dict[str, Any]:
        self._server._log_error_once(message, key)
        reply: dict[str, Any] = self._server._bad_request(message)
        return reply

    async def _answered(self, request: web.Request) -> dict[str, Any] | web.StreamResponse:
        query, method = request.query, request.method
        if method == "OPTIONS":
            preflight: dict[str, Any] = self._server._ok()
            return preflight
        transport, sid = query.get("transport"), query.get("sid")
        if transport not in self._server.transports:
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
            admit = self._server.admit
            if admit is not None and (refusal := admit(request)) is not None:
                return refusal
            return await (self._open_websocket(request) if upgrade else self._open_polling(request, index))
        socket = self._server.sockets.get(sid)
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
        sid = self._server.generate_id()
        socket = self._server.sockets[sid] = Socket(self._server, sid)
        about = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": round(self._server.ping_timeout * 1000),
            "pingInterval": round((self._server.ping_interval + self._server.ping_interval_grace_period) * 1000),
            "maxPayload": self._server.max_http_buffer_size,
        }
        socket.write(Frame.text("0" + Packet.json.dumps(about, separators=(",", ":"))))
        accepted = await self._server._trigger_event("connect", sid, http.environ_of(request), run_async=False)
        if accepted is None or accepted is True:
            socket.start()
            return socket, None
        self._server.forget(socket)
        refusal: dict[str, Any] = self._server._unauthorized(accepted or None)
        return socket, refusal

    async def _open_polling(self, request: web.Request, jsonp: int | None) -> dict[str, Any]:
        socket, refusal = await self._opened(request, "polling")
        if refusal is not None:
            return refusal
        reply = http.text_response(socket.taken(), jsonp)
        if cookie := self._server.cookie:
            named = cookie if isinstance(cookie, dict) else {"name": cookie, "path": "/", "SameSite": "Lax"}
            reply["headers"].append(("Set-Cookie", self._server._generate_sid_cookie(socket.sid, named)))
        return reply

    def _granted(self, request: web.Request) -> tuple[bytes, bool]:
        offers = request.headers.getall("Sec-WebSocket-Extensions", ())
        deflate = self._server.deflate_threshold is not None and takes_deflate(",".join(offers))
        return answer_head(request, deflate=deflate), deflate

    def _websocket(self, socket: Socket) -> WebSocket:
        return WebSocket(
            socket,
            self._server.outbound,
            max_message=self._server.max_http_buffer_size + _MAX_MESSAGE_ROOM,
            max_buffered=self._server.max_buffered_bytes,
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
            socket.end(self._server.reason.TRANSPORT_CLOSE, abort=True)
            raise

    def _probe(self, request: web.Request, socket: Socket) -> dict[str, Any] | web.StreamResponse:
        """A WebSocket for a session that exists. One that has a WebSocket already gets no other."""
        try:
            head, deflate = self._granted(request)
        except HandshakeError as error:
            return self._bad(str(error), "bad-handshake")
        websocket = self._websocket(socket)
        if socket.upgraded or socket.closing or socket.probe is not None or not self._server.allow_upgrades:
            response = switch(request, websocket, head, deflate=False)
            websocket.close(REFUSED)
            return response
        response = switch(request, websocket, head, deflate=deflate)
        socket.probe = websocket
        websocket.expect(self._server.upgrade_timeout)
        return response

    async def _polled(self, request: web.Request, socket: Socket, jsonp: int | None) -> dict[str, Any]:
        if socket.poll is not None:
            socket.end(self._server.reason.TRANSPORT_ERROR)
            return self._bad("Two requests at once", "two-polls")
        farewell = "6" if socket.upgrading else ""
        if not farewell and not socket.outbox:
            socket.poll = self._server.outbound.loop.create_future()
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
            self._server.forget(socket)
        return reply

    def _abandoned(self, socket: Socket, poll: asyncio.Future[str], error: BaseException) -> None:
        if not poll.done():
            socket.abandoned(error)
            poll.cancel()

    async def _posted(self, request: web.Request, socket: Socket, jsonp: int | None) -> dict[str, Any]:
        try:
            body = await http.body_of(request, self._server.max_http_buffer_size)
            packets = http.packets_of(body, parse_json=self._server.parse_json)
        except http.BodyError as error:
            socket.end(PARSE_ERROR, abort=True)
            return self._bad(str(error), "bad-payload")
        for packet in packets:
            socket.receive(packet)
        if socket.serial is not None and len(socket.backlog or ()) >= MAX_BACKLOG:
            await asyncio.shield(socket.serial)
        if socket.held is not None:
            await asyncio.shield(socket.held)
        return http.text_response("ok", jsonp)

    def _upgrades(self, sid: str, transport: str) -> list[str]:
        possible = self._server.allow_upgrades and transport == "polling" and "websocket" in self._server.transports
        return ["websocket"] if possible else []
