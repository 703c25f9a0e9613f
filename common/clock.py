"""Time as an argument: whoever needs it is handed a clock, so tests own it.

Instants are integer milliseconds since the Unix epoch (UTC); on the wire they are RFC 3339 with milliseconds.
"""

import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

_EPOCH: Final = datetime(1970, 1, 1)  # naive, and UTC by agreement  # noqa: DTZ001


class Clock(Protocol):
    """Two readings: the calendar's time, and one that never jumps."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch. May jump when the machine's clock is set."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start. Never runs backwards."""


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


@lru_cache(maxsize=1024)  # all that one turn decides happens in the same millisecond
def to_rfc3339(at_ms: int) -> str:
    """`1763631000000` -> `"2025-11-20T09:30:00.000Z"` (RFC 3339, UTC, milliseconds)."""
    seconds, millis = divmod(at_ms, 1000)
    return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()}.{millis:03d}Z"
