"""The life of a session, from connect to disconnect."""

import msgspec

from common.auth.tokens import Verified
from common.clock import to_rfc3339
from realtime.delivery.connections import Connection
from realtime.delivery.requests import Authenticate, Hello
from realtime.delivery.socket_writer import SocketWriter
from realtime.front.bounds.bounds import FrontBounds
from realtime.front.handlers import EventResult, Handler
from realtime.front.hub import Hub
from realtime.front.presence import PresenceEvents
from realtime.front.session.expiry import Expiry
from realtime.front.session.session_start import SessionStart
from realtime.front.session.sign_in import SignIn


class SocketSessions:
    """Those of one gateway."""

    def __init__(
        self,
        hub: Hub,
        bounds: FrontBounds,
        *,
        sign_in: SignIn,
        start: SessionStart,
        expiry: Expiry,
        presence: PresenceEvents,
    ) -> None:
        self._hub = hub
        self._bounds = bounds
        self._sign_in = sign_in
        self._start = start
        self._expiry = expiry
        self._presence = presence

    def handlers(self) -> list[Handler]:
        """Of the events by which a socket says who it is."""
        return [
            Handler(
                event="authenticate",
                action="socket.authenticate",
                limit="connect",
                request=Authenticate,
                call=self._authenticate,
                anonymous=True,
            )
        ]

    async def connect(self, sid: str, writer: SocketWriter, auth: msgspec.Raw | None, address: str = "") -> None:
        """A socket asks to connect. Without a token it may, for a while.

        Raises:
            CarewireError: it may not.
        """
        with self._bounds.admission.handshake():
            connection = Connection(sid, writer, Hello(), address=address)
            await self._sign_in.connect(connection, auth)
            self._hub.connections.add(connection)

    async def come_in(self, sid: str, writer: SocketWriter, token: str, address: str) -> Connection:
        """The same for a socket that speaks no Socket.IO: it has its token with it, and wants nothing but its route.

        Raises:
            CarewireError: it may not.
        """
        await self.connect(sid, writer, msgspec.Raw(msgspec.json.encode({"token": token})), address)
        connection = self._hub.connections.get(sid)
        assert connection is not None  # it has just been added
        assert connection.verified is not None
        connection.opened = True
        if connection.refused is not None:
            raise connection.refused
        self._expiry.watch(connection, connection.verified)
        self._presence.arrived(connection)
        return connection

    def opened(self, sid: str) -> None:
        """The client has been told that it is connected: what is sent from now on, it takes. Idempotent."""
        connection = self._hub.connections.get(sid)
        if connection is None or connection.opened:
            return
        connection.opened = True
        if connection.refused is not None:
            self._hub.revoker.throw_out(connection, connection.refused)
        elif connection.verified is None:
            self._expiry.await_token(connection, self._bounds.strangers.left_s(connection.writer.transport))
        else:
            self._begin(connection, connection.verified)

    def closed(self, sid: str, reason: str) -> None:
        """The socket has closed. Idempotent."""
        connection = self._hub.connections.remove(sid)
        if connection is None:
            return
        connection.closed = True
        self._hub.revoker.bears_no_more(connection)
        connection.writer.end()
        connection.arm(None)
        self._hub.gone(connection)
        self._presence.left(connection)
        self._hub.part(connection)
        self._hub.metrics.disconnected(reason)

    async def _authenticate(self, connection: Connection, request: Authenticate) -> EventResult:
        before = connection.verified
        verified = await self._sign_in.authenticate(connection, request.token)
        if before is None:
            self._begin(connection, verified)
        else:
            self._expiry.watch(connection, verified)
            if connection.announced:
                self._start.announce(connection)
        expires_at = to_rfc3339(verified.expires_ms)
        told = {"user_id": verified.user, "role": verified.role, "expires_at": expires_at}
        return EventResult(msgspec.json.encode(told))

    def _begin(self, connection: Connection, verified: Verified) -> None:
        self._bounds.strangers.known(connection.writer.transport)
        self._expiry.watch(connection, verified)
        self._presence.arrived(connection)
        self._start.begin(connection)
