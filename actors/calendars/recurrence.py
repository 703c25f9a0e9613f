"""Recurrence: RRULE (RFC 5545) over wall-clock time, so that a series stays at nine o'clock when clocks change.

Rules may follow each other (`FREQ=WEEKLY;COUNT=8 THEN FREQ=MONTHLY;COUNT=6`): each goes on where the one before ends.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from actors.calendars import time
from config.errors import InvalidArgument

MOST: Final = 400  # occurrences of one series
HORIZON: Final = timedelta(days=5 * 366)
_LONGEST: Final = 500
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS: Final = frozenset(("FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"))
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = re.compile(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")


def expand(
    rule: str,
    start: int,
    zone: ZoneInfo,
    exceptions: Iterable[str] = (),
    *,
    most: int = MOST,
    horizon: timedelta = HORIZON,
) -> list[int]:
    """The instants at which a series that begins at `start` recurs, without the exceptions (dates or instants).

    Raises:
        InvalidArgument: a malformed rule, one without an end, or too many occurrences.
    """
    wall = time.wall_of(zone, start)
    dates, instants = _exceptions(exceptions)
    walls: list[datetime] = []
    for part in _parts(rule):
        since = walls[-1] if walls else wall
        found = _walls(part, since, zone, most, horizon)
        walls += [one for one in found if not walls or one > since]
    if not walls:
        raise _invalid("rrule has no occurrence")
    if len(walls) > most:
        raise _invalid(f"rrule has more than {most} occurrences")
    found_ms = [time.instant_of(zone, one) for one in walls if one.date().isoformat() not in dates]
    return [one for one in dict.fromkeys(found_ms) if one not in instants]


def _parts(rule: str) -> list[str]:
    if len(rule) > _LONGEST:
        raise _invalid(f"rrule has at most {_LONGEST} characters")
    return [part.strip().removeprefix("RRULE:") for part in rule.split(" THEN ")]


def _walls(rule: str, start: datetime, zone: ZoneInfo, most: int, horizon: timedelta) -> list[datetime]:
    """dateutil's expansion, with an end to it: a rule that never matches would be looked for until the year 9999."""
    parts = _members(rule)
    if parts.get("FREQ") not in _FREQUENCIES:
        raise _invalid("rrule: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY")
    if "COUNT" not in parts and "UNTIL" not in parts:
        raise _invalid("rrule needs COUNT or UNTIL")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _invalid("rrule has COUNT or UNTIL, not both")
    count = _count(parts.pop("COUNT", None), most)
    until = min(_until(parts.pop("UNTIL", None), zone, start + horizon), start + horizon)
    if not _possible(parts, start.date(), until.date()):
        return []
    parts["UNTIL"] = until.strftime("%Y%m%dT%H%M%S")
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        return list(islice(rrulestr(text, dtstart=start), min(count, most + 1)))
    except (ValueError, TypeError, KeyError, IndexError):
        raise _invalid("rrule is not a recurrence rule (RFC 5545)") from None


def _members(rule: str) -> dict[str, str]:
    members: dict[str, str] = {}
    for member in rule.upper().split(";"):
        name, _, value = member.partition("=")
        if name not in _PARTS or not value or name in members:
            raise _invalid("rrule is not a recurrence rule (RFC 5545) of days")
        members[name] = value
    if not members.get("INTERVAL", "1").isdecimal() or int(members.get("INTERVAL", "1")) < 1:
        raise _invalid("rrule: INTERVAL is 1 or more")
    return members


def _possible(parts: dict[str, str], start: date, until: date) -> bool:
    """Can any day match? dateutil would look for one until the year 9999, which takes seconds. Rules of which this
    cannot be told day by day are refused."""
    days = [_DAY.fullmatch(one) for one in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
    months, month_days = _numbers(parts, "BYMONTH"), _numbers(parts, "BYMONTHDAY")
    positions = _numbers(parts, "BYSETPOS")
    if None in days:
        raise _invalid("rrule: BYDAY looks like MO,WE or 2TU")
    plain = [one[2] for one in days if one is not None and one[1] is None]
    is_picked = parts["FREQ"] == "MONTHLY" and not month_days and bool(plain) and len(plain) == len(days)
    if positions and not (is_picked and all(1 <= abs(one) <= 4 * len(plain) for one in positions)):
        raise _invalid("rrule: BYSETPOS picks among the BYDAY of a month")
    weekdays = {_WEEKDAYS.index(one[2]) for one in days if one is not None}
    for number in range((until - start).days + 1):
        day = start + timedelta(days=number)
        last = monthrange(day.year, day.month)[1]
        if (
            (not months or day.month in months)
            and (not weekdays or day.weekday() in weekdays)
            and (not month_days or day.day in month_days or day.day - last - 1 in month_days)
            and ("WKST" in parts or _period(day, start, parts["FREQ"]) % int(parts.get("INTERVAL", "1")) == 0)
        ):
            return True
    return False


def _numbers(parts: dict[str, str], name: str) -> set[int]:
    try:
        return {int(one) for one in parts[name].split(",")} if name in parts else set()
    except ValueError:
        raise _invalid(f"rrule: {name} has numbers") from None


def _period(day: date, start: date, frequency: str) -> int:
    """How many days, weeks, months or years after the first."""
    match frequency:
        case "DAILY":
            return (day - start).days
        case "WEEKLY":
            return ((day - timedelta(days=day.weekday())) - (start - timedelta(days=start.weekday()))).days // 7
        case "MONTHLY":
            return (day.year - start.year) * 12 + day.month - start.month
    return day.year - start.year


def _count(value: str | None, most: int) -> int:
    if value is None:
        return most + 1
    if not value.isdecimal() or not 1 <= int(value) <= most:
        raise _invalid(f"rrule: COUNT is 1 to {most}")
    return int(value)


def _until(value: str | None, zone: ZoneInfo, latest: datetime) -> datetime:
    """As the wall shows it; a date includes that day."""
    if value is None:
        return latest
    try:
        if value.endswith("Z"):
            moment = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return moment.astimezone(zone).replace(tzinfo=None)
        if "T" in value:
            return datetime.strptime(value, "%Y%m%dT%H%M%S")
        return datetime.strptime(value, "%Y%m%d") + timedelta(hours=23, minutes=59, seconds=59)
    except (ValueError, OverflowError):
        raise _invalid("rrule: UNTIL looks like 20261224T090000Z or 20261224") from None


def _exceptions(exceptions: Iterable[str]) -> tuple[set[str], set[int]]:
    dates, instants = set(), set()
    for one in exceptions:
        if len(one) == len("2026-11-20"):
            dates.add(time.date_of(time.day_number(one, "exceptions")).isoformat())
        else:
            instants.add(time.parse_instant(one, "exceptions"))
    return dates, instants


def _invalid(complaint: str) -> InvalidArgument:
    return InvalidArgument(f"{complaint}.", details={"field": "rrule"})
