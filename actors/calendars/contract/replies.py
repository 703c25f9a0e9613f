"""What is answered about calendars and bookings, as types: the shape of the contract, and who is told of in it."""

from typing import Literal

import msgspec

from actors.calendars.booking.state import Status
from actors.calendars.hours.reasons import Reason
from actors.calendars.hours.schedule import CalendarBody, Price
from common.persons import UserId


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is answered."""


class BookingReply(Reply, frozen=True, kw_only=True):
    """A booking."""

    id: str
    therapist_id: str
    client_id: UserId
    start: str
    end: str
    tz: str
    status: Status
    participants: list[UserId]
    version: int
    created_at: str
    updated_at: str
    service_id: str = ""
    price: Price | None = None
    format: str = ""
    series_id: str = ""
    hold_expires_at: str = ""
    awaiting: str = ""
    overridden: bool = False
    cancel_reason: str = ""
    late_cancellation: bool = False
    notes: str = ""
    reason: str = ""
    override_reason: str = ""


class BookingPage(Reply, frozen=True, kw_only=True):
    """A page of bookings."""

    bookings: list[BookingReply]
    next_cursor: str = ""


class Alternative(Reply, frozen=True, kw_only=True):
    """What could be booked instead."""

    therapist_id: str
    service_id: str | None
    start: str
    end: str


class Checked(Reply, frozen=True, kw_only=True):
    """Would it be possible?"""

    available: bool
    reasons: list[Reason]
    alternatives: list[Alternative]


class ErrorDetails(Reply, frozen=True, kw_only=True):
    """Of an error that one of many had."""

    field: str = ""
    reasons: list[Reason] = []
    alternatives: list[Alternative] = []
    lapsed: bool = False


class Failure(Reply, frozen=True, kw_only=True):
    """Why one of many failed."""

    code: str
    message: str
    retryable: bool = False
    retry_after: float | None = None
    details: ErrorDetails | None = None


class BulkResult(Reply, frozen=True, kw_only=True):
    """What became of one of many."""

    booking_id: str
    status: Literal["done", "possible", "failed"]
    start: str = ""
    booking: BookingReply | None = None
    error: Failure | None = None
    alternatives: list[Alternative] = []


class BulkReply(Reply, frozen=True, kw_only=True):
    """What became of many."""

    dry_run: bool
    results: list[BulkResult]


class Occurrence(Reply, frozen=True, kw_only=True):
    """One time of a series, and what became of it."""

    start: str
    end: str
    status: str
    booking_id: str = ""
    reasons: list[Reason] = []
    alternatives: list[Alternative] = []
    error: Failure | None = None


class SeriesReply(Reply, frozen=True, kw_only=True):
    """A series. While it is only looked at, it has neither id nor people."""

    occurrences: list[Occurrence]
    series_id: str = ""
    therapist_id: str = ""
    client_id: UserId = ""
    service_id: str | None = None
    start: str = ""
    tz: str = ""
    rrule: str = ""
    exceptions: list[str] = []
    status: str = ""


class Estimate(Reply, frozen=True, kw_only=True):
    """When it may be somebody's turn."""

    at: str
    hours: float
    offers_seen: int


class Factor(Reply, frozen=True, kw_only=True):
    """Part of what decides how far in front somebody is."""

    factor: str
    hours: float


class Standing(Reply, frozen=True, kw_only=True):
    """Where somebody stands who has joined the waitlist."""

    entry_id: str
    position: int
    priority: list[Factor]
    estimate: Estimate | None = None


class OfferReply(Reply, frozen=True, kw_only=True):
    """Time that is offered."""

    offer_id: str
    entry_id: str
    therapist_id: str
    service_id: str | None
    start: str
    end: str
    expires_at: str


class WaitlistLine(Standing, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """A line of the waitlist."""

    client_id: UserId
    therapist_ids: list[str]
    service_id: str | None
    since: str
    until: str
    urgency: str
    joined_at: str
    offer: OfferReply | None = None
    note: str = ""


class WaitlistReply(Reply, frozen=True, kw_only=True):
    """The waitlist, as far as it concerns the reader."""

    entries: list[WaitlistLine]


class WaitlistFigures(Reply, frozen=True, kw_only=True):
    """How the waitlist goes."""

    waiting: int
    joined: int
    offered: int
    accepted: int
    declined: int
    lapsed: int
    acceptance: float | None
    waited_hours: float | None
    demand_by_hour: list[int]


class FreeTime(Reply, frozen=True, kw_only=True):
    """A time that can be booked."""

    start: str
    end: str
    remaining: int


class Refused(Reply, frozen=True, kw_only=True):
    """A stretch in which nothing can be booked, and why."""

    start: str
    end: str
    reasons: list[Reason]


class FreeTimesReply(Reply, frozen=True, kw_only=True):
    """When a calendar is free."""

    therapist_id: str
    version: int
    tz: str
    slots: list[FreeTime]
    refused: list[Refused] = []


class Watched(Reply, frozen=True, kw_only=True):
    """The answer to whoever watches a calendar. `bookings`: for those who run it."""

    version: int
    tz: str
    slots: list[FreeTime]
    bookings: list[BookingReply] = []


class LeadTimes(Reply, frozen=True, kw_only=True):
    """How long before their start bookings are made."""

    median: float | None
    shortest: float | None
    longest: float | None


class CalendarFigures(Reply, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """How a calendar is used."""

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


class ImportedReply(Reply, frozen=True, kw_only=True):
    """How much busy time came in."""

    imported: int


class FeedReply(Reply, frozen=True, kw_only=True):
    """A feed as text; its clients are told beside it (`FeedContent`)."""

    ics: str


class FeedTokenReply(Reply, frozen=True, kw_only=True):
    """A token of a feed, without what it says."""

    token_id: str
    user_id: UserId
    created_at: str
    expires_at: str


class FeedTokenMade(FeedTokenReply, frozen=True, kw_only=True):
    """A token of a feed as it is told once, and the address that it is for."""

    token: str
    path: str


class FeedTokenList(Reply, frozen=True, kw_only=True):
    """The tokens of one feed."""

    tokens: list[FeedTokenReply]


class CalendarReply(CalendarBody, frozen=True, kw_only=True):
    """How a calendar is set up."""
