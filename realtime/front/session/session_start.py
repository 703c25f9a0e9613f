"""The beginning of a session: its announcement, and what the socket missed while it was away."""

import msgspec

from common.clock import to_rfc3339
from common.errors import CarewireError
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.delivery.requests import Hello
from realtime.front.bounds.admission import ConnectionAdmission
from realtime.front.hub import Hub
from realtime.front.session.recovery import SocketRecovery

log = get_logger(__name__)


class SessionStart:
    """Of the sessions of one gateway."""

    def __init__(self, hub: Hub, recovery: SocketRecovery, admission: ConnectionAdmission) -> None:
        self._gateway = hub.name
        self._greet = hub.greet
        self._clock = hub.clock
        self._tasks = hub.tasks
        self._subscriptions = hub.subscriptions
        self._dismissals = hub.dismissals
        self._recovery = recovery
        self._admission = admission

    def begin(self, connection: Connection) -> None:
        """Send the session first, then what was addressed to the user, then what the client named. Does not wait."""
        self._tasks.spawn(self._catch_up(connection))

    def announce(self, connection: Connection) -> None:
        """Send `session`: who the socket is to us."""
        verified = connection.verified
        assert verified is not None  # a session begins with a token
        connection.announced = True
        session = {
            "connection_id": connection.sid,
            "user_id": verified.user,
            "role": verified.role,
            "gateway": self._gateway,
            "server_time": to_rfc3339(self._clock.platform_ms()),
            "inbox_seq": max(connection.inbox_seq, self._subscriptions.version(f"user:{verified.user}")),
        }
        connection.writer.emit("session", msgspec.json.encode(session))
        self._greet(connection)

    async def _catch_up(self, connection: Connection) -> None:
        with self._admission.handshake():
            try:
                missed = await self._recovery.inbox(connection)
            except CarewireError as error:
                log.error("session.failed", sid=connection.sid, user=connection.user, code=error.code)
                self._dismissals.dismiss(connection, error, "refused")
                return
            self.announce(connection)
            for text in missed:
                connection.writer.text(text)
            left = await self._recovery.named(connection)
            connection.hello = Hello()
        await self._recovery.later(connection, left)
