"""VTIMEZONE components (RFC 5545, 3.6.5) as every calendar program reads them: STANDARD and DAYLIGHT, each recurring by
a rule of years wherever the zone has one, and never a list of dates, which Outlook passes over.
"""

from calendar import monthrange
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from actors.calendars.ical.rule import WEEKDAYS
from common import timeline

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2100  # a rule that holds until then goes on
_STEP_MS: Final = 5 * timeline.DAY_MS


class _Kind(NamedTuple):
    """The traits that changes by one rule share: offsets before and after, what clocks say then, month, weekday,
    time."""

    before: timedelta
    after: timedelta
    name: str
    is_summer: bool
    month: int
    weekday: int
    at: tuple[int, int, int]


@cache
def vtimezone(name: str) -> Timezone:
    """The zone from 1970 on. It is shared: do not change it."""
    zone = timeline.kept_zone(name)
    component = Timezone()
    component.add("tzid", name)
    first = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC).astimezone(zone)
    component.add_component(_part(_kind(first, first.utcoffset() or timedelta()), first.replace(tzinfo=None), ""))
    kinds: dict[_Kind, list[datetime]] = defaultdict(list)
    for change, before in _changes(zone):
        shown = change.astimezone(UTC).replace(tzinfo=None) + before
        kinds[_kind(change, before, shown)].append(shown)
    parts = [(run, kind) for kind, shown in kinds.items() for run in _runs(shown)]
    for run, kind in sorted(parts):
        component.add_component(_part(kind, run[0], _rule(kind, run)))
    return component


def _changes(zone: ZoneInfo) -> list[tuple[datetime, timedelta]]:
    """When the zone's clocks, or their name, change, and how far they were ahead of UTC before."""
    start = int(datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp() * 1000)
    end = int(datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp() * 1000)
    found = []
    for low, high in pairwise(range(start, end + _STEP_MS, _STEP_MS)):
        if _state(zone, low) != _state(zone, high):
            found += [(_moment(zone, at), before) for at, before in _between(zone, low, high)]
    return found


def _between(zone: ZoneInfo, low: int, high: int) -> list[tuple[int, timedelta]]:
    """The changes in (low, high], by halves, to the second."""
    if _state(zone, low) == _state(zone, high):
        return []
    if high - low <= 1000:
        return [(high, _moment(zone, low).utcoffset() or timedelta())]
    middle = (low + high) // 2000 * 1000
    return _between(zone, low, middle) + _between(zone, middle, high)


def _state(zone: ZoneInfo, at_ms: int) -> tuple[object, ...]:
    moment = _moment(zone, at_ms)
    return moment.utcoffset(), moment.tzname(), bool(moment.dst())


def _moment(zone: ZoneInfo, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, zone)


def _kind(change: datetime, before: timedelta, shown: datetime | None = None) -> _Kind:
    wall = shown or change.replace(tzinfo=None)
    after = change.utcoffset() or timedelta()
    at = (wall.hour, wall.minute, wall.second)
    return _Kind(
        before=before,
        after=after,
        name=change.tzname() or "",
        is_summer=bool(change.dst()),
        month=wall.month,
        weekday=wall.weekday(),
        at=at,
    )


def _runs(shown: list[datetime]) -> list[list[datetime]]:
    """Changes of years that follow each other and that one rule describes."""
    runs: list[list[datetime]] = []
    for one in sorted(shown):
        if runs and one.year == runs[-1][-1].year + 1 and _by_day([*runs[-1], one]):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _by_day(run: list[datetime]) -> str:
    """The part of a rule that picks these days out of their months: the n-th of a weekday, the last, or the one of
    seven days. "" for none."""
    weekday = WEEKDAYS[run[0].weekday()]
    if len({(one.day - 1) // 7 for one in run}) == 1 and run[0].day <= 28:
        return f"{(run[0].day - 1) // 7 + 1}{weekday}"
    if all(one.day + 7 > monthrange(one.year, one.month)[1] for one in run):
        return f"-1{weekday}"
    first, last = min(one.day for one in run), max(one.day for one in run)
    return f"{weekday}:{first}" if last - first <= 6 else ""


def _rule(kind: _Kind, run: list[datetime]) -> str:
    if len(run) == 1:
        return ""
    day, _, first = _by_day(run).partition(":")
    rule = f"FREQ=YEARLY;BYMONTH={kind.month};BYDAY={day}"
    if first:
        last = monthrange(2001, kind.month)[1]
        rule += ";BYMONTHDAY=" + ",".join(str(one) for one in range(int(first), min(int(first) + 7, last + 1)))
    if run[-1].year < _LAST_YEAR:
        rule += f";UNTIL={run[-1] - kind.before:%Y%m%dT%H%M%SZ}"
    return rule


def _part(kind: _Kind, begins: datetime, rule: str) -> TimezoneStandard | TimezoneDaylight:
    part = TimezoneDaylight() if kind.is_summer else TimezoneStandard()
    part.add("dtstart", begins)
    part.add("tzoffsetfrom", kind.before)
    part.add("tzoffsetto", kind.after)
    part.add("tzname", kind.name)
    if rule:
        part.add("rrule", vRecur.from_ical(rule))
    return part
