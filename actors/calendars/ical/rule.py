"""Recurrence rules as anybody may write them (RFC 5545, 3.3.10), read."""

import re
from dataclasses import dataclass
from typing import Final

FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")


WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


_LONGEST: Final = 4000  # characters


_DAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")


_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}")


_NAMES: Final = frozenset(
    (
        *("FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", "BYSETPOS"),
        *("BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND"),
    )
)


Numbers = frozenset[int]


_NONE: Final[Numbers] = frozenset()


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """One rule. `days` are (n, weekday): the n-th of its month or year; 0 for each. `until` is as it was written."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    wkst: int = 0
    days: frozenset[tuple[int, int]] = frozenset()
    month_days: Numbers = _NONE
    year_days: Numbers = _NONE
    weeks: Numbers = _NONE
    months: Numbers = _NONE
    positions: Numbers = _NONE
    hours: Numbers = _NONE
    minutes: Numbers = _NONE
    seconds: Numbers = _NONE


def parse(text: str) -> RecurrenceRule:
    """The rule. Spaces, small letters, plus signs and empty parts are forgiven.

    Raises:
        ValueError: it is none.
    """
    if len(text) > _LONGEST:
        raise ValueError("too long")
    parts: dict[str, str] = {}
    for part in "".join(text.upper().split()).split(";"):
        name, _, value = part.partition("=")
        if not part or (name.startswith("X-") and value):
            continue
        if name not in _NAMES or not value or name in parts:
            raise ValueError(name)
        parts[name] = value
    freq, wkst = parts.get("FREQ", ""), parts.get("WKST", "MO")
    if freq not in FREQUENCIES or wkst not in WEEKDAYS:
        raise ValueError("FREQ or WKST")
    return RecurrenceRule(
        freq=freq,
        interval=_positive(parts.get("INTERVAL", "1")),
        count=_positive(parts["COUNT"]) if "COUNT" in parts else None,
        until=parts.get("UNTIL", ""),
        wkst=WEEKDAYS.index(wkst),
        days=frozenset(_day(one) for one in parts["BYDAY"].split(",")) if "BYDAY" in parts else frozenset(),
        month_days=_numbers(parts, "BYMONTHDAY", 31, signed=True),
        year_days=_numbers(parts, "BYYEARDAY", 366, signed=True),
        weeks=_numbers(parts, "BYWEEKNO", 53, signed=True),
        months=_numbers(parts, "BYMONTH", 12),
        positions=_numbers(parts, "BYSETPOS", 366, signed=True),
        hours=_numbers(parts, "BYHOUR", 23, least=0),
        minutes=_numbers(parts, "BYMINUTE", 59, least=0),
        seconds=_numbers(parts, "BYSECOND", 59, least=0),
    )


def _positive(value: str) -> int:
    if not _NUMBER.fullmatch(value) or int(value) < 1:
        raise ValueError(value)
    return int(value)


def _day(value: str) -> tuple[int, int]:
    match = _DAY.fullmatch(value)
    if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
        raise ValueError(value)
    return int(match[1] or 0), WEEKDAYS.index(match[2])


def _numbers(parts: dict[str, str], name: str, most: int, *, least: int = 1, signed: bool = False) -> Numbers:
    if name not in parts:
        return _NONE
    values = parts[name].split(",")
    if not all(_NUMBER.fullmatch(value) for value in values):
        raise ValueError(name)
    found = frozenset(map(int, values))
    if not all(least <= (abs(one) if signed else one) <= most for one in found):
        raise ValueError(name)
    return found
