"""The events of bookings, series and the waitlist: each is what its REST route is, with the ids of the path as members.

What happens to a booking comes to its people through their inboxes.
"""

from typing import Literal

from actors.calendars.booking.answers import BookingReply
from actors.calendars.contract import replies
from actors.calendars.contract.queries import ListQuery
from actors.calendars.contract.requests import (
    BookingBody,
    BulkBody,
    EmptyBody,
    PatchBody,
    ReasonBody,
    RescheduleBody,
    SeriesBody,
    SeriesPatch,
    TransferBody,
    WaitlistBody,
)
from actors.calendars.hours.schedule import Id
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.patching import patch, patch_series
from actors.calendars.waitlist.answers import Standing, WaitlistFigures, WaitlistReply
from actors.kernel.contract.entity import Principal
from common.decoding import Request
from common.persons import NothingToTell
from realtime.front.acks import Handler, Handlers, answering


class OfBooking(Request, frozen=True, kw_only=True):
    """Something about one booking."""

    booking_id: Id


class RescheduleBooking(RescheduleBody, frozen=True, kw_only=True):
    """Another time for a booking."""

    booking_id: Id


class TransferBooking(TransferBody, frozen=True, kw_only=True):
    """Another therapist for a booking."""

    booking_id: Id


class UpdateBooking(PatchBody, frozen=True, kw_only=True):
    """Time, length, service, participants or notes, each alone."""

    booking_id: Id


class EndBooking(ReasonBody, frozen=True, kw_only=True):
    """A booking is cancelled, has taken place, or the client did not come."""

    booking_id: Id


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


def booking_handlers(services: CalendarServices) -> Handlers:
    """Handlers of section "Calendars and bookings" of the contract that are about bookings."""
    return {**_of_bookings(services), **_of_series(services), **_of_the_waitlist(services)}


def _of_bookings(services: CalendarServices) -> Handlers:
    bookings = services.bookings

    async def book(one: BookingBody, by: Principal, trace: str) -> BookingReply:
        return await bookings.book(one.request(bookings.key_of(by, one.request_id)), by=by, trace=trace)

    async def update_status(one: UpdateBookingStatus, by: Principal, trace: str) -> BookingReply:
        match one.status:
            case "confirmed":
                return await bookings.confirm(one.booking_id, by=by, trace=trace)
            case "cancelled":
                return await bookings.cancel(one.booking_id, one.reason, by=by, trace=trace)
        return await bookings.finish(one.booking_id, one.status, one.reason, by=by, trace=trace)

    return {
        "check_conflicts": answering(
            BookingBody, replies.Checked, lambda one, by, _: bookings.check(one.request(), by=by)
        ),
        "request_booking": answering(BookingBody, BookingReply, book),
        "get_booking": answering(
            OfBooking, BookingReply, lambda one, by, trace: bookings.get(one.booking_id, by=by, trace=trace)
        ),
        "list_bookings": answering(
            ListQuery, replies.BookingPage, lambda one, by, _: services.queries.page(one.wanted(), by=by)
        ),
        "confirm_booking": answering(
            OfBooking, BookingReply, lambda one, by, trace: bookings.confirm(one.booking_id, by=by, trace=trace)
        ),
        "reschedule_booking": _moving(RescheduleBooking, bookings),
        "transfer_booking": _moving(TransferBooking, bookings),
        "update_booking": answering(
            UpdateBooking,
            BookingReply,
            lambda one, by, trace: patch(bookings, one.booking_id, one, by=by, trace=trace),
        ),
        "cancel_booking": answering(
            EndBooking,
            BookingReply,
            lambda one, by, trace: bookings.cancel(one.booking_id, one.reason, by=by, trace=trace),
        ),
        "complete_booking": _finishing("completed", bookings),
        "no_show_booking": _finishing("no_show", bookings),
        "update_booking_status": answering(UpdateBookingStatus, BookingReply, update_status),
        "bulk_bookings": answering(BulkBody, replies.BulkReply, lambda one, by, _: services.bulk.run(one, by=by)),
    }


def _moving(kind: type[RescheduleBooking] | type[TransferBooking], bookings: Bookings) -> Handler:
    return answering(
        kind,
        BookingReply,
        lambda one, by, trace: bookings.move(one.booking_id, one.change(), by=by, trace=trace),
    )


def _finishing(status: str, bookings: Bookings) -> Handler:
    return answering(
        EndBooking,
        BookingReply,
        lambda one, by, trace: bookings.finish(one.booking_id, status, one.reason, by=by, trace=trace),
    )


def _of_series(services: CalendarServices) -> Handlers:
    series = services.series

    async def create(one: SeriesBody, by: Principal, _: str) -> replies.SeriesReply:
        wanted = one.request(services.bookings.key_of(by, one.request_id, "ser"))
        return await series.create(wanted, one.rrule, one.exceptions, one.policy, dry_run=one.dry_run, by=by)

    return {
        "create_series": answering(SeriesBody, replies.SeriesReply, create),
        "get_series": answering(OfSeries, replies.SeriesReply, lambda one, by, _: series.get(one.series_id, by=by)),
        "update_series": answering(
            UpdateSeries, replies.SeriesReply, lambda one, by, _: patch_series(series, one.series_id, one, by=by)
        ),
        "delete_series": answering(
            OfSeries, replies.SeriesReply, lambda one, by, _: series.turn(one.series_id, "ended", by=by)
        ),
    }


def _of_the_waitlist(services: CalendarServices) -> Handlers:
    waiting = services.waiting

    async def join(one: WaitlistBody, by: Principal, _: str) -> Standing:
        return await waiting.join(one, by=by, key=services.bookings.key_of(by, one.request_id, "wait"))

    return {
        "join_waitlist": answering(WaitlistBody, Standing, join),
        "list_waitlist": answering(
            ListWaitlist, WaitlistReply, lambda one, by, _: waiting.listing(one.therapist_id or "", by=by)
        ),
        "get_waitlist_analytics": answering(EmptyBody, WaitlistFigures, lambda _, by, __: waiting.figures(by=by)),
        "leave_waitlist": answering(
            LeaveWaitlist, NothingToTell, lambda one, by, _: waiting.leave(one.entry_id, by=by)
        ),
        "accept_offer": answering(OfOffer, BookingReply, lambda one, by, _: waiting.accept(one.offer_id, by=by)),
        "decline_offer": answering(OfOffer, NothingToTell, lambda one, by, _: waiting.decline(one.offer_id, by=by)),
    }
