"""Recurrence: RRULE (RFC 5545) over wall-clock time, so that a series stays at nine o'clock when clocks change.

Rules may follow each other (`FREQ=WEEKLY;COUNT=8 THEN FREQ=MONTHLY;COUNT=6`): each goes on where the one before ends.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from actors.calendars.ical import recurrence_rules
from actors.calendars.ical.rule import FREQUENCIES, parse
from actors.calendars.ical.step_budget import Steps, TooManySteps
from common import timeline
from common.errors import InvalidArgument

MOST: Final = 400  # occurrences of one series
HORIZON: Final = timedelta(days=5 * 366)
MOST_STEPS: Final = 30_000  # of all parts of one rule, some 50 ms
_LONGEST: Final = 500
_PARTS: Final = frozenset(("FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"))
_DAY: Final = re.compile(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")


def expand(rule: str, start: int, zone: ZoneInfo, exceptions: Iterable[str] = ()) -> list[int]:
    """The instants at which a series that begins at `start` recurs, without the exceptions (dates or instants).

    Raises:
        InvalidArgument: a malformed rule, one without an end, too many occurrences, or one that takes too long.
    """
    wall = timeline.wall_of(zone, start)
    dates, instants = _exceptions(exceptions)
    steps = Steps(MOST_STEPS)
    walls: list[datetime] = []
    for part in _parts(rule):
        since = walls[-1] if walls else wall
        found = _walls(part, since, zone, steps)
        walls += [one for one in found if not walls or one > since]
    if not walls:
        raise _invalid("rrule has no occurrence")
    if len(walls) > MOST:
        raise _invalid(f"rrule has more than {MOST} occurrences")
    found_ms = [timeline.instant_of(zone, one) for one in walls if one.date().isoformat() not in dates]
    return [fromkey for fromkey in dict.fromkeys(found_ms) if fromkey not in instants]


def _parts(rule: str) -> list[str]:
    if len(rule) > _LONGEST:
        raise _invalid(f"rrule has at most {_LONGEST} characters")
    return [part.strip().removeprefix("RRULE:") for part in rule.split(" THEN ")]


def _walls(text: str, start: datetime, zone: ZoneInfo, steps: Steps) -> list[datetime]:
    """At most one more than are allowed."""
    _check(text)
    try:
        rule = parse(text)
    except ValueError:
        raise _invalid("rrule is not a recurrence rule (RFC 5545)") from None
    until = min(_until(rule.until or None, zone, start + HORIZON), start + HORIZON)
    found: list[datetime] = []
    try:
        for period in recurrence_rules.periods(replace(rule, until=""), start, until, steps):
            found += period
            if len(found) > MOST:
                break
    except TooManySteps:
        raise _invalid("rrule takes too long to work out: make it simpler, or end it sooner") from None
    return found[: MOST + 1]


def _check(rule: str) -> None:
    """Our series are of days, and end."""
    parts: dict[str, str] = {}
    for member in rule.upper().split(";"):
        name, _, value = member.partition("=")
        if name not in _PARTS or not value or name in parts:
            raise _invalid("rrule is not a recurrence rule (RFC 5545) of days")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES[:4]:
        raise _invalid("rrule: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY")
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise _invalid("rrule needs COUNT or UNTIL, not both")
    if "COUNT" in parts and not (parts["COUNT"].isdecimal() and 1 <= int(parts["COUNT"]) <= MOST):
        raise _invalid(f"rrule: COUNT is 1 to {MOST}")
    if not all(_DAY.fullmatch(one) for one in parts.get("BYDAY", "MO").split(",")):
        raise _invalid("rrule: BYDAY looks like MO,WE or 2TU")


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
    for exception in exceptions:
        if len(exception) == len("2026-11-20"):
            dates.add(timeline.date_of(timeline.day_number(exception, "exceptions")).isoformat())
        else:
            instants.add(timeline.parse_instant(exception, "exceptions"))
    return dates, instants


def _invalid(complaint: str) -> InvalidArgument:
    return InvalidArgument(f"{complaint}.", details={"field": "rrule"})
