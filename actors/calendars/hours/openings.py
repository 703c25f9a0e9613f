"""When a calendar is open: weekly hours, dates that differ, holidays, one-off openings, blackouts, in layers.

A date's override beats its holiday, which beats its weekday. One-off openings add to that. Blackouts take from all.
Days are worked out when they are first asked for, and kept. Each stretch of hours has a grid of its own, on which
bookings begin: it is counted from when the stretch opens, by the clock on the wall, and passes midnight with it.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from actors.calendars.hours.schedule import Schedule, minutes, public_holidays, span
from common import timeline
from common.timeline import DAY_MS, Span

_KEPT_DAYS: Final = 4000  # worked out and in memory, of one calendar
_LONGEST_DAYS: Final = 7  # what is open for longer than this is counted from each midnight

Layer = Literal["weekly", "override", "holiday"]


@dataclass(frozen=True, slots=True)
class Day:
    """One local day. `hours` is what the layers give, `open` what blackouts leave of it. In order, merged."""

    layer: Layer
    hours: tuple[Span, ...]
    open: tuple[Span, ...]


class Grid(NamedTuple):
    """The part of a stretch of hours that lies on one local day. `wall`: what the clock showed when the stretch opened
    (ms since 1970 of that clock), from which the beginnings of bookings are counted."""

    low: int
    high: int
    wall: int


class OpeningHours:
    """The open time of one schedule."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._days: dict[int, Day] = {}
        self._grids: dict[int, tuple[Grid, ...]] = {}
        self._holidays: dict[int, frozenset[int]] = {}
        self.zone = timeline.kept_zone(schedule.tz)
        self._weekly = {name: minutes(hours, name) for name, hours in schedule.weekly.items()}
        self._overrides = {
            timeline.day_number(override.date): minutes(override.hours, "hours") for override in schedule.overrides
        }
        self._extra = timeline.merged([span(opening, "openings") for opening in schedule.openings])
        self.blackouts = sorted((*span(blackout, "blackouts"), blackout.kind) for blackout in schedule.blackouts)
        self._gone = timeline.merged([(low, high) for low, high, _ in self.blackouts])

    def day(self, number: int) -> Day:
        """A local day."""
        found = self._days.get(number)
        if found is None:
            if len(self._days) >= _KEPT_DAYS:
                self._days.clear()
            found = self._days[number] = self._work_out(number)
        return found

    def grids(self, number: int) -> tuple[Grid, ...]:
        """The grids of a local day, one for each stretch of hours: blackouts leave gaps and begin none."""
        found = self._grids.get(number)
        if found is None:
            if len(self._grids) >= _KEPT_DAYS:
                self._grids.clear()
            hours = self.day(number).hours
            found = tuple(Grid(low, high, self._opened(number, low)) for low, high in hours)
            self._grids[number] = found
        return found

    def grid_at(self, at_ms: int) -> Grid | None:
        """The grid of the stretch that holds this instant; None: it is outside of all hours."""
        grids = self.grids(timeline.day_of(self.zone, at_ms))
        return next((grid for grid in grids if grid.low <= at_ms < grid.high), None)

    def contains(self, start: int, end: int) -> bool:
        """Is all of [start, end) open?"""
        return _covered(start, end, self._spans(start, end, blackouts=True))

    def total(self, start: int, end: int) -> int:
        """The open time within [start, end), in ms."""
        spans = self._spans(start, end, blackouts=True)
        return sum(max(0, min(high, end) - max(low, start)) for low, high in spans)

    def why_not(self, start: int, end: int) -> list[str]:
        """Every layer that stands against [start, end): `closed`, `override`, `holiday`, `blackout`, `maintenance`."""
        found: list[str] = []
        if not _covered(start, end, self._spans(start, end, blackouts=False)):
            days = range(timeline.day_of(self.zone, start), timeline.day_of(self.zone, end - 1) + 1)
            layers: set[str] = {self.day(number).layer for number in days}
            found += sorted(layers - {"weekly"}) or ["closed"]
        found += sorted({kind for low, high, kind in self.blackouts if low < end and start < high})
        return found

    def _opened(self, number: int, low: int) -> int:
        """The wall-clock time at which the stretch that is open at `low` opened, on this day."""
        opened = low
        for before in range(number - 1, number - 1 - _LONGEST_DAYS, -1):
            hours = self.day(before).hours
            if not hours or hours[-1][1] != opened:
                return opened + timeline.offset_ms(self.zone, opened)
            opened = hours[-1][0]
        return low + timeline.offset_ms(self.zone, low)

    def _spans(self, start: int, end: int, *, blackouts: bool) -> list[Span]:
        first, last = timeline.day_of(self.zone, start), timeline.day_of(self.zone, end - 1)
        days = [self.day(number) for number in range(first, last + 1)]
        return timeline.merged([one for day in days for one in (day.open if blackouts else day.hours)])

    def _work_out(self, number: int) -> Day:
        pieces = timeline.segments(self.zone, number)
        layer: Layer = "weekly"
        hours = self._weekly.get(timeline.weekday_of(number), [])
        if number in self._overrides:
            layer, hours = "override", self._overrides[number]
        elif self._is_holiday(number):
            layer, hours = "holiday", []
        spans = [wall_span for low, high in hours for wall_span in timeline.wall_spans(pieces, number, low, high)]
        whole = timeline.wall_spans(pieces, number, 0, 24 * 60)
        for low, high in self._extra_near(number):
            spans += [(max(low, a), min(high, b)) for a, b in whole if low < b and a < high]
        merged = timeline.merged(spans)
        return Day(layer, tuple(merged), tuple(timeline.without(merged, self._gone_near(merged))))

    def _is_holiday(self, number: int) -> bool:
        if self.schedule.holidays is None:
            return False
        year = timeline.date_of(number).year
        if year not in self._holidays:
            self._holidays[year] = public_holidays(self.schedule.holidays, year)
        return number in self._holidays[year]

    def _extra_near(self, number: int) -> list[Span]:
        low, high = (number - 2) * DAY_MS, (number + 3) * DAY_MS
        return [one for one in self._extra if one[0] < high and low < one[1]]

    def _gone_near(self, spans: list[Span]) -> list[Span]:
        if not spans or not self._gone:
            return []
        low, high = spans[0][0], spans[-1][1]
        first = max(0, bisect_right(self._gone, (low, low)) - 1)
        return [one for one in self._gone[first:] if one[0] < high and low < one[1]]


def _covered(start: int, end: int, spans: list[Span]) -> bool:
    return any(low <= start and end <= high for low, high in spans)
