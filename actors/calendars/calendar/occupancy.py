"""The time that is taken. Entries lie in buckets of one UTC day each, so a look at a day costs what that day holds."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from common import timeline
from common.timeline import DAY_MS

State = Literal["tentative", "taken"]


class TimeEntry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Time taken by one booking. `key` is unique to one attempt to book; a booking that moves has two for a moment.

    Bookings of the same `session` (same service, same time) share it. `owner` is the entity that decides what becomes
    of it. `before` and `after` are buffers, in ms. `hold`: not confirmed yet, and counts against its client's holds.
    """

    key: str
    booking: str
    owner: str
    start: int
    end: int
    before: int = 0
    after: int = 0
    session: str = ""
    service: str = ""
    client: str = ""
    state: State = "tentative"
    overridden: bool = False
    hold: bool = False


@dataclass(slots=True)
class Occupancy:
    """All entries of one calendar or agenda. `zone` is that in which days and weeks are counted."""

    zone: ZoneInfo | None = None
    entries: dict[str, TimeEntry] = field(default_factory=dict)
    _buckets: dict[int, dict[str, TimeEntry]] = field(default_factory=dict)
    _counts: Counter[tuple[str, int, str]] = field(default_factory=Counter)  # (what, day or week, of whom)
    _forgotten: int = 0  # the UTC day before which nothing is kept

    def put(self, entry: TimeEntry) -> None:
        """Add an entry, or replace that of the same key."""
        self.drop(entry.key)
        self.entries[entry.key] = entry
        for day in _days(entry):
            self._buckets.setdefault(day, {})[entry.key] = entry
        self._count(entry, 1)

    def drop(self, key: str) -> TimeEntry | None:
        """Take an entry out; None when it was not there."""
        entry = self.entries.pop(key, None)
        if entry is None:
            return None
        for day in _days(entry):
            bucket = self._buckets[day]
            del bucket[key]
            if not bucket:
                del self._buckets[day]
        self._count(entry, -1)
        return entry

    def forget_before(self, at_ms: int) -> None:
        """Forget what ended before that day, so that memory and snapshots stay as large as what lies ahead."""
        day = at_ms // DAY_MS
        if day <= self._forgotten:
            return
        self._forgotten = day
        for entry in [one for one in self.entries.values() if one.end <= day * DAY_MS and one.state == "taken"]:
            self.drop(entry.key)

    def near(self, start: int, end: int) -> Iterator[TimeEntry]:
        """Entries of which a part, buffers included, lies in [start, end); perhaps one twice."""
        for day in range(start // DAY_MS, (end - 1) // DAY_MS + 1):
            bucket = self._buckets.get(day)
            if bucket:
                for entry in bucket.values():
                    if entry.start - entry.before < end and start < entry.end + entry.after:
                        yield entry

    def each_near(self, start: int, end: int) -> list[TimeEntry]:
        """The same, each once."""
        return list({one.key: one for one in self.near(start, end)}.values())

    def count(self, what: str, number: int, whom: str = "") -> int:
        """The number of bookings by `day`, `week`, `client_day`, `client_week`, `service_day`, `service_week`."""
        return self._counts[what, number, whom]

    def recount(self, zone: ZoneInfo) -> None:
        """Days and weeks are those of another zone from now on."""
        self.zone = zone
        self._counts.clear()
        for entry in self.entries.values():
            self._count(entry, 1)

    def _count(self, entry: TimeEntry, by: int) -> None:
        if self.zone is None or not entry.booking:
            return
        for key in _counted(self.zone, entry):
            self._counts[key] += by
            if not self._counts[key]:
                del self._counts[key]


def _days(entry: TimeEntry) -> range:
    return range((entry.start - entry.before) // DAY_MS, (entry.end + entry.after - 1) // DAY_MS + 1)


def _counted(zone: ZoneInfo, entry: TimeEntry) -> tuple[tuple[str, int, str], ...]:
    day = timeline.day_of(zone, entry.start)
    week = timeline.week_of(day)
    return (
        ("day", day, ""),
        ("week", week, ""),
        ("client_day", day, entry.client),
        ("client_week", week, entry.client),
        ("service_day", day, entry.service),
        ("service_week", week, entry.service),
    )
