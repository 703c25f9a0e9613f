"""What clients may send about calendars, at both doors: one Struct each, ids of the address among the members."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.calendars.contract.queries import AvailabilityQuery, FreeTimes, ListQuery, SpanQuery
from actors.calendars.contract.requests import (
    EmptyBody,
    ImportBody,
    PatchBody,
    ReasonBody,
    RescheduleBody,
    SeriesPatch,
    TransferBody,
)
from actors.calendars.hours.schedule import CalendarBody, Id
from common.decoding import Instant, Request

FeedToken = Annotated[str, Meta(max_length=4096)]


class OfCalendar(Request, frozen=True, kw_only=True):
    """Something about one calendar."""

    therapist_id: Id


class WatchCalendar(FreeTimes, frozen=True, kw_only=True):
    """Hear when the free times of a calendar change."""

    therapist_id: Id


class GetAvailability(AvailabilityQuery, frozen=True, kw_only=True):
    """Free times."""

    therapist_id: Id


class GetCalendarAnalytics(SpanQuery, frozen=True, kw_only=True):
    """Figures."""

    therapist_id: Id


class UpdateCalendar(CalendarBody, frozen=True, kw_only=True):
    """Set a calendar up."""

    therapist_id: Id


class ImportCalendar(ImportBody, frozen=True, kw_only=True):
    """Busy time from elsewhere."""

    therapist_id: Id


class OfFeedToken(OfCalendar, frozen=True, kw_only=True):
    """A token of the feed of a calendar."""

    token_id: Id


class OfOwnFeedToken(Request, frozen=True, kw_only=True):
    """A token of the feed of one's own bookings."""

    feed_token_id: Id


class OfBooking(Request, frozen=True, kw_only=True):
    """Something about one booking."""

    booking_id: Id


class BookingToConfirm(OfBooking, frozen=True, kw_only=True):
    """A hold becomes a booking."""

    version: int | None = None


class RescheduleBooking(RescheduleBody, frozen=True, kw_only=True):
    """Another time for a booking."""

    booking_id: Id
    version: int | None = None


class TransferBooking(TransferBody, frozen=True, kw_only=True):
    """Another therapist for a booking."""

    booking_id: Id
    version: int | None = None


class UpdateBooking(PatchBody, frozen=True, kw_only=True):
    """Time, length, service, participants or notes, each alone."""

    booking_id: Id
    version: int | None = None


class EndBooking(ReasonBody, frozen=True, kw_only=True):
    """A booking is cancelled, has taken place, or the client did not come."""

    booking_id: Id
    version: int | None = None


class UpdateBookingStatus(EndBooking, frozen=True, kw_only=True):
    """For staff: it took place, or did not; a request is accepted or declined."""

    status: Literal["confirmed", "completed", "no_show", "cancelled"]


class OfSeries(Request, frozen=True, kw_only=True):
    """Something about one series."""

    series_id: Id


class UpdateSeries(SeriesPatch, frozen=True, kw_only=True):
    """Move occurrences, pause the series, or let it go on."""

    series_id: Id


class ListWaitlist(Request, frozen=True, kw_only=True):
    """One's own wishes; for staff, those of a calendar."""

    therapist_id: Id | None = None


class LeaveWaitlist(Request, frozen=True, kw_only=True):
    """Wait no more."""

    entry_id: Id


class OfOffer(Request, frozen=True, kw_only=True):
    """Take an offer, or let it go."""

    offer_id: Id


class AvailabilityAddress(GetAvailability, frozen=True, kw_only=True):
    """The same in an address, where any text is looked up."""

    since: Instant = msgspec.field(name="from")
    until: Instant = msgspec.field(name="to")
    service_id: str | None = None
    tz: str | None = None


class AnalyticsAddress(GetCalendarAnalytics, frozen=True, kw_only=True):
    """The same in an address, where any text is looked up."""

    since: Instant = msgspec.field(name="from")
    until: Instant = msgspec.field(name="to")


class BookingsAddress(ListQuery, frozen=True, kw_only=True):
    """The same in an address, where any text is looked up."""

    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)
    cursor: str | None = None


class CalendarFeedAddress(OfCalendar, frozen=True, kw_only=True):
    """The address of a feed. Calendar programs send no header, so the token may be in it (see `Callers`)."""

    token: FeedToken = ""


class BookingFeedAddress(EmptyBody, frozen=True, kw_only=True):
    """The same for one's own bookings."""

    token: FeedToken = ""
