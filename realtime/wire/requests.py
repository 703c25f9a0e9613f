"""What a server answers to the HTTP requests of its clients: opens sessions, and carries those that are polling."""

import asyncio
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import web

from realtime.wire import http
from realtime.wire.frames import REFUSED, Frame
from realtime.wire.handshake import (
    HandshakeError,
    answer_head,
    begin,
    switch,
    takes_deflate,
    tunnelled,
    wants_websocket,
)
from realtime.wire.peers import Peers, Reply
from realtime.wire.socket import MAX_BACKLOG, NOOP, PARSE_ERROR, Socket
from realtime.wire.websocket import WebSocket

if TYPE_CHECKING:
    from realtime.wire.doorstep import Opening
    from realtime.wire.engine import EngineServer

_to_json: Final = json.JSONEncoder(separators=(",", ":")).encode
_MAX_DIGITS: Final = 9  # of a JSONP index
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

    def _refused_origin(self, request: web.Request, environ: dict[str, Any]) -> Reply | None:
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self._server.cors_allowed_origins == []:
            return None
        if callable(self._server.cors_allowed_origins):
            environ.update(http.environ_of(request))
        allowed = self._server._cors_allowed_origins(environ)
        if allowed is None or origin in allowed:
            return None
        return self._bad(f"{origin} is not an accepted origin.", "bad-origin")

    def _bad(self, message: str, key: str) -> Reply:
        self._server._log_error_once(message, key)
        reply: Reply = self._server._bad_request(message)
        return reply

    async def _answered(self, request: web.Request) -> Reply | web.StreamResponse:
        query, method = request.query, request.method
        if method == "OPTIONS":
            preflight: Reply = self._server._ok()
            return preflight
        transport, sid = query.get("transport"), query.get("sid")
        if transport not in self._server.transports:
            return self._bad("Invalid transport", "bad-transport")
        if sid is None and query.get("EIO") != "4":
            return self._bad("The client is using an unsupported version of the protocols", "bad-version")
        if method not in ("GET", "POST"):
            return self._bad("Invalid method", "bad-method")
        jsonp = query.get("j")
        if jsonp is not None and not (jsonp.isascii() and jsonp.isdigit() and len(jsonp) <= _MAX_DIGITS):
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
        peers = self._server.peers
        if peers is not None and sid not in self._server.sockets and peers.elsewhere(sid):
            return await (
                self._tunnelled(request, peers, sid) if upgrade else self._forwarded(request, peers, sid, index)
            )
        if upgrade:
            return self._probe(request, sid)
        socket = self._polling(sid, method)
        if not isinstance(socket, Socket):
            return socket
        if method == "GET":
            return await self._polled(socket, index, request)
        return await self._posted(socket, index, await self._body(request))

    def _known(self, sid: str) -> Socket | None:
        socket = self._server.sockets.get(sid)
        if socket is None or not socket.connected or (socket.overdue() and not socket.outbox):
            return None
        return socket

    def _unknown(self) -> Reply:
        self._server._log_error_once("Invalid session", "bad-sid")
        reply: Reply = self._server._bad_request({"code": 1, "message": "Session ID unknown"})  # as Node answers it
        return reply

    def _polling(self, sid: str, method: str) -> Socket | Reply:
        """A session that such a request is for; or else its refusal."""
        socket = self._known(sid)
        if socket is None:
            return self._unknown()
        if socket.upgraded or (socket.closing and method == "POST"):
            return self._bad("Unexpected HTTP request", "unexpected-http")
        return socket

    # sessions of others

    async def _forwarded(self, request: web.Request, peers: Peers, sid: str, jsonp: int | None) -> Reply:
        if request.method == "GET":
            asked = asyncio.ensure_future(peers.poll(sid, jsonp))
            _tell_when_gone(request, asked)
            return await asked or self._unknown()
        body = await self._body(request)
        reply = await peers.post(sid, body if isinstance(body, str) else None, jsonp)
        return self._unreadable(body) if isinstance(body, http.BodyError) else reply or self._unknown()

    async def _tunnelled(self, request: web.Request, peers: Peers, sid: str) -> Reply | web.StreamResponse:
        try:
            head, deflate = self._granted(request)
        except HandshakeError as error:
            return self._bad(str(error), "bad-handshake")
        tunnel = await peers.tunnel(sid, head, deflate=deflate)
        if isinstance(tunnel, asyncio.Protocol):
            return tunnelled(request, tunnel)
        return tunnel or self._unknown()

    # sessions of ours, asked for by others

    async def polled(self, sid: str, jsonp: int | None) -> Reply:
        """Answer a GET that came to a peer."""
        socket = self._polling(sid, "GET")
        return await self._polled(socket, jsonp) if isinstance(socket, Socket) else socket

    async def posted(self, sid: str, body: str | None, jsonp: int | None) -> Reply:
        """Answer a POST that came to a peer; None: it could not be read."""
        socket = self._polling(sid, "POST")
        if not isinstance(socket, Socket):
            return socket
        return await self._posted(socket, jsonp, http.BodyError("The payload was refused.") if body is None else body)

    def adopt(self, sid: str, transport: asyncio.Transport, greeting: bytes, *, deflate: bool) -> bool:
        """Make a peer's connection a WebSocket of this session. False: there is no such session."""
        socket = self._known(sid)
        if socket is None:
            return False
        websocket = self._websocket(socket)
        websocket.deflate = deflate
        websocket.pending.append(greeting)
        transport.set_protocol(websocket)
        websocket.connection_made(transport)
        websocket.flush()
        self._introduce(socket, websocket)
        return True

    async def _opened(self, request: web.Request, transport: str) -> tuple[Socket, Reply | None]:
        """A new session, and the answer that refuses it, if it is refused."""
        socket = self._session(transport)
        sid = socket.sid
        accepted = await self._server._trigger_event("connect", sid, self._server.environ_of(request), run_async=False)
        if accepted is None or accepted is True:
            socket.start()
            return socket, None
        self._server.forget(socket)
        refusal: Reply = self._server._unauthorized(accepted or None)
        return socket, refusal

    def _session(self, transport: str) -> Socket:
        """A new session, and its open packet."""
        server = self._server
        sid = server.generate_id() if server.peers is None else server.peers.named(server.generate_id())
        socket = server.sockets[sid] = Socket(server, sid)
        ping_interval_s = server.ping_interval + server.ping_interval_grace_period
        upgrades = tuple(self._upgrades(sid, transport))
        about = _about(upgrades, server.ping_timeout, ping_interval_s, server.max_http_buffer_size)
        socket.write(Frame.text(f'0{{"sid":{_to_json(sid)},{about}'))
        return socket

    async def _open_polling(self, request: web.Request, jsonp: int | None) -> Reply:
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

    async def _open_websocket(self, request: web.Request) -> Reply | web.StreamResponse:
        try:
            head, deflate = self._granted(request)
        except HandshakeError as error:
            return self._bad(str(error), "bad-handshake")
        socket, refusal = await self._opened(request, "websocket")
        if refusal is not None:
            return refusal
        websocket = self._carrier(socket)
        try:
            return switch(request, websocket, head, deflate=deflate)
        except ConnectionResetError:
            socket.end(self._server.reason.TRANSPORT_CLOSE, abort=True)
            raise

    def open_at_once(self, opening: "Opening", ahead: bytes) -> Reply | None:
        """Open the session that a plain request asks for, and make its connection the session's: `_open_websocket`, of
        a server that lets everybody in. The answer that refuses it, if it is refused. `ahead`: what came behind it."""
        server, welcome = self._server, self._server.welcome
        request = cast("web.Request", opening)  # as much of one as is looked at
        granted = self._granted_to(request)
        if isinstance(granted, dict) or welcome is None:
            refusal = granted if isinstance(granted, dict) else self._bad("Nobody is let in at once", "bad-opening")
            refusal["headers"] += server._cors_headers(http.cors_environ(request))
            return refusal
        head, deflate = granted
        socket = self._session("websocket")
        welcome(socket, server.environ_of(request))
        socket.start()
        begin(opening.transport, self._carrier(socket), head, ahead, deflate=deflate)
        return None

    def _granted_to(self, request: web.Request) -> tuple[bytes, bool] | Reply:
        """What grants the WebSocket of a new session, and whether with compression; or the answer that refuses it."""
        server = self._server
        refusal = self._refused_origin(request, http.cors_environ(request)) if "Origin" in request.headers else None
        if refusal is None and "websocket" not in server.transports:
            refusal = self._bad("Invalid transport", "bad-transport")
        if refusal is None and server.admit is not None:
            refusal = server.admit(request)
        if refusal is not None:
            return refusal
        try:
            return self._granted(request)
        except HandshakeError as error:
            return self._bad(str(error), "bad-handshake")

    def _carrier(self, socket: Socket) -> WebSocket:
        """The WebSocket of a new session, which carries what was written to it."""
        websocket = self._websocket(socket)
        websocket.pending.extend(frame.wire for frame in socket.outbox or ())
        socket.outbox = None
        socket.websocket, socket.upgraded = websocket, True
        return websocket

    def _probe(self, request: web.Request, sid: str) -> Reply | web.StreamResponse:
        """A WebSocket for a session that exists."""
        socket = self._known(sid)
        if socket is None:
            return self._unknown()
        try:
            head, deflate = self._granted(request)
        except HandshakeError as error:
            return self._bad(str(error), "bad-handshake")
        websocket = self._websocket(socket)
        response = switch(request, websocket, head, deflate=deflate)
        self._introduce(socket, websocket)
        return response

    def _introduce(self, socket: Socket, websocket: WebSocket) -> None:
        """The session may go over to this WebSocket. One that has a WebSocket already gets no other."""
        if socket.upgraded or socket.closing or socket.probe is not None or not self._server.allow_upgrades:
            websocket.close(REFUSED)
        else:
            socket.probe = websocket
            websocket.expect(self._server.upgrade_timeout)

    async def _polled(self, socket: Socket, jsonp: int | None, request: web.Request | None = None) -> Reply:
        """`request`: the client's own, if it came here."""
        if socket.poll is not None:
            socket.end(self._server.reason.TRANSPORT_ERROR)
            return self._bad("Two requests at once", "two-polls")
        farewell = NOOP if socket.upgrading else ""
        if not farewell and not socket.outbox:
            farewell = await self._news(socket, request)
        if farewell == NOOP:
            return http.text_response(farewell, jsonp)
        reply = http.text_response(socket.taken(farewell), jsonp)
        if socket.closed and not socket.outbox:
            self._server.forget(socket)
        return reply

    async def _news(self, socket: Socket, request: web.Request | None) -> str:
        """Wait until there is something to answer with. The last packet of the answer; "": none."""
        poll: asyncio.Future[str] = self._server.outbound.loop.create_future()
        socket.poll = poll
        if request is not None:
            _tell_when_gone(request, poll)
        try:
            return await poll
        except asyncio.CancelledError:
            socket.abandoned()
            raise
        finally:
            socket.poll = None

    async def _body(self, request: web.Request) -> str | http.BodyError:
        try:
            return await http.body_of(request, self._server.max_http_buffer_size)
        except http.BodyError as error:
            return error

    async def _posted(self, socket: Socket, jsonp: int | None, body: str | http.BodyError) -> Reply:
        try:
            if isinstance(body, http.BodyError):
                raise body
            packets = http.packets_of(body, parse_json=self._server.parse_json)
        except http.BodyError as error:
            socket.end(PARSE_ERROR, abort=True)
            return self._unreadable(error)
        for packet in packets:
            socket.receive(packet)
        if socket.serial is not None and len(socket.backlog or ()) >= MAX_BACKLOG:
            await asyncio.shield(socket.serial)
        if socket.held is not None:
            await asyncio.shield(socket.held)
        return http.text_response("ok", jsonp)

    def _unreadable(self, error: http.BodyError) -> Reply:
        return self._bad(str(error), "bad-payload")

    def _upgrades(self, sid: str, transport: str) -> list[str]:
        possible = self._server.allow_upgrades and transport == "polling" and "websocket" in self._server.transports
        return ["websocket"] if possible else []


@lru_cache(maxsize=64)
def _about(upgrades: tuple[str, ...], ping_timeout_s: float, ping_interval_s: float, max_payload: int) -> str:
    """The rest of an open packet, behind its id."""
    about = {
        "upgrades": upgrades,
        "pingTimeout": round(ping_timeout_s * 1000),
        "pingInterval": round(ping_interval_s * 1000),
        "maxPayload": max_payload,
    }
    return _to_json(about)[1:]


def _tell_when_gone(request: Any, waiting: "asyncio.Future[Any]") -> None:
    """Cancel what waits for this client when it leaves: aiohttp tells nobody else of that."""
    request._cancel = lambda error: waiting.cancel()
