"""The walls of other people's calendars: zones that a file defines itself (RFC 5545, 3.6.5), and names of zones.

Nothing is guessed: a zone that is neither defined nor known is `unknown_time_zone`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from actors.calendars.ical import content_lines, recurrence_rules
from actors.calendars.ical.content_lines import Component, Malformed, WrittenTime
from actors.calendars.ical.rule import parse
from actors.calendars.ical.step_budget import Steps, TooManySteps
from common import timeline

_EPOCH: Final = datetime(1970, 1, 1)
_MOST_STEPS: Final = 20_000  # of one definition
_YEARS_BACK: Final = timedelta(days=3 * 366)
_DISPLAYED: Final = re.compile(r"\((?:UTC|GMT)(?:([+-])([0-9]{1,2}):([0-9]{2}))?\) ?(.*)")
_WITHOUT_CITIES: Final = {  # of the names that Windows displays
    "Alaska": "America/Anchorage",
    "Arizona": "America/Phoenix",
    "Atlantic Time (Canada)": "America/Halifax",
    "Central America": "America/Guatemala",
    "Central Time (US & Canada)": "America/Chicago",
    "Coordinated Universal Time": "UTC",
    "Eastern Time (US & Canada)": "America/New_York",
    "Hawaii": "Pacific/Honolulu",
    "Mountain Time (US & Canada)": "America/Denver",
    "Newfoundland": "America/St_Johns",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Saskatchewan": "America/Regina",
}
_CITIES: Final = {name.rpartition("/")[2].replace("_", " "): name for name in sorted(timeline.ZONES) if "/" in name}
_WINDOWS: Final = {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}


class Wall(Protocol):
    """A wall with a clock on it."""

    def instant(self, shown: datetime) -> int:
        """The instant (ms) at which it shows this; see `timeline.instant_of`."""

    def shown(self, at_ms: int) -> datetime:
        """The wall-clock time that it shows at an instant."""


class NamedZone:
    """Of a zone of the tz database."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def instant(self, shown: datetime) -> int:
        return timeline.instant_of(self._zone, shown)

    def shown(self, at_ms: int) -> datetime:
        return timeline.wall_of(self._zone, at_ms)


class _Onset(NamedTuple):
    at_ms: int
    before: int  # offsets, in ms
    after: int


class Defined:
    """Of a VTIMEZONE, around the time that is asked about."""

    def __init__(self, onsets: list[_Onset]) -> None:
        self._onsets = onsets
        self._instants = [onset.at_ms for onset in onsets]
        self._walls = [onset.at_ms + max(onset.before, onset.after) for onset in onsets]

    def instant(self, shown: datetime) -> int:
        wall_ms = _ms(shown)
        return wall_ms - self._offset(bisect_right(self._walls, wall_ms))

    def shown(self, at_ms: int) -> datetime:
        return _EPOCH + timedelta(milliseconds=at_ms + self._offset(bisect_right(self._instants, at_ms)))

    def _offset(self, number: int) -> int:
        """After so many onsets."""
        return self._onsets[number - 1].after if number else self._onsets[0].before


class FileZones:
    """Those of one file, worked out when first asked for. [start, end) in ms is what will be asked about."""

    def __init__(self, own: ZoneInfo, definitions: Iterable[Component], start: int, end: int, steps: Steps) -> None:
        self._own = NamedZone(own)
        self._utc = NamedZone(ZoneInfo("UTC"))
        self._definitions = {
            (definition.calendar, _stripped(definition.text("TZID"))): definition for definition in definitions
        }
        self._from = _EPOCH + timedelta(milliseconds=start)
        self._to = _EPOCH + timedelta(milliseconds=end)
        self._steps = steps
        self._found: dict[tuple[int, str], Wall | Malformed | TooManySteps] = {}

    def wall(self, moment: WrittenTime, calendar: int) -> Wall:
        """The wall of a time of this calendar of the file; dates, and times without a zone, are the owner's.

        Raises:
            Malformed: its zone is not known, or its definition cannot be read.
            TooManySteps: its definition takes too long to work out.
        """
        if moment.kind == "utc":
            return self._utc
        if moment.kind != "zoned":
            return self._own
        key = (calendar, _stripped(moment.zone))
        if key not in self._found:
            try:
                self._found[key] = self._resolved(key)
            except (Malformed, TooManySteps) as error:  # once is enough, however many events are in it
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, Exception):
            raise found
        return found

    def _resolved(self, key: tuple[int, str]) -> Wall:
        definition = self._definitions.get(key)
        if definition is not None and not (key[1] in timeline.ZONES and _ends(definition)):
            if definition.is_broken or not definition.parts:
                raise Malformed("bad_time_zone")
            self._steps.grant(_MOST_STEPS)
            return Defined(self._onsets(definition))
        name = known(key[1])
        if name is None:
            raise Malformed("unknown_time_zone")
        return NamedZone(ZoneInfo(name))

    def _onsets(self, definition: Component) -> list[_Onset]:
        try:
            found = {onset for part in definition.parts for onset in self._onsets_of(part)}
        except (ValueError, OverflowError):
            raise Malformed("bad_time_zone") from None
        if not found:
            raise Malformed("bad_time_zone")
        return sorted(found)

    def _onsets_of(self, part: Component) -> Iterable[_Onset]:
        begins = part.one("DTSTART")
        if begins is None:
            raise Malformed("bad_time_zone")
        before, after = (content_lines.offset(part.text(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
        start = content_lines.when(begins).wall
        walls = [start]
        for dates in part.all("RDATE"):
            walls += [when.wall for when in content_lines.whens(dates)]
        for rule in part.all("RRULE"):
            walls += self._recurrences(rule.value, start, before)
        unit = timedelta(milliseconds=1)
        return [_Onset(_ms(wall - before), before // unit, after // unit) for wall in walls]

    def _recurrences(self, text: str, start: datetime, before: timedelta) -> list[datetime]:
        """From some years before what is asked about, or before the end of a rule that ended earlier."""
        rule = parse(text)
        until = min(until_of(rule.until, before), self._to) if rule.until else self._to
        since = max(start, min(self._from, until) - _YEARS_BACK)
        found = recurrence_rules.periods(rule, start, until, self._steps, since=since)
        return [one for period in found for one in period]


def until_of(text: str, ahead: timedelta) -> datetime:
    """UNTIL as a wall shows it that is this much ahead of UTC; a date includes that day. Raises Malformed."""
    found = content_lines.when(content_lines.Property("UNTIL", {}, text))
    if found.kind == "date":
        return found.wall.replace(hour=23, minute=59, second=59)
    return found.wall + ahead if found.kind == "utc" else found.wall


def known(name: str) -> str | None:
    """The zone of the tz database that a name means for sure: its own, a path that ends in it, one of Windows, or the
    cities that Windows displays, when their clocks are alike and as far ahead as it says."""
    if name in timeline.ZONES:
        return name
    parts = name.strip("/").split("/")
    for number in range(1, min(len(parts), 4)):
        if (path := "/".join(parts[-number:])) in timeline.ZONES and "/" in path:
            return path
    if (windows := _WINDOWS.get(name.casefold())) is not None:
        return windows
    return _displayed(name)


def _displayed(name: str) -> str | None:
    match = _DISPLAYED.fullmatch(name)
    if match is None:
        return None
    if match[4] in _WITHOUT_CITIES:
        return _WITHOUT_CITIES[match[4]]
    cities = [_CITIES[one.strip()] for one in match[4].split(",") if one.strip() in _CITIES]
    ahead = timedelta(hours=int(match[2] or 0), minutes=int(match[3] or 0)) * (-1 if match[1] == "-" else 1)
    offsets = {tuple(_offset_of(city, month) for month in (1, 7)) for city in cities}
    return cities[0] if len(offsets) == 1 and min(offsets.pop()) == ahead else None


def _offset_of(name: str, month: int) -> timedelta:
    found = datetime(2026, month, 1, tzinfo=ZoneInfo(name)).utcoffset()
    assert found is not None
    return found


def _ends(definition: Component) -> bool:
    """Is it a list of changes, which says nothing about what follows the last?"""
    return not any("UNTIL" not in one.value.upper() for part in definition.parts for one in part.all("RRULE"))


def _stripped(name: str) -> str:
    return name.strip().strip('"')


def _ms(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(milliseconds=1)
