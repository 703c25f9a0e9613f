"""Recurrence rules as anybody may write them (RFC 5545, 3.3.10), expanded period by period within a budget of steps.

Times are the wall's, naive. Against dateutil, whose loop ends only with the year 9999 when a rule never matches, every
day that is looked at counts, and a rule without COUNT begins where it is asked for instead of at its start.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Final

from actors.calendars.ical.rule import _NONE, FREQUENCIES, RecurrenceRule
from actors.calendars.ical.step_budget import Steps

_UNITS: Final = {"DAILY": 86_400, "HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}


def periods(
    rule: RecurrenceRule,
    start: datetime,
    until: datetime,
    steps: Steps,
    *,
    since: datetime | None = None,
    after: bool = False,
) -> Iterator[list[datetime]]:
    """Of each year, month ... of the rule what recurs in it, in order, from `start` to `until`; empty lists too, so
    that whoever asks can pause. Nothing before `since` has to be told. With `after`, `start` is not among them.

    Raises:
        TooManySteps: the budget is used up.
    """
    whole = _completed(rule, start)
    times = _times(whole, steps)
    number = _number_of(whole, start, since) if since is not None and whole.count is None else 0
    left = whole.count
    while (begins := _begin(whole, start, number)) is not None and begins <= until:
        steps.take(2)
        found = _picked(whole, _of(whole, begins, times, steps), steps)
        found = [one for one in found if start <= one <= until and not (after and one == start)]
        if left is not None:
            found = found[:left]
            left -= len(found)
        yield found
        if left == 0:
            return
        number += 1


def _completed(rule: RecurrenceRule, start: datetime) -> RecurrenceRule:
    """The rule with its open parts taken from its start."""
    if not (rule.days or rule.month_days or rule.year_days):
        if rule.freq == "WEEKLY" or (rule.freq == "YEARLY" and rule.weeks):
            rule = replace(rule, days=frozenset(((0, start.weekday()),)))
        elif rule.freq in ("MONTHLY", "YEARLY"):
            months = rule.months or (_NONE if rule.freq == "MONTHLY" else frozenset((start.month,)))
            rule = replace(rule, month_days=frozenset((start.day,)), months=months)
    if rule.freq == "WEEKLY" and not rule.days:
        rule = replace(rule, days=frozenset((0, weekday) for weekday in range(7)))
    if rule.weeks or rule.freq not in ("MONTHLY", "YEARLY"):  # only there a number means something
        rule = replace(rule, days=frozenset((0, weekday) for _, weekday in rule.days))
    by_unit = FREQUENCIES.index(rule.freq)
    if by_unit <= 3 and not rule.hours:
        rule = replace(rule, hours=frozenset((start.hour,)))
    if by_unit <= 4 and not rule.minutes:
        rule = replace(rule, minutes=frozenset((start.minute,)))
    if by_unit <= 5 and not rule.seconds:
        rule = replace(rule, seconds=frozenset((start.second,)))
    return rule


def _times(rule: RecurrenceRule, steps: Steps) -> list[clock_time]:
    """The times of each day of a rule of days or more."""
    if rule.freq in FREQUENCIES[4:]:
        return []
    steps.take(len(rule.hours) * len(rule.minutes) * len(rule.seconds))
    return [
        clock_time(hour, minute, second)
        for hour in sorted(rule.hours)
        for minute in sorted(rule.minutes)
        for second in sorted(rule.seconds)
    ]


def _number_of(rule: RecurrenceRule, start: datetime, moment: datetime) -> int:
    """Of the period that a moment is in, or of the first."""
    if rule.freq == "YEARLY":
        passed = moment.year - start.year
    elif rule.freq == "MONTHLY":
        passed = (moment.year - start.year) * 12 + moment.month - start.month
    elif rule.freq == "WEEKLY":
        passed = (_week(moment, rule.wkst) - _week(start, rule.wkst)) // 7
    else:
        passed = (moment - _floor(start, rule.freq)) // timedelta(seconds=_UNITS[rule.freq])
    return max(passed // rule.interval, 0)


def _begin(rule: RecurrenceRule, start: datetime, number: int) -> datetime | None:
    """Of the period of this number; none after the last year."""
    passed = number * rule.interval
    try:
        if rule.freq == "YEARLY":
            return datetime(start.year + passed, 1, 1)
        if rule.freq == "MONTHLY":
            year, month = divmod(start.year * 12 + start.month - 1 + passed, 12)
            return datetime(year, month + 1, 1)
        if rule.freq == "WEEKLY":  # the first week may begin before the year 1
            ordinal = _week(start, rule.wkst) + 7 * passed
            return datetime.min if ordinal < 1 else datetime.fromordinal(ordinal)
        return _floor(start, rule.freq) + timedelta(seconds=_UNITS[rule.freq]) * passed
    except (ValueError, OverflowError):
        return None


def _week(day: date, wkst: int) -> int:
    """The ordinal of the first day of its week."""
    return day.toordinal() - (day.weekday() - wkst) % 7


def _floor(moment: datetime, freq: str) -> datetime:
    match freq:
        case "DAILY":
            return moment.replace(hour=0, minute=0, second=0)
        case "HOURLY":
            return moment.replace(minute=0, second=0)
        case "MINUTELY":
            return moment.replace(second=0)
    return moment


def _of(rule: RecurrenceRule, begins: datetime, times: list[clock_time], steps: Steps) -> list[datetime]:
    """All of one period, in order."""
    day = begins.date()
    match rule.freq:
        case "YEARLY":
            months = sorted(rule.months) if rule.months else range(1, 13)
            days = [one for month in months for one in _of_month(rule, day.year, month, steps)]
        case "MONTHLY":
            is_meant = not rule.months or day.month in rule.months
            days = _of_month(rule, day.year, day.month, steps) if is_meant else []
        case "WEEKLY":
            steps.take(len(rule.days))
            first = _week(day, rule.wkst)
            numbers = sorted(first + (weekday - rule.wkst) % 7 for _, weekday in rule.days)
            days = [date.fromordinal(number) for number in numbers if 1 <= number <= date.max.toordinal()]
            days = [one for one in days if _fits(rule, one)]
        case _:
            days = [day] if _fits(rule, day) else []
    if times:
        steps.take(len(days) * (len(times) - 1))
        return [datetime.combine(one, at) for one in days for at in times]
    return _within_day(rule, begins, steps) if days else []


def _within_day(rule: RecurrenceRule, begins: datetime, steps: Steps) -> list[datetime]:
    """Of an hour, a minute or a second."""
    if (rule.hours and begins.hour not in rule.hours) or (
        rule.freq != "HOURLY" and rule.minutes and begins.minute not in rule.minutes
    ):
        return []
    if rule.freq == "SECONDLY":
        return [begins] if not rule.seconds or begins.second in rule.seconds else []
    minutes = sorted(rule.minutes) if rule.freq == "HOURLY" else [begins.minute]
    steps.take(len(minutes) * len(rule.seconds))
    return [begins.replace(minute=minute, second=second) for minute in minutes for second in sorted(rule.seconds)]


def _of_month(rule: RecurrenceRule, year: int, month: int, steps: Steps) -> list[date]:
    last = monthrange(year, month)[1]
    numbers: Iterator[int] | range = range(1, last + 1)
    if rule.month_days:
        meant = {month_day if month_day > 0 else last + 1 + month_day for month_day in rule.month_days}
        numbers = iter(sorted(one for one in meant if 1 <= one <= last))
    days = [date(year, month, number) for number in numbers]
    steps.take(2 + len(days))
    return [day for day in days if _fits(rule, day)]


def _fits(rule: RecurrenceRule, day: date) -> bool:
    """Does the day pass every filter of the rule?"""
    if rule.months and day.month not in rule.months:
        return False
    last = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - last - 1} & rule.month_days:
        return False
    if rule.days and (0, day.weekday()) not in rule.days and not _is_nth(rule, day, last):
        return False
    if rule.year_days:
        number = day.timetuple().tm_yday
        if number not in rule.year_days and number - _length_of(day.year) - 1 not in rule.year_days:
            return False
    return not rule.weeks or _is_week(rule, day)


def _is_nth(rule: RecurrenceRule, day: date, last: int) -> bool:
    """Is it the n-th of its weekday that is meant, in the month or the year?"""
    number = day.day
    if rule.freq == "YEARLY" and not rule.months:
        number, last = day.timetuple().tm_yday, _length_of(day.year)
    from_end = -((last - number) // 7 + 1)
    return ((number - 1) // 7 + 1, day.weekday()) in rule.days or (from_end, day.weekday()) in rule.days


def _is_week(rule: RecurrenceRule, day: date) -> bool:
    """Weeks are of the year that has most of their days (ISO 8601, but for their first day)."""
    middle = min(max(_week(day, rule.wkst) + 3, 1), date.max.toordinal())
    moment = date.fromordinal(middle)
    number = (moment.timetuple().tm_yday - 1) // 7 + 1
    left = (_length_of(moment.year) - moment.timetuple().tm_yday) // 7
    return number in rule.weeks or -left - 1 in rule.weeks


def _length_of(year: int) -> int:
    return 366 if isleap(year) else 365


def _picked(rule: RecurrenceRule, found: list[datetime], steps: Steps) -> list[datetime]:
    """Those at the positions (BYSETPOS) of one period."""
    if not rule.positions:
        return found
    steps.take(len(rule.positions))
    places = {position - 1 if position > 0 else len(found) + position for position in rule.positions}
    return [found[place] for place in sorted(places) if 0 <= place < len(found)]
