"""Time as an argument: whoever needs it is handed a clock, so tests own it.

Instants are integer milliseconds since the Unix epoch (UTC); on the wire they are RFC 3339 with milliseconds.
"""

import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

from typing_extensions import override

_EPOCH: Final = datetime(1970, 1, 1)  # naive, and UTC by agreement  # noqa: DTZ001


class Clock(Protocol):
    """The calendar's time as the wall shows it and as the platform goes by it, and one that never jumps.

    Entities, timers and activities go by the platform's. Whatever protects somebody goes by the wall's: tokens, codes,
    sessions, signed links, leases, limits, how old a webhook may be. The two are the same unless somebody has moved the
    platform's (`MovableClock`).
    """

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, by the wall. May jump when the machine's clock is set."""

    def platform_ms(self) -> int:
        """Milliseconds since the Unix epoch, by the platform."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start. Never runs backwards."""


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return time.monotonic()


class MovableClock(SystemClock):
    """The machine's own clocks, the platform's time so much ahead of them. It can be moved forward, never back."""

    def __init__(self, ahead_ms: int = 0) -> None:
        self.ahead_ms = ahead_ms

    @override
    def platform_ms(self) -> int:
        return self.now_ms() + self.ahead_ms

    def move(self, ahead_ms: int) -> bool:
        """So much ahead of the wall from now on, unless it is already further. Whether it has moved."""
        if ahead_ms <= self.ahead_ms:
            return False
        self.ahead_ms = ahead_ms
        return True


@lru_cache(maxsize=1024)  # all that one turn decides happens in the same millisecond
def to_rfc3339(at_ms: int) -> str:
    """`1763631000000` -> `"2025-11-20T09:30:00.000Z"` (RFC 3339, UTC, milliseconds)."""
    seconds, millis = divmod(at_ms, 1000)
    return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()}.{millis:03d}Z"
