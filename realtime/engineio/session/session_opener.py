"""The opening of sessions: over polling, over a WebSocket, or at once at a `FastHandshake`."""

import json
from functools import lru_cache
from typing import Any, Final

from aiohttp import web

from realtime.engineio import http
from realtime.engineio.engine_host import EngineHost, Welcome
from realtime.engineio.error_responses import ErrorResponses
from realtime.engineio.peers import Reply
from realtime.engineio.session.session import Socket
from realtime.engineio.upgrade_request import OpeningRequest, UpgradeRequest
from realtime.websocket.connection import WebSocket
from realtime.websocket.frames import Frame
from realtime.websocket.handshake import HandshakeError, HandshakeRequest, UpgradeGrant, begin, grant, switch

_to_json: Final = json.JSONEncoder(separators=(",", ":")).encode
_MAX_MESSAGE_ROOM: Final = 16  # a WebSocket message has a type digit more than its payload


class SessionOpener:
    """Of one `EngineServer`. Both ways in, by aiohttp (`polling`, `websocket`) and by `at_once`, begin with `admit`."""

    def __init__(self, server: EngineHost, refusals: ErrorResponses) -> None:
        self._server = server
        self._refusals = refusals

    async def polling(self, request: web.Request, jsonp: int | None) -> Reply:
        """A session whose client polls: its open packet."""
        socket, refusal = await self._opened(request, "polling")
        if refusal is not None:
            return refusal
        reply = http.text_response(socket.taken(), jsonp)
        if cookie := self._server.cookie:
            named = cookie if isinstance(cookie, dict) else {"name": cookie, "path": "/", "SameSite": "Lax"}
            reply["headers"].append(("Set-Cookie", self._server.session_cookie(socket.sid, named)))
        return reply

    async def websocket(self, request: web.Request) -> Reply | web.StreamResponse:
        """A session over a WebSocket from its beginning."""
        granted = self.granted(request)
        if not isinstance(granted, UpgradeGrant):
            return granted
        socket, refusal = await self._opened(request, "websocket")
        if refusal is not None:
            return refusal
        websocket = self._carrier(socket)
        try:
            return switch(request, websocket, granted)
        except ConnectionResetError:
            socket.end(self._server.reason.TRANSPORT_CLOSE, abort=True)
            raise

    def admit(self, request: OpeningRequest, environ: dict[str, Any]) -> Reply | None:
        """The answer that refuses a new session to this request, whichever way it came; None: it may have one.
        `environ`: what CORS needs."""
        refusal = self._refusals.of_request(request, environ)
        if refusal is None and self._server.admit is not None:
            refusal = self._server.admit(request)
        return refusal

    def at_once(self, request: UpgradeRequest, welcome: Welcome, ahead: bytes) -> Reply | None:
        """Open the session that a plain request asks for, and make its connection the session's: `websocket`, of
        a server that lets everybody in. The answer that refuses it, if it is refused. `ahead`: what came behind it."""
        environ = http.cors_environ(request)
        answer = self.admit(request, environ) or self.granted(request)
        if not isinstance(answer, UpgradeGrant):
            answer["headers"] += self._server.cors_headers(environ)
            return answer
        socket = self._session("websocket")
        welcome(socket, request)
        socket.start()
        begin(request.transport, self._carrier(socket), answer, ahead)
        return None

    def granted(self, request: HandshakeRequest) -> UpgradeGrant | Reply:
        """The grant of a WebSocket, or the answer that refuses it."""
        try:
            return grant(request, deflate=self._server.deflate_threshold is not None)
        except HandshakeError as error:
            return self._refusals.bad(str(error), "bad-handshake")

    def websocket_of(self, socket: Socket) -> WebSocket:
        """A WebSocket for this session, which it does not use yet."""
        return WebSocket(
            socket,
            self._server.outbound,
            max_message=self._server.max_http_buffer_size + _MAX_MESSAGE_ROOM,
            max_buffered=self._server.max_buffered_bytes,
        )

    async def _opened(self, request: web.Request, transport: str) -> tuple[Socket, Reply | None]:
        """A new session, and the answer that refuses it, if it is refused."""
        socket = self._session(transport)
        sid = socket.sid
        environ_of = self._server.environ_of or http.environ_of
        accepted = await self._server.call_connect(sid, environ_of(request))
        if accepted is None or accepted is True:
            socket.start()
            return socket, None
        self._server.forget(socket)
        return socket, self._server.unauthorized(accepted or None)

    def _session(self, transport: str) -> Socket:
        """A new session, and its open packet."""
        server = self._server
        sid = server.generate_id() if server.peers is None else server.peers.named(server.generate_id())
        socket = server.sockets[sid] = Socket(server, sid)
        ping_interval_s = server.ping_interval + server.ping_interval_grace_period
        about = _about(self._upgrades(transport), server.ping_timeout, ping_interval_s, server.max_http_buffer_size)
        socket.write(Frame.text(f'0{{"sid":{_to_json(sid)},{about}'))
        return socket

    def _carrier(self, socket: Socket) -> WebSocket:
        """The WebSocket of a new session, which carries what was written to it."""
        websocket = self.websocket_of(socket)
        websocket.pending.extend(frame.wire for frame in socket.outbox or ())
        socket.outbox = None
        socket.websocket, socket.upgraded = websocket, True
        return websocket

    def _upgrades(self, transport: str) -> tuple[str, ...]:
        possible = self._server.allow_upgrades and transport == "polling" and "websocket" in self._server.transports
        return ("websocket",) if possible else ()


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
