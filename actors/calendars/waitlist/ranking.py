"""The rules of the waitlist: which wish makes sense, which opening it wants, and who comes first."""

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.calendars.waitlist.state import FreedSlot, WaitlistEntry
from common.errors import InvalidArgument
from common.timeline import HOUR_MS

URGENCIES: Final = {"low": 0, "normal": 24, "high": 72, "urgent": 168}
"""What urgency is worth, in hours of waiting."""
CAP_H: Final = 24 * 30  # waiting longer than this counts no further: urgency still tells
PASSED_H: Final = 24  # each offer that was let go costs so much


class Weights(msgspec.Struct, frozen=True):
    """The components of somebody's priority, in hours."""

    urgency: int
    waiting: float
    passed: int


def weights(entry: WaitlistEntry, now_ms: int) -> Weights:
    """The components of an entry's priority."""
    waited = min((now_ms - entry.joined) / HOUR_MS, CAP_H)
    return Weights(URGENCIES[entry.urgency], waited, -PASSED_H * len(entry.passed))


def priority(entry: WaitlistEntry, now_ms: int) -> float:
    """The priority of an entry, in hours."""
    counted = weights(entry, now_ms)
    return counted.urgency + counted.waiting + counted.passed


def wants(entry: WaitlistEntry, opening: FreedSlot) -> bool:
    """Does the opening suit the wish, as far as the list knows?"""
    fresh = entry.id not in opening.tried and f"{opening.calendar}@{opening.start}" not in entry.passed
    overlaps = max(entry.start, opening.start) < min(entry.end, opening.end)
    return fresh and overlaps and opening.calendar in entry.calendars


def rivals(entry: WaitlistEntry, other: WaitlistEntry) -> bool:
    """Do they wait for some of the same calendars?"""
    return bool(set(entry.calendars) & set(other.calendars))


def ranked(entries: Iterable[WaitlistEntry], now_ms: int) -> list[WaitlistEntry]:
    """Those whose time is still to come, who comes first in front."""
    live = (entry for entry in entries if entry.end > now_ms)
    return sorted(live, key=lambda one: (-priority(one, now_ms), one.joined))


def position_of(entry: WaitlistEntry, in_line: Iterable[WaitlistEntry]) -> int:
    """Its place, from 1, among its rivals in this order; 0: it is not in line."""
    names = [one.id for one in in_line if rivals(entry, one)]
    return names.index(entry.id) + 1 if entry.id in names else 0


def check(entry: WaitlistEntry, note: str, now_ms: int) -> None:
    """Raises InvalidArgument: the wish makes no sense."""
    if entry.urgency not in URGENCIES:
        raise InvalidArgument("urgency is low, normal, high or urgent.", details={"field": "urgency"})
    if not entry.start < entry.end:
        raise InvalidArgument("from lies before to.", details={"field": "to"})
    if entry.end <= now_ms:
        raise InvalidArgument("This time has passed. Wait for a later one.", details={"field": "to"})
    if not 1 <= len(entry.calendars) <= 50:
        raise InvalidArgument("Nobody offers that. Name 1 to 50 therapists.", details={"field": "therapist_ids"})
    if len(note) > 1000:
        raise InvalidArgument("note has at most 1000 characters.", details={"field": "note"})
