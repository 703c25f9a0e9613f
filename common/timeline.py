"""Wall clocks and instants. An instant is int milliseconds UTC; a local day is an int, days since 1970-01-01.

A wall-clock span of a day ([09:00, 17:00)) holds exactly those instants at which a clock on that wall shows a time in
it. So a span shrinks over the hour that spring skips and is gone through twice where autumn repeats an hour.
"""

import re
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from common.errors import InvalidArgument

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Span = tuple[int, int]

_EPOCH: Final = date(1970, 1, 1).toordinal()
_FARTHEST_MS: Final = 16 * HOUR_MS  # no clock was ever farther from UTC (Manila, 1844: 15:56)
_STEP_MS: Final = 4 * HOUR_MS
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_EARLIEST_MS: Final = -2_208_988_800_000  # 1900
_LATEST_MS: Final = 7_258_118_400_000  # 2200


def _shipped() -> frozenset[str]:
    """The names that the tzdata package has, aliases too (a browser in Kolkata still says Asia/Calcutta)."""
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(listed.split()) - {"Factory"}


ZONES: Final = _shipped()
"""What a zone may be called: the same on every machine, without its own (`localtime`) and those that count leap
seconds (`right/...`)."""


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of this name.

    Raises:
        InvalidArgument: there is none.
    """
    if name not in ZONES:
        raise InvalidArgument("tz is an IANA time zone, such as Europe/Berlin.", details={"field": "tz"})
    return ZoneInfo(name)


def kept_zone(name: str) -> ZoneInfo:
    """The zone of a record. Earlier releases took any of the machine's files: those with a prefix mean the zone of that
    name, and one that is no longer there is UTC, so that its calendar can still be read and changed."""
    try:
        return ZoneInfo(name.removeprefix("posix/").removeprefix("right/"))
    except (LookupError, ValueError, OSError):
        return ZoneInfo("UTC")


def offset_ms(zone: ZoneInfo, at_ms: int) -> int:
    """The zone's offset from UTC at this instant (ms)."""
    offset = datetime.fromtimestamp(at_ms // 1000, zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() * 1000)


def day_of(zone: ZoneInfo, at_ms: int) -> int:
    """The local day at this instant."""
    return (at_ms + offset_ms(zone, at_ms)) // DAY_MS


def week_of(day: int) -> int:
    """The number of the week, Monday to Sunday, that a local day is in."""
    return (day + 3) // 7


def weekday_of(day: int) -> str:
    """`mon` ... `sun`."""
    return WEEKDAYS[(day + 3) % 7]


def date_of(day: int) -> date:
    """The calendar's date of a local day."""
    return date.fromordinal(_EPOCH + day)


def day_number(text: str, field: str = "date") -> int:
    """The local day `2026-11-20`.

    Raises:
        InvalidArgument: it is none.
    """
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        raise InvalidArgument(f"{field} is a date, such as 2026-11-20.", details={"field": field}) from None


def minutes_of(text: str, field: str) -> int:
    """Minutes after midnight of `09:30`; `24:00` is the end of the day.

    Raises:
        InvalidArgument: it is no time.
    """
    if text == "24:00":
        return 24 * 60
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"{field}: times look like 09:30.", details={"field": field})
    return int(match[1]) * 60 + int(match[2])


def parse_instant(text: str, field: str = "start") -> int:
    """The instant of an RFC 3339 time with an offset.

    Raises:
        InvalidArgument: it is none, or lies outside 1900-2200.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"{field} is a time with an offset, such as 2026-11-20T09:30:00Z."
        raise InvalidArgument(message, details={"field": field})
    at_ms = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if not _EARLIEST_MS <= at_ms <= _LATEST_MS:
        raise InvalidArgument(f"{field} lies too far away.", details={"field": field})
    return at_ms


def instant_of(zone: ZoneInfo, wall: datetime) -> int:
    """The instant at which the zone's clocks show `wall` (naive), as RFC 5545 3.3.5 has it: the first one if they do
    twice; if they never do, with the offset that was in force before they jumped."""
    moment = wall.replace(tzinfo=zone, fold=0)
    return int(moment.timestamp() * 1000)


def wall_of(zone: ZoneInfo, at_ms: int) -> datetime:
    """The wall-clock time in the zone (naive)."""
    return datetime(1970, 1, 1) + timedelta(milliseconds=at_ms + offset_ms(zone, at_ms))


def segments(zone: ZoneInfo, day: int) -> list[tuple[int, int, int]]:
    """(from, to, offset) of the stretches around a local day in which the offset does not change.

    Two changes within four hours that cancel each other would be missed; the tz database has none.
    """
    at, end = day * DAY_MS - _FARTHEST_MS, (day + 1) * DAY_MS + _FARTHEST_MS
    begun, offset = at, offset_ms(zone, at)
    found = []
    while at < end:
        then = min(at + _STEP_MS, end)
        if offset_ms(zone, then) != offset:
            change = _change(zone, at, then, offset)
            found.append((begun, change, offset))
            begun, offset, then = change, offset_ms(zone, change), change
        at = then
    found.append((begun, end, offset))
    return found


def _change(zone: ZoneInfo, before: int, after: int, offset: int) -> int:
    """The first full second in (before, after] with another offset."""
    low, high = before // 1000, after // 1000
    while high - low > 1:
        middle = (low + high) // 2
        if offset_ms(zone, middle * 1000) == offset:
            low = middle
        else:
            high = middle
    return high * 1000


def wall_spans(pieces: list[tuple[int, int, int]], day: int, from_minute: int, to_minute: int) -> list[Span]:
    """The instants of a local day at which the wall shows [from, to). `pieces` are the day's `segments`."""
    base = day * DAY_MS
    spans = []
    for begins, ends, offset in pieces:
        low = max(begins, base + from_minute * MINUTE_MS - offset)
        high = min(ends, base + to_minute * MINUTE_MS - offset)
        if low < high:
            spans.append((low, high))
    return spans


def merged(spans: list[Span]) -> list[Span]:
    """The union, in order, as few spans as possible."""
    result: list[Span] = []
    for low, high in sorted(spans):
        if result and low <= result[-1][1]:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return result


def without(spans: list[Span], gone: list[Span]) -> list[Span]:
    """`spans` (merged) minus `gone` (merged)."""
    result: list[Span] = []
    for low, high in spans:
        for off, on in gone:
            if on <= low or off >= high:
                continue
            if off > low:
                result.append((low, off))
            low = on
            if low >= high:
                break
        if low < high:
            result.append((low, high))
    return result
