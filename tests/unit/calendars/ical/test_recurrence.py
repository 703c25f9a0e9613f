"""Recurrence against an implementation that shares nothing with it: look at every day and ask whether it fits."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.calendars.ical.step_budget import Steps
from actors.calendars.series import recurrence
from actors.calendars.series.recurrence import HORIZON, MOST_STEPS, expand
from common import timeline
from common.errors import InvalidArgument

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
BERLIN = ZoneInfo("Europe/Berlin")


def fits(day: date, rule: dict[str, str]) -> bool:
    if "BYMONTH" in rule and str(day.month) not in rule["BYMONTH"].split(","):
        return False
    if "BYMONTHDAY" in rule:
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        wanted = [int(one) for one in rule["BYMONTHDAY"].split(",")]
        if not any(day.day == (one if one > 0 else last.day + 1 + one) for one in wanted):
            return False
    if "BYDAY" in rule:
        return any(_is_day(day, one, rule["FREQ"]) for one in rule["BYDAY"].split(","))
    return True


def _is_day(day: date, wanted: str, freq: str) -> bool:
    if day.weekday() != DAYS.index(wanted[-2:]):
        return False
    if len(wanted) == 2:
        return True
    nth = int(wanted[:-2])
    if nth > 0:
        return (day.day - 1) // 7 + 1 == nth
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return (last.day - day.day) // 7 + 1 == -nth


def periods(day: date, start: date, freq: str) -> int:
    match freq:
        case "DAILY":
            return (day - start).days
        case "WEEKLY":
            return ((day - timedelta(days=day.weekday())) - (start - timedelta(days=start.weekday()))).days // 7
        case "MONTHLY":
            return (day.year - start.year) * 12 + day.month - start.month
    return day.year - start.year


def by_looking_at_every_day(rule: str, start: datetime) -> list[datetime]:
    """RFC 5545, 3.3.10, the slow way."""
    parts = dict(one.split("=") for one in rule.split(";"))
    freq, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    if not {"BYDAY", "BYMONTHDAY"} & set(parts):
        if freq == "WEEKLY":
            parts["BYDAY"] = DAYS[start.weekday()]
        elif freq in ("MONTHLY", "YEARLY"):
            parts["BYMONTHDAY"] = str(start.day)
        if freq == "YEARLY" and "BYMONTH" not in parts:
            parts["BYMONTH"] = str(start.month)
    until = datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%S") if "UNTIL" in parts else start + HORIZON
    groups: dict[int, list[date]] = {}
    first = start.date().replace(day=1) - timedelta(days=31)
    for number in range((until.date() - first).days + 40):
        day = first + timedelta(days=number)
        period = periods(day, start.date(), freq)
        if period >= 0 and period % interval == 0 and fits(day, parts):
            groups.setdefault(period, []).append(day)
    chosen = []
    for _, group in sorted(groups.items()):
        if "BYSETPOS" in parts:
            position = int(parts["BYSETPOS"])
            place = position - 1 if position > 0 else position
            group = [group[place]] if -len(group) <= place < len(group) else []
        chosen += [datetime.combine(day, start.time()) for day in group]
    found = [one for one in chosen if start <= one <= until]
    return found[: int(parts.get("COUNT", "100000"))]


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.integers(1, 5))}"]
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 30))}")
    else:
        parts.append(f"UNTIL=2027{draw(st.integers(1, 12)):02}{draw(st.integers(1, 28)):02}T120000")
    by_day = draw(st.sampled_from(("none", "days", "nth", "monthday")))
    if by_day == "days" and freq != "YEARLY":
        days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True))
        parts.append("BYDAY=" + ",".join(days))
        if freq == "MONTHLY" and draw(st.booleans()):
            parts.append(f"BYSETPOS={draw(st.sampled_from((1, 2, -1, -2)))}")
    elif by_day == "nth" and freq == "MONTHLY":
        parts.append(f"BYDAY={draw(st.sampled_from((1, 2, 3, 4, -1, -2)))}{draw(st.sampled_from(DAYS))}")
    elif by_day == "monthday" and freq == "MONTHLY":
        parts.append(f"BYMONTHDAY={draw(st.sampled_from((1, 15, 28, 31, -1)))}")
    if freq in ("DAILY", "WEEKLY") and draw(st.booleans()):
        months = draw(st.lists(st.integers(1, 12), min_size=4, max_size=8, unique=True))
        parts.append("BYMONTH=" + ",".join(map(str, months)))
    return ";".join(parts)


@given(
    rules(),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda one: one.replace(second=0, microsecond=0)),
    st.sampled_from(("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")),
)
@settings(max_examples=600, deadline=None)
def test_expansion_agrees_with_looking_at_every_day(rule: str, wall: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    start = timeline.instant_of(zone, wall)
    wall = timeline.wall_of(zone, start)  # one that exists
    expected = list(dict.fromkeys(timeline.instant_of(zone, one) for one in by_looking_at_every_day(rule, wall)))
    if not expected:
        with pytest.raises(InvalidArgument):
            expand(rule, start, zone)
    elif len(expected) <= 400:
        assert expand(rule, start, zone) == expected


def test_nine_o_clock_stays_nine_o_clock_over_both_changes() -> None:
    start = timeline.parse_instant("2026-03-23T09:00:00+01:00")
    found = expand("FREQ=WEEKLY;COUNT=40", start, BERLIN)
    assert {timeline.wall_of(BERLIN, one).strftime("%a %H:%M") for one in found} == {"Mon 09:00"}
    assert len({one % timeline.DAY_MS for one in found}) == 2


def test_a_template_goes_on_where_the_part_before_ends_and_exceptions_are_left_out() -> None:
    start = timeline.parse_instant("2026-01-05T09:00:00+01:00")
    rule = "FREQ=WEEKLY;COUNT=8 THEN FREQ=MONTHLY;COUNT=4"
    found = [timeline.wall_of(BERLIN, one).date().isoformat() for one in expand(rule, start, BERLIN, ["2026-01-12"])]
    assert found[:3] == ["2026-01-05", "2026-01-19", "2026-01-26"]
    assert found[6:] == ["2026-02-23", "2026-03-23", "2026-04-23", "2026-05-23"]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=WEEKLY",
        "FREQ=SECONDLY;COUNT=3",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=401",
        "FREQ=WEEKLY;COUNT=2;UNTIL=20270101",
        "FREQ=WEEKLY;COUNT=2;BYHOUR=1,2",
        "FREQ=WEEKLY;COUNT=2;COUNT=3",
        "FREQ=WEEKLY;INTERVAL=0;COUNT=2",
        "FREQ=DAILY;UNTIL=20300101",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=MONTHLY;BYDAY=9XX;COUNT=1",
        "FREQ=WEEKLY;UNTIL=tomorrow",
        "DTSTART:20260101T000000\nRRULE:FREQ=DAILY;COUNT=1",
    ],
)
def test_rules_that_are_malformed_endless_or_too_long_are_refused(rule: str) -> None:
    with pytest.raises(InvalidArgument):
        expand(rule, timeline.parse_instant("2026-01-05T09:00:00+01:00"), BERLIN)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20310101",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU;WKST=MO;COUNT=1",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2MO;COUNT=1",
        "FREQ=MONTHLY;BYMONTH=2;BYDAY=5MO;COUNT=2",
    ],
)
def test_a_rule_that_never_matches_is_not_looked_for_until_9999(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Steps(MOST_STEPS)
    monkeypatch.setattr(recurrence, "Steps", lambda total: budget)
    with pytest.raises(InvalidArgument):
        expand(rule, timeline.parse_instant("2026-01-05T09:00:00+01:00"), BERLIN)
    assert MOST_STEPS - budget.left < 3 * HORIZON.days


def test_a_rule_that_takes_too_long_says_so() -> None:
    rule = " THEN ".join(["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1"] * 9)
    with pytest.raises(InvalidArgument, match="takes too long"):
        expand(rule, timeline.parse_instant("2026-01-05T09:00:00+01:00"), BERLIN)
