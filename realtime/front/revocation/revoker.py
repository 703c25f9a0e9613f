"""Revoked tokens: which socket came in with which, and the end of those whose token is taken back."""

from collections.abc import Collection

from common.auth.revocations import Revocation
from common.auth.tokens import Verified
from common.errors import CarewireError
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.front.revocation.bearers import Bearers
from realtime.front.revocation.dismissals import Dismissals

log = get_logger(__name__)


class Revoker:
    """That of one gateway."""

    def __init__(self, dismissals: Dismissals) -> None:
        self._bearers = Bearers()
        self._dismissals = dismissals

    @property
    def users(self) -> Collection[str]:
        """The users with whose tokens revocations are compared."""
        return self._bearers.users

    def bears(self, connection: Connection, verified: Verified) -> Verified | None:
        """From now on this is the token of the socket. The one before, if any."""
        return self._bearers.add(connection, verified)

    def bears_no_more(self, connection: Connection, before: Verified | None = None) -> None:
        """The socket has closed, or its newest token was refused and the one `before` counts again. Idempotent."""
        self._bearers.remove(connection)
        if before is not None:
            self._bearers.add(connection, before)

    def revoked(self, revocation: Revocation) -> None:
        """Disconnect whoever came in with what has been taken back."""
        for connection, error in self._bearers.against(revocation):
            if connection.refused is None:
                connection.refused = error
                if connection.opened:
                    self.throw_out(connection, error)

    def throw_out(self, connection: Connection, error: CarewireError) -> None:
        """Close a socket whose token was taken back, whether its client reads or not."""
        log.info("session.revoked", sid=connection.sid, user=connection.user)
        self._dismissals.throw_out(connection, error, "revoked")
