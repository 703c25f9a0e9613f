"""When a client is pinged, and by when it has to answer. Decides; whoever holds it writes, and ends."""

from realtime.engineio.session.session_host import SessionHost


class Heartbeat:
    """The pings of one client. Between two of them there is nothing to await; after one, the pong."""

    __slots__ = ("_host", "_next_ping_s", "_pong_by_s")

    def __init__(self, host: SessionHost) -> None:
        self._host = host
        self._next_ping_s = host.now_s() + host.ping_interval
        self._pong_by_s = 0.0

    @property
    def first_s(self) -> float:
        """When to look for the first time."""
        return self._next_ping_s

    def due(self, now_s: float) -> tuple[bool, float]:
        """Whether to ping now, and when to look again; 0.0: the client is lost."""
        if self._pong_by_s:
            return False, self._awaiting(now_s)
        if now_s < self._next_ping_s:
            return False, self._next_ping_s
        in_time = now_s - self._next_ping_s < self._host.ping_timeout / 4
        self._pong_by_s = (self._next_ping_s if in_time else now_s) + self._host.ping_timeout
        return True, self._pong_by_s

    def _awaiting(self, now_s: float) -> float:
        if not self._host.monitored:
            return now_s + self._host.ping_timeout
        if now_s < self._pong_by_s:
            return self._pong_by_s
        tick_s = self._host.wheel.tick_s
        if now_s - self._pong_by_s > 4 * tick_s:
            self._pong_by_s = now_s + tick_s  # we were late: the answer may be there already, unread
            return self._pong_by_s
        return 0.0

    def overdue(self) -> bool:
        """Is an answer late by now?"""
        return bool(self._pong_by_s) and self._host.monitored and self._host.now_s() >= self._pong_by_s

    def answered(self) -> float:
        """The client has answered. When to look again; 0.0: no ping had been sent."""
        if not self._pong_by_s:
            return 0.0
        self._pong_by_s = 0.0
        self._next_ping_s = self._host.now_s() + self._host.ping_interval
        return self._next_ping_s
