"""Recurrence rules of anybody: beside dateutil where it ends, and within a budget that is counted in steps."""

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.calendars.ical import recurrence_rules
from actors.calendars.ical.recurrence_rules import periods
from actors.calendars.ical.rule import FREQUENCIES, WEEKDAYS, parse
from actors.calendars.ical.step_budget import Steps, TooManySteps

ICAL = str(Path(recurrence_rules.__file__).parent)
LAST = datetime(9999, 12, 31, 23, 59, 59)


def numbers(name: str, *chosen: int) -> st.SearchStrategy[str]:
    listed = st.lists(st.sampled_from(chosen), min_size=1, max_size=4, unique=True)
    return listed.map(lambda found: f"{name}=" + ",".join(map(str, found)))


def maybe(part: st.SearchStrategy[str], *, often: int = 3) -> st.SearchStrategy[str]:
    return st.integers(0, often).flatmap(lambda dice: part if dice == 0 else st.just(""))


weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True).map(",".join)
nths = st.lists(st.tuples(st.sampled_from((1, 2, -1, 5, -5)), st.sampled_from(WEEKDAYS)), min_size=1, max_size=2)


@st.composite
def any_rule(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(FREQUENCIES))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.sampled_from((1, 1, 2, 3, 7)))}"]
    by_month = draw(maybe(numbers("BYMONTH", *range(1, 13))))
    parts += [by_month, draw(maybe(numbers("BYMONTHDAY", 1, 13, 28, 29, 30, 31, -1, -31)))]
    parts.append(draw(maybe(numbers("BYHOUR", 0, 8, 9, 23))))
    parts.append(draw(maybe(numbers("BYMINUTE", 0, 15, 30))))
    parts.append(draw(maybe(numbers("BYSECOND", 0, 30), often=6)))
    has_days = draw(st.booleans())
    if freq == "YEARLY":
        parts.append(draw(maybe(numbers("BYYEARDAY", 1, 59, 60, 366, -1, -366))))
        weeks = draw(maybe(numbers("BYWEEKNO", 1, 2, 20, 52, 53, -1, -53)))
        parts += [weeks, f"WKST={draw(st.sampled_from(WEEKDAYS))}"]
        has_days = has_days or bool(weeks)  # without them dateutil takes the whole week, RFC 5545 the day of DTSTART
        if has_days and not weeks and draw(st.booleans()):
            parts.append("BYDAY=" + ",".join(f"{nth}{day}" for nth, day in draw(nths)))
            has_days = False
    elif freq == "MONTHLY" and has_days and draw(st.booleans()):
        parts.append("BYDAY=" + ",".join(f"{nth:+}{day}" for nth, day in draw(nths)))
        has_days = False
    elif freq == "WEEKLY":
        parts.append(f"WKST={draw(st.sampled_from(WEEKDAYS))}")
    if has_days:
        parts.append("BYDAY=" + draw(weekdays))
    if freq in ("YEARLY", "MONTHLY", "DAILY") and any(one.startswith("BY") for one in parts):
        parts.append(draw(maybe(numbers("BYSETPOS", 1, 2, -1, -2, 10))))
    parts.append(draw(st.sampled_from(("", "", "COUNT=1", "COUNT=7", "UNTIL=99970601T120000"))))
    return ";".join(filter(None, parts))


def until_overflow(theirs: Iterable[datetime]) -> Iterator[datetime]:
    """What dateutil finds. It looks beyond the year 9999 for the last week of it, and raises: there it ends."""
    try:
        yield from theirs
    except ValueError as error:
        if "year 10000 is out of range" not in str(error):
            raise


def test_where_dateutil_looks_beyond_its_last_year_it_ends() -> None:
    rule, start = "FREQ=WEEKLY;BYDAY=MO,SU", datetime(9999, 12, 20)
    theirs = rrulestr(rule, dtstart=start)
    with pytest.raises(ValueError, match="year 10000 is out of range"):
        list(theirs)
    found = [one for period in periods(parse(rule), start, LAST, Steps(1000)) for one in period]
    assert found == list(until_overflow(theirs)) == [datetime(9999, 12, day) for day in (20, 26, 27)]


@given(any_rule(), st.floats(0, 0.9), st.floats(0, 0.5))
@settings(max_examples=250, deadline=None, derandomize=True)  # dateutil errs in some weeks at the turn of a year
def test_rules_expand_as_dateutil_expands_them_from_wherever_they_are_asked(
    rule: str, begun: float, asked: float
) -> None:
    """In the last years there are, or dateutil would look for a rule that never matches for thousands of them."""
    is_long = any(f"FREQ={freq};" in rule for freq in FREQUENCIES[:5])
    span = LAST - (datetime(9991, 1, 1) if is_long else datetime(9999, 12, 30))
    start = (LAST - span * (1 - begun)).replace(microsecond=0)
    since = start + (LAST - start) * asked
    found: list[datetime] = []
    until = datetime(9997, 6, 1, 12) if "UNTIL" in rule else LAST
    for period in periods(parse(rule), start, until, Steps(1_000_000), since=since):
        found += [one for one in period if one >= since]
        if len(found) > 300:
            break
    try:
        theirs = rrulestr(rule, dtstart=start)
    except ValueError:  # an hour that the interval never comes to
        assert not found
        return
    limit = 300 if len(found) > 300 else 301
    assert found[:limit] == list(islice((one for one in until_overflow(theirs) if one >= since), limit)), rule


def test_a_rule_without_a_day_takes_that_of_its_start() -> None:
    start = datetime(2027, 3, 4, 9)
    found = periods(parse("FREQ=YEARLY;BYWEEKNO=9,10"), start, datetime(2027, 12, 31), Steps(1000))
    assert [one for period in found for one in period] == [datetime(2027, 3, 4, 9), datetime(2027, 3, 11, 9)]


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=WEEKLY; COUNT=3",
        "freq=weekly;count=3;",
        "COUNT=3;FREQ=WEEKLY",
        "FREQ=WEEKLY;COUNT=3;X-NAME=a",
        "FREQ=WEEKLY;COUNT=+3",
    ],
)
def test_spellings_are_forgiven(text: str) -> None:
    assert parse(text) == parse("FREQ=WEEKLY;COUNT=3")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "WEEKLY",
        "FREQ=OFTEN",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;BYDAY=0MO",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTH=-1",
        "FREQ=DAILY;BYMONTHDAY=0",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=1;COUNT=2",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=" + "1" * 5000,
        "FREQ=DAILY;BYHOUR=\u0661",
        "FREQ=DAILY;BYEASTER=1",
        "FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 2000),
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whoever asks says what it means to them
        parse(text)


def lines_of(work: Any) -> int:
    """How many lines of Python of the rules run: a measure of CPU that no machine and no neighbour changes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(ICAL):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


HOSTILE = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MINUTELY;BYHOUR=3;BYMINUTE=0;INTERVAL=7",
    "FREQ=MONTHLY;BYMONTH=2;BYDAY=5MO",
    "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6",
    "FREQ=YEARLY;BYYEARDAY=366;BYMONTHDAY=30",
    "FREQ=YEARLY;BYSETPOS=366;BYMONTH=2;BYDAY=MO",
    "FREQ=YEARLY;BYDAY=" + ",".join(f"{nth}{day}" for day in WEEKDAYS for nth in range(-53, 54) if nth),
    "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))),
    "FREQ=HOURLY;INTERVAL=5;BYHOUR=1;BYMINUTE=" + ",".join(map(str, range(60))),
    "FREQ=WEEKLY;INTERVAL=999999999",
]


def spend(rule: str, start: datetime, steps: Steps) -> None:
    try:
        for _ in periods(parse(rule), start, datetime(9999, 12, 31), steps):
            pass
    except TooManySteps:
        pass


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_rule_costs_what_its_steps_say(rule: str) -> None:
    budget = 3000
    assert lines_of(lambda: spend(rule, datetime(4, 2, 29), Steps(budget))) < 30 * budget


@given(any_rule(), st.sampled_from((datetime(4, 2, 29), datetime(1601, 1, 1, 2), datetime(2026, 12, 2, 9))))
@settings(max_examples=60, deadline=None)
def test_any_rule_costs_what_its_steps_say(rule: str, start: datetime) -> None:
    budget = 1000
    assert lines_of(lambda: spend(rule, start, Steps(budget))) < 30 * budget + 3000


def test_without_a_budget_a_rule_that_never_matches_looks_at_every_day_until_9999() -> None:
    steps = Steps(10**9)
    spend("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", datetime(9900, 1, 1), steps)
    assert 10**9 - steps.left > 70_000


def test_a_rule_that_began_long_ago_is_looked_at_from_where_it_is_asked_for() -> None:
    steps = Steps(10_000)
    asked, until = datetime(2026, 12, 1), datetime(2026, 12, 8)
    found = [
        one
        for period in periods(parse("FREQ=DAILY"), datetime(4, 1, 1, 9), until, steps, since=asked)
        for one in period
    ]
    assert found == [datetime(2026, 12, day, 9) for day in range(1, 8)]
    assert 10_000 - steps.left < 50


def test_a_budget_is_granted_in_parts_and_says_when_to_pause() -> None:
    steps = Steps(5000)
    steps.grant(100)
    with pytest.raises(TooManySteps):
        steps.take(101)
    assert (steps.left, steps.is_pause_due()) == (4900, False)
    steps.grant(4000)
    steps.take(2000)
    assert [steps.is_pause_due(), steps.is_pause_due()] == [True, False]
    steps.grant(10_000)
    with pytest.raises(TooManySteps):
        steps.take(3000)
