"""Answers of a calendar. Times in ms."""

import msgspec

from actors.calendars.hours.answers import Answer
from actors.calendars.hours.reasons import Reason
from actors.calendars.hours.schedule import CalendarBody, Price


class BookingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The consequences of booking a service of `calendar` at a time. Times in ms."""

    start: int
    end: int
    before: int
    after: int
    session: str
    capacity: int
    service: str
    resources: tuple[str, ...]
    tz: str
    price: Price | None = None
    format: str | None = None
    requires_confirmation: bool = False
    max_reschedules: int | None = None
    cancel_notice_ms: int = 0
    bookable_by: str = "anyone"
    calendar: str = ""
    reminders: tuple[int, ...] | None = None

    def at(self, start: int) -> "BookingPlan":
        """The same at another time."""
        end = start + self.end - self.start
        session = session_of(self.calendar, self.service, start, end) if self.capacity > 1 else ""
        return msgspec.structs.replace(self, start=start, end=end, session=session)


def session_of(calendar: str, service: str, start: int, end: int) -> str:
    """The key that all bookings of one group session share."""
    return f"{calendar}|{service}|{start}|{end}"


Slot = tuple[int, int, int]  # start, end, places left


class CalendarReply(CalendarBody, frozen=True, kw_only=True):
    """The set-up of a calendar."""


class RefusedSpan(Answer, frozen=True, kw_only=True):
    """A stretch in which no booking can begin, and why."""

    start: int
    end: int
    reasons: list[Reason]


class FreeSlots(Answer, frozen=True, kw_only=True):
    """The free times of a calendar by its own rules. `plan` and `step` (ms): where rooms are needed besides, what is
    asked of them. `refused`: where that was asked for."""

    version: int
    tz: str
    slots: list[Slot]
    plan: BookingPlan | None = None
    step: int = 0
    refused: list[RefusedSpan] | None = None


class OpenTime(Answer, frozen=True, kw_only=True):
    """The amount of time that is offered."""

    open_ms: int


class NearbyTime(Answer, frozen=True, kw_only=True):
    """A free time close to one that is not."""

    therapist_id: str
    service_id: str | None
    start: int
    end: int


class CheckedTime(Answer, frozen=True, kw_only=True):
    """The plan of a booking, the reasons against it, and times that are free instead."""

    plan: BookingPlan
    reasons: list[Reason]
    alternatives: list[NearbyTime]


class CheckAnswer(Answer, frozen=True, kw_only=True):
    """One for each time that was asked about."""

    results: list[CheckedTime]


class ProbeAnswer(Answer, frozen=True, kw_only=True):
    """The reasons against each attempt; none: it would succeed."""

    results: list[list[Reason]]


class ImportAnswer(Answer, frozen=True, kw_only=True):
    """The number of busy times that were imported."""

    imported: int
