"""The answers of a server to the HTTP requests of its clients, and of peers on behalf of theirs."""

import asyncio
from typing import Any

from aiohttp import web
from engineio.packet import Packet

from realtime.engineio import http
from realtime.engineio.engine_host import EngineHost
from realtime.engineio.error_responses import ErrorResponses
from realtime.engineio.peers import Peers, Reply
from realtime.engineio.session.packets import NOOP
from realtime.engineio.session.session import MAX_BACKLOG, PARSE_ERROR, Socket
from realtime.engineio.session.session_opener import SessionOpener
from realtime.websocket.connection import WebSocket
from realtime.websocket.frames import REFUSED
from realtime.websocket.handshake import UpgradeGrant, switch, tunnelled


class RequestHandler:
    """The request half of an `EngineServer`. Replies are in the form that python-engineio builds responses from."""

    def __init__(self, server: EngineHost, openings: SessionOpener, refusals: ErrorResponses) -> None:
        self._server = server
        self._openings = openings
        self._refusals = refusals

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for the Engine.IO path."""
        server = self._server
        environ = http.cors_environ(request)
        if callable(server.cors_allowed_origins):
            environ.update(http.environ_of(request))
        opens = request.method == "GET" and "sid" not in request.query
        refusal = (self._openings.admit if opens else self._refusals.of_request)(request, environ)
        reply = refusal if refusal is not None else await self._answered(request)
        if isinstance(reply, web.StreamResponse):
            return reply
        if server.http_compression and len(reply["response"]) >= server.compression_threshold:
            http.compressed(reply, request.headers.get("Accept-Encoding", ""))
        headers = reply["headers"] + server.cors_headers(environ)
        return web.Response(body=reply["response"], status=int(reply["status"].split()[0]), headers=headers)

    async def _answered(self, request: web.Request) -> Reply | web.StreamResponse:
        """The answer to a request that makes sense."""
        query, method = request.query, request.method
        if method == "OPTIONS":
            return self._server.preflight()
        upgrade, sid, jsonp = query["transport"] == "websocket", query.get("sid"), query.get("j")
        index = int(jsonp) if jsonp is not None else None
        if sid is None:
            return await (self._openings.websocket(request) if upgrade else self._openings.polling(request, index))
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

    def _polling(self, sid: str, method: str) -> Socket | Reply:
        """A session that such a request is for; or else its refusal."""
        socket = self._known(sid)
        if socket is None:
            return self._refusals.unknown()
        if socket.upgraded or (socket.closing and method == "POST"):
            return self._refusals.bad("Unexpected HTTP request", "unexpected-http")
        return socket

    # sessions of others

    async def _forwarded(self, request: web.Request, peers: Peers, sid: str, jsonp: int | None) -> Reply:
        if request.method == "GET":
            asked = asyncio.ensure_future(peers.poll(sid, jsonp))
            _tell_when_gone(request, asked)
            return await asked or self._refusals.unknown()
        body = await self._body(request)
        reply = await peers.post(sid, body if isinstance(body, str) else None, jsonp)
        return self._unreadable(body) if isinstance(body, http.BodyError) else reply or self._refusals.unknown()

    async def _tunnelled(self, request: web.Request, peers: Peers, sid: str) -> Reply | web.StreamResponse:
        granted = self._openings.granted(request)
        if not isinstance(granted, UpgradeGrant):
            return granted
        tunnel = await peers.tunnel(sid, granted.head, deflate=granted.deflate)
        if isinstance(tunnel, asyncio.Protocol):
            return tunnelled(request, tunnel)
        return tunnel or self._refusals.unknown()

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
        websocket = self._openings.websocket_of(socket)
        websocket.deflate = deflate
        websocket.pending.append(greeting)
        transport.set_protocol(websocket)
        websocket.connection_made(transport)
        websocket.flush()
        self._introduce(socket, websocket)
        return True

    def _probe(self, request: web.Request, sid: str) -> Reply | web.StreamResponse:
        """A WebSocket for a session that exists."""
        socket = self._known(sid)
        if socket is None:
            return self._refusals.unknown()
        granted = self._openings.granted(request)
        if not isinstance(granted, UpgradeGrant):
            return granted
        websocket = self._openings.websocket_of(socket)
        response = switch(request, websocket, granted)
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
            return self._refusals.bad("Two requests at once", "two-polls")
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
            return await http.body_of(request, self._server.max_http_buffer_size, self._server.body_timeout)
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
        if socket.posting:  # a client has one POST at a time, or it could not be slowed down
            socket.end(self._server.reason.TRANSPORT_ERROR)
            return self._refusals.bad("Two requests at once", "two-posts")
        socket.posting = True
        try:
            await self._handed_on(socket, packets)
        finally:
            socket.posting = False
        return http.text_response("ok", jsonp)

    async def _handed_on(self, socket: Socket, packets: list[Packet]) -> None:
        """Handle them, and wait while no more is to be read of this client."""
        for packet in packets:
            socket.receive(packet)
        if socket.serial is not None and len(socket.backlog or ()) >= MAX_BACKLOG:
            await asyncio.shield(socket.serial)
        if socket.held is not None:
            await asyncio.shield(socket.held)

    def _unreadable(self, error: http.BodyError) -> Reply:
        return self._refusals.bad(str(error), "bad-payload")


def _tell_when_gone(request: Any, waiting: "asyncio.Future[Any]") -> None:
    """Cancel what waits for this client when it leaves: aiohttp tells nobody else of that."""
    request._cancel = lambda error: waiting.cancel()
