"""Busy time of an iCalendar file, the components left out, and cancelled occurrences."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from common.timeline import Span

MOST_SPANS: Final = 5000


@dataclass(frozen=True, slots=True)
class SkippedComponent:
    """A component that was left out: its number in the file (from 0), its UID if it has one, and why."""

    index: int
    reason: str
    uid: str = ""


@dataclass(slots=True)
class Busy:
    """Busy time of a file within [start, end): merged spans, and how many events say so, are free or outside, or left
    out."""

    spans: list[Span] = field(default_factory=list)
    events: int = 0
    free: int = 0
    outside: int = 0
    left_out: list[SkippedComponent] = field(default_factory=list)


@dataclass(slots=True)
class ReplacedTimes:
    """Occurrences that are not: by instant, by what the wall shows, or by date."""

    instants: set[int] = field(default_factory=set)
    walls: set[datetime] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)
    moved: "ReplacedTimes | None" = None  # shared by all events of a UID

    def has(self, shown: datetime, at_ms: int) -> bool:
        if at_ms in self.instants or shown in self.walls or shown.date() in self.dates:
            return True
        return self.moved is not None and self.moved.has(shown, at_ms)
