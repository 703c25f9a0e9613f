"""The state of the waitlist, and its form in a snapshot. Times in ms."""

import msgspec


class WaitlistEntry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One wish. Times in ms; `times` are minutes after midnight on the calendar's clock. `passed`: offers let go, as
    `calendar@start`. `key`: the mark of the key that it was asked for with."""

    id: str
    client: str
    calendars: tuple[str, ...]
    service: str
    start: int
    end: int
    weekdays: tuple[str, ...] = ()
    times: tuple[tuple[int, int], ...] = ()
    urgency: str = "normal"
    joined: int = 0
    passed: tuple[str, ...] = ()
    key: str = ""


class FreedSlot(msgspec.Struct, frozen=True, array_like=True):
    """Time that came free. `tried` are entries for which nothing in it fits."""

    calendar: str
    start: int
    end: int
    tried: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Time that is kept for somebody. Until it is `offered`, the calendar has not answered yet. `id` will be that of
    the booking."""

    id: str
    entry: str
    client: str
    calendar: str
    service: str
    opening: FreedSlot
    offered: bool = False
    start: int = 0
    end: int = 0
    expires: int = 0

    @property
    def key(self) -> str:
        """Of its time at the calendar."""
        return f"{self.id}.offer"


class Counts(msgspec.Struct, array_like=True, kw_only=True):
    """For analytics. `waited_ms` sums over accepted offers; `wanted` counts the hours of the day that were wished."""

    joined: int = 0
    offered: int = 0
    accepted: int = 0
    declined: int = 0
    lapsed: int = 0
    waited_ms: int = 0
    wanted: list[int] = msgspec.field(default_factory=lambda: [0] * 24)


class WaitlistState(msgspec.Struct, array_like=True, kw_only=True):
    """The waitlist as a snapshot of it."""

    entries: list[WaitlistEntry]
    openings: list[FreedSlot]
    offers: list[Offer]
    counts: Counts
    accepted: dict[str, list[int]] = {}
