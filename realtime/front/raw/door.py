"""The entrance of sockets that speak no Socket.IO: the same admission, origins and addresses as for all others."""

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from aiohttp import web

from config.settings import GatewaySettings
from realtime.front.bounds.bounds import FrontBounds
from realtime.front.hub import Hub
from realtime.front.namespace import Namespace, connection_environ
from realtime.front.raw.routes import RawRoute
from realtime.front.raw.session import RawSession
from realtime.front.session.sessions import SocketSessions
from realtime.websocket.connection import Outbound, WebSocket
from realtime.websocket.handshake import HandshakeError, grant, switch, wants_websocket

_SID_BYTES: Final = 15


class RawDoor:
    """Of one gateway."""

    def __init__(
        self,
        routes: Sequence[RawRoute],
        front: Namespace,
        settings: GatewaySettings,
        *,
        hub: Hub,
        bounds: FrontBounds,
        sessions: SocketSessions,
    ) -> None:
        self._routes = routes
        self._front = front
        self._settings = settings
        self._hub = hub
        self._bounds = bounds
        self._sessions = sessions

    def attach(self, app: web.Application, outbound: Outbound) -> None:
        """Serve the routes."""
        for route in self._routes:
            app.router.add_get(route.path + "/{name}", partial(self._handle, route, outbound))

    async def _handle(self, route: RawRoute, outbound: Outbound, request: web.Request) -> web.StreamResponse:
        if not wants_websocket(request):
            return web.Response(status=426, headers={"Upgrade": "websocket"}, text="This is for WebSockets.")
        if not self._is_origin_good(request.headers.get("Origin"), request.host):
            return web.Response(status=403, text="Pages of this origin may not connect.")
        opening: Any = request
        if (refusal := self._front.admit(opening)) is not None:
            return _refused(refusal)
        try:
            granted = grant(request, deflate=False)
        except HandshakeError as error:
            return web.Response(status=400, text=str(error))
        session = RawSession(route, request.match_info["name"], self._hub, self._bounds, sessions=self._sessions)
        socket = WebSocket(
            session, outbound, max_message=route.max_message, max_buffered=self._settings.max_buffered_bytes
        )
        session.socket = socket
        address = self._front.network(connection_environ(opening))
        switched = switch(request, socket, granted)
        session.begin(secrets.token_urlsafe(_SID_BYTES), request.query.get("token", ""), address)
        return switched

    def _is_origin_good(self, origin: str | None, host: str) -> bool:
        """Browsers say whose page it is; other clients say nothing."""
        if origin is None or self._settings.any_origin or origin in self._settings.cors_origins:
            return True
        return origin.partition("://")[2] == host


def _refused(refusal: Mapping[str, Any]) -> web.Response:
    status = int(refusal["status"].split()[0])
    headers = {name: value for name, value in refusal["headers"] if name.lower() != "content-type"}
    return web.Response(status=status, headers=headers, body=refusal["response"], content_type="application/json")
