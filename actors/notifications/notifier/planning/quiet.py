"""Quiet hours and the periods of digests: rules of the wall clock where the person is, as instants."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from actors.notifications.notifier.planning.preferences import Digest, QuietHours
from common.timeline import (
    DAY_MS,
    HOUR_MS,
    Span,
    date_of,
    day_of,
    instant_of,
    merged,
    minutes_of,
    offset_ms,
    segments,
    wall_spans,
    weekday_of,
)

_LOOK_AHEAD_DAYS: Final = 8
_MIDNIGHT: Final = 24 * 60


def quiet_until(quiet: QuietHours, zone: ZoneInfo, at_ms: int) -> int | None:
    """The end of the quiet hours that `at_ms` lies in; None: it lies in none.

    Where they never end (the whole week), the end of what was looked at: one asks again then.
    """
    if not quiet.enabled:
        return None
    today = day_of(zone, at_ms)
    spans: list[Span] = []
    for day in range(today - 1, today + _LOOK_AHEAD_DAYS):
        spans += _spans_of(quiet, zone, day)
    return next((high for low, high in merged(spans) if low <= at_ms < high), None)


def _spans_of(quiet: QuietHours, zone: ZoneInfo, day: int) -> list[Span]:
    """Those that begin on this day; what goes over midnight ends on the next."""
    pieces, found = None, []
    for begins, ends in quiet.hours.get(weekday_of(day), ()):
        low, high = minutes_of(begins, "quiet_hours"), minutes_of(ends, "quiet_hours")
        pieces = pieces or segments(zone, day)
        found += wall_spans(pieces, day, low, high if low < high else _MIDNIGHT)
        if high <= low:
            found += wall_spans(segments(zone, day + 1), day + 1, 0, high)
    return found


def digest_due(digest: Digest, zone: ZoneInfo, at_ms: int) -> int | None:
    """When the mail of the period that `at_ms` lies in is due, later than `at_ms`; None: there are no digests.

    Daily: when clocks there first show the time, each day once. Hourly: when they next show a full hour.
    """
    if digest.email == "daily":
        return _daily(minutes_of(digest.at, "digest.at"), zone, at_ms)
    if digest.email == "hourly":
        return _hourly(zone, at_ms)
    return None


def _daily(minute: int, zone: ZoneInfo, at_ms: int) -> int:
    today = day_of(zone, at_ms)
    for day in range(today - 1, today + 3):
        midnight = datetime.combine(date_of(day), datetime.min.time())
        due = instant_of(zone, midnight + timedelta(minutes=minute))
        if due > at_ms:
            return due
    return at_ms + DAY_MS  # a zone that skips days: a day later is never too often


def _hourly(zone: ZoneInfo, at_ms: int) -> int:
    ahead = offset_ms(zone, at_ms)
    return ((at_ms + ahead) // HOUR_MS + 1) * HOUR_MS - ahead
