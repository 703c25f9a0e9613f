"""The types of answers about calendars and bookings: the contract's shapes, with the members that name people
marked."""

from typing import Literal

import msgspec

from actors.calendars.booking.answers import BookingReply
from actors.calendars.hours.answers import Answer
from actors.calendars.hours.reasons import Reason
from common.persons import UserId


class BookingPage(Answer, frozen=True, kw_only=True):
    """A page of bookings."""

    bookings: list[BookingReply]
    next_cursor: str = ""


class Alternative(Answer, frozen=True, kw_only=True):
    """A time that could be booked instead."""

    therapist_id: str
    service_id: str | None
    start: str
    end: str


class Checked(Answer, frozen=True, kw_only=True):
    """Would it be possible?"""

    available: bool
    reasons: list[Reason]
    alternatives: list[Alternative]


class BulkResult(Answer, frozen=True, kw_only=True):
    """The result of one item of a bulk request."""

    booking_id: str
    status: Literal["done", "possible", "failed"]
    start: str = ""
    booking: BookingReply | None = None
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    alternatives: list[Alternative] | None = None


class BulkReply(Answer, frozen=True, kw_only=True):
    """The results of a bulk request."""

    dry_run: bool
    results: list[BulkResult]


class Occurrence(Answer, frozen=True, kw_only=True):
    """One time of a series, and what became of it. `alternatives`: where it cannot be had. `error`: as of a request of
    its own."""

    start: str
    end: str
    status: str
    booking_id: str = ""
    reasons: list[Reason] = []
    alternatives: list[Alternative] | None = None
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class SeriesReply(Answer, frozen=True, kw_only=True):
    """A series. A dry run has its times alone; one that was just made or moved, its id besides."""

    series_id: str = ""
    therapist_id: str = ""
    client_id: UserId = ""
    service_id: str | msgspec.UnsetType | None = msgspec.UNSET  # null: a series of plain time
    start: str = ""
    tz: str = ""
    rrule: str = ""
    exceptions: list[str] | None = None
    status: str = ""
    occurrences: list[Occurrence]


class FreeTime(Answer, frozen=True, kw_only=True):
    """A time that can be booked."""

    start: str
    end: str
    remaining: int


class Refused(Answer, frozen=True, kw_only=True):
    """A stretch in which nothing can be booked, and why."""

    start: str
    end: str
    reasons: list[Reason]


class FreeTimesReply(Answer, frozen=True, kw_only=True):
    """When a calendar is free."""

    therapist_id: str
    version: int
    tz: str
    slots: list[FreeTime]
    refused: list[Refused] | None = None


class Watched(Answer, frozen=True, kw_only=True):
    """The answer to whoever watches a calendar. `bookings`: for those who run it."""

    version: int
    tz: str
    slots: list[FreeTime]
    bookings: list[BookingReply] | None = None


class LeadTimes(Answer, frozen=True, kw_only=True):
    """Lead times: how long before their start bookings are made."""

    median: float | None
    shortest: float | None
    longest: float | None


class CalendarFigures(Answer, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """Figures of a calendar's use."""

    therapist_id: str
    since: str
    until: str
    offered_minutes: int
    booked_minutes: int
    utilisation: float | None
    bookings: dict[str, int]
    lead_time_hours: LeadTimes
    cancellations: dict[str, int]
    late_cancellations: int
    no_shows: dict[str, int]


class LeftOut(Answer, frozen=True, kw_only=True):
    """A component that was left out: its number in the file (from 0), its UID if it has one, and why."""

    index: int
    reason: str
    uid: str = ""


class ImportedReply(Answer, frozen=True, kw_only=True):
    """The result of an import: busy times, and the components left out (the first hundred are named)."""

    imported: int
    events: int
    free: int
    outside: int
    left_out: list[LeftOut]
    left_out_total: int


class FeedReply(Answer, frozen=True, kw_only=True):
    """A feed as text; its clients are told beside it (`FeedContent`)."""

    ics: str


class FeedTokenReply(Answer, frozen=True, kw_only=True):
    """A token of a feed, without what it says."""

    token_id: str
    user_id: UserId
    created_at: str
    expires_at: str


class OwnFeedToken(FeedTokenReply, frozen=True, kw_only=True):
    """A token of a feed, and which feed it is for: for whoever has made it."""

    feed: str


class FeedTokenMade(FeedTokenReply, frozen=True, kw_only=True):
    """A token of a feed as it is told once, and the address that it is for."""

    token: str
    path: str


class FeedTokenList(Answer, frozen=True, kw_only=True):
    """The tokens of one feed."""

    tokens: list[FeedTokenReply]
