"""Deadlines of a session: the time to show a token, and the life of the token."""

from functools import partial

import msgspec

from common.auth.tokens import Verified
from common.clock import to_rfc3339
from common.errors import TokenExpired, Unauthenticated
from realtime.delivery.connections import Connection
from realtime.front.hub import Hub


class Expiry:
    """Those of one gateway. A connection has one deadline at a time."""

    def __init__(self, hub: Hub, *, warning_s: float, leeway_ms: int) -> None:
        """`warning_s`: before a token expires, its client is told; 0: it is not. `leeway_ms`: for clocks that differ,
        that a token is accepted after it has expired."""
        self._warning_s = warning_s
        self._leeway_ms = leeway_ms
        self._clock = hub.clock
        self._deadlines = hub.deadlines
        self._dismissals = hub.dismissals

    def await_token(self, connection: Connection, within_s: float) -> None:
        """Disconnect the socket, unless it has shown a token by then."""
        connection.arm(self._deadlines.after(within_s, partial(self._give_up, connection)))

    def watch(self, connection: Connection, verified: Verified) -> None:
        """Disconnect the socket when this token expires, and warn its client before."""
        left_s = self._left_s(verified)
        if self._warning_s > 0:
            warning = partial(self._warn, connection, verified)
            connection.arm(self._deadlines.after(left_s - self._warning_s, warning))
        else:
            connection.arm(self._deadlines.after(left_s, partial(self._expire, connection)))

    def _left_s(self, verified: Verified) -> float:
        """Until the token expires; one that was accepted after that has the leeway."""
        left_ms = verified.expires_ms - self._clock.now_ms()
        return (left_ms if left_ms > 0 else left_ms + self._leeway_ms) / 1000

    def _warn(self, connection: Connection, verified: Verified) -> None:
        expiring = msgspec.json.encode({"expires_at": to_rfc3339(verified.expires_ms)})
        connection.writer.emit("token_expiring", expiring)
        connection.arm(self._deadlines.after(self._left_s(verified), partial(self._expire, connection)))

    def _expire(self, connection: Connection) -> None:
        expired = TokenExpired("The token has expired. Connect with a fresh one.")
        self._dismissals.dismiss(connection, expired, "token expired")

    def _give_up(self, connection: Connection) -> None:
        if connection.verified is None:
            self._dismissals.dismiss(connection, Unauthenticated("No token came in time."), "not authenticated")
