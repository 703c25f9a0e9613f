"""Quiet hours and digests by the wall clock, in every zone, against what the clock on that wall shows."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.notifications.notifier.planning.preferences import Digest, QuietHours
from actors.notifications.notifier.planning.quiet import digest_due, quiet_until
from common.timeline import MINUTE_MS, WEEKDAYS

ZONES: Final = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
    "Africa/Casablanca",
    "UTC",
)
MOMENTS: Final = st.integers(
    int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) // 60, int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) // 60
).map(lambda minute: minute * MINUTE_MS)
TIMES: Final = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30])).map(lambda at: f"{at[0]:02}:{at[1]:02}")
HOURS: Final = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(st.tuples(TIMES, TIMES), max_size=2), max_size=7)


def is_quiet(hours: dict[str, list[tuple[str, str]]], zone: ZoneInfo, at_ms: int) -> bool:
    """By looking at the clock on the wall, and nothing else."""
    wall = datetime.fromtimestamp(at_ms / 1000, zone)
    today, yesterday = WEEKDAYS[wall.weekday()], WEEKDAYS[(wall.weekday() - 1) % 7]
    shown = f"{wall:%H:%M}"
    for begins, ends in hours.get(today, []):
        if (begins < ends and begins <= shown < ends) or (begins >= ends and shown >= begins):
            return True
    return any(begins >= ends and shown < ends for begins, ends in hours.get(yesterday, []))


@settings(max_examples=300, deadline=None)
@given(HOURS, st.sampled_from(ZONES), MOMENTS)
def test_what_is_held_is_let_go_at_the_first_minute_that_is_not_quiet(
    hours: dict[str, list[tuple[str, str]]], name: str, at_ms: int
) -> None:
    zone = ZoneInfo(name)
    until = quiet_until(QuietHours(enabled=True, hours=hours), zone, at_ms)
    assert (until is not None) is is_quiet(hours, zone, at_ms)
    if until is not None:
        assert until > at_ms
        assert is_quiet(hours, zone, until - MINUTE_MS)
        whole = until - at_ms > 7 * 24 * 60 * MINUTE_MS  # the whole week: it is asked again
        assert whole or not is_quiet(hours, zone, until)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-29T00:30:00Z", "2026-03-29T05:00:00Z"),  # 01:30; the clocks skip 02:00 to 03:00
        ("2026-10-25T00:30:00Z", "2026-10-25T06:00:00Z"),  # 02:30, the first one; they repeat the hour
        ("2026-10-25T01:30:00Z", "2026-10-25T06:00:00Z"),  # 02:30 again
        ("2026-06-01T20:00:00Z", "2026-06-02T05:00:00Z"),
    ],
)
def test_nights_that_skip_or_repeat_an_hour_end_when_the_clock_says_so(at: str, until: str) -> None:
    quiet = QuietHours(enabled=True, hours={day: [("22:00", "07:00")] for day in WEEKDAYS})
    found = quiet_until(quiet, ZoneInfo("Europe/Berlin"), ms(at))
    assert found == ms(until)


def test_hours_that_are_off_hold_nothing() -> None:
    hours = {day: [("00:00", "24:00")] for day in WEEKDAYS}
    assert quiet_until(QuietHours(enabled=False, hours=hours), ZoneInfo("UTC"), 0) is None
    assert quiet_until(QuietHours(enabled=True, hours=hours), ZoneInfo("UTC"), 0) is not None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), TIMES, MOMENTS)
def test_a_daily_digest_is_due_once_a_day_of_the_calendar(name: str, at: str, start_ms: int) -> None:
    zone, digest = ZoneInfo(name), Digest(email="daily", at=at)
    dues, moment = [], start_ms
    for _ in range(5):
        due = digest_due(digest, zone, moment)
        assert due is not None
        assert due > moment
        dues.append(due)
        moment = due
    days = [datetime.fromtimestamp(due / 1000, zone).date() for due in dues]
    assert [after - before for before, after in itertools.pairwise(days)] == [timedelta(days=1)] * 4


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), MOMENTS)
def test_an_hourly_digest_is_due_within_the_hour(name: str, at_ms: int) -> None:
    due = digest_due(Digest(email="hourly"), ZoneInfo(name), at_ms)
    assert due is not None
    assert at_ms < due <= at_ms + 60 * MINUTE_MS
    assert digest_due(Digest(), ZoneInfo(name), at_ms) is None


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
