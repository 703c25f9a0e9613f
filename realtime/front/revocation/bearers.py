"""Which connection came in with which token, by user: who must go when something is taken back."""

from collections.abc import Collection, Iterator

from common.auth.revocations import Revocation, revocation_refusal
from common.auth.tokens import Verified
from common.errors import Unauthenticated
from realtime.delivery.connections import Connection


class Bearers:
    """Those of one gateway. A connection has one token at a time, and one user for good."""

    def __init__(self) -> None:
        self._by_user: dict[str, dict[Connection, Verified]] = {}
        self._users: dict[Connection, str] = {}

    @property
    def users(self) -> Collection[str]:
        """All of them."""
        return self._by_user.keys()

    def add(self, connection: Connection, verified: Verified) -> Verified | None:
        """From now on this token counts. The one before, if any."""
        self._users[connection] = verified.user
        tokens = self._by_user.setdefault(verified.user, {})
        before = tokens.get(connection)
        tokens[connection] = verified
        return before

    def remove(self, connection: Connection) -> None:
        """Idempotent."""
        user = self._users.pop(connection, None)
        if user is not None:
            del self._by_user[user][connection]
            if not self._by_user[user]:
                del self._by_user[user]

    def against(self, revocation: Revocation) -> Iterator[tuple[Connection, Unauthenticated]]:
        """Those whose token this takes back, and what they are told."""
        for connection, verified in list(self._by_user.get(revocation.user, {}).items()):
            error = revocation_refusal(verified, revocation)
            if error is not None:
                yield connection, error
