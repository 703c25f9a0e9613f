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
from realtime.front.handlers import Handler, answering


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


def booking_handlers(services: CalendarServices) -> list[Handler]:
    """Handlers of section "Calendars and bookings" of the contract that are about bookings."""
    return [*_of_bookings(services), *_of_series(services), *_of_the_waitlist(services)]


def _of_bookings(services: CalendarServices) -> list[Handler]:
    bookings = services.bookings

    async def book(request: BookingBody, by: Principal, trace: str) -> BookingReply:
        return await bookings.book(request.request(bookings.key_of(by, request.request_id)), by=by, trace=trace)

    async def update_status(request: UpdateBookingStatus, by: Principal, trace: str) -> BookingReply:
        match request.status:
            case "confirmed":
                return await bookings.confirm(request.booking_id, by=by, trace=trace)
            case "cancelled":
                return await bookings.cancel(request.booking_id, request.reason, by=by, trace=trace)
        return await bookings.finish(request.booking_id, request.status, request.reason, by=by, trace=trace)

    return [
        answering(
            "check_conflicts",
            "booking.create",
            "read",
            BookingBody,
            lambda request, by, _: bookings.check(request.request(), by=by),
            tells=replies.Checked,
            resource=("therapist_id",),
        ),
        answering(
            "request_booking",
            "booking.create",
            "write",
            BookingBody,
            book,
            tells=BookingReply,
            resource=("therapist_id",),
        ),
        answering(
            "get_booking",
            "booking.read",
            "read",
            OfBooking,
            lambda request, by, trace: bookings.get(request.booking_id, by=by, trace=trace),
            tells=BookingReply,
            resource=("booking_id",),
        ),
        answering(
            "list_bookings",
            "booking.read",
            "read",
            ListQuery,
            lambda request, by, _: services.queries.page(request.wanted(), by=by),
            tells=replies.BookingPage,
            resource=("therapist_id", "series_id", "client_id"),
        ),
        answering(
            "confirm_booking",
            "booking.confirm",
            "write",
            OfBooking,
            lambda request, by, trace: bookings.confirm(request.booking_id, by=by, trace=trace),
            tells=BookingReply,
            resource=("booking_id",),
        ),
        _moving("reschedule_booking", "booking.reschedule", RescheduleBooking, bookings),
        _moving("transfer_booking", "booking.transfer", TransferBooking, bookings),
        answering(
            "update_booking",
            "booking.reschedule",
            "write",
            UpdateBooking,
            lambda request, by, trace: patch(bookings, request.booking_id, request, by=by, trace=trace),
            tells=BookingReply,
            resource=("booking_id",),
        ),
        answering(
            "cancel_booking",
            "booking.cancel",
            "write",
            EndBooking,
            lambda request, by, trace: bookings.cancel(request.booking_id, request.reason, by=by, trace=trace),
            tells=BookingReply,
            resource=("booking_id",),
        ),
        _finishing("complete_booking", "completed", bookings),
        _finishing("no_show_booking", "no_show", bookings),
        answering(
            "update_booking_status",
            "booking.close",
            "write",
            UpdateBookingStatus,
            update_status,
            tells=BookingReply,
            resource=("booking_id",),
        ),
        answering(
            "bulk_bookings",
            "booking.close",
            "write",
            BulkBody,
            lambda request, by, _: services.bulk.run(request, by=by),
            tells=replies.BulkReply,
            resource=("therapist_id",),
        ),
    ]


def _moving(
    event: str, action: str, request: type[RescheduleBooking] | type[TransferBooking], bookings: Bookings
) -> Handler:
    return answering(
        event,
        action,
        "write",
        request,
        lambda request, by, trace: bookings.move(request.booking_id, request.change(), by=by, trace=trace),
        tells=BookingReply,
        resource=("booking_id",),
    )


def _finishing(event: str, status: str, bookings: Bookings) -> Handler:
    return answering(
        event,
        "booking.close",
        "write",
        EndBooking,
        lambda request, by, trace: bookings.finish(request.booking_id, status, request.reason, by=by, trace=trace),
        tells=BookingReply,
        resource=("booking_id",),
    )


def _of_series(services: CalendarServices) -> list[Handler]:
    series = services.series

    async def create(request: SeriesBody, by: Principal, _: str) -> replies.SeriesReply:
        wanted = request.request(services.bookings.key_of(by, request.request_id, "ser"))
        return await series.create(
            wanted, request.rrule, request.exceptions, request.policy, dry_run=request.dry_run, by=by
        )

    return [
        answering(
            "create_series",
            "series.create",
            "write",
            SeriesBody,
            create,
            tells=replies.SeriesReply,
            resource=("therapist_id",),
        ),
        answering(
            "get_series",
            "series.read",
            "read",
            OfSeries,
            lambda request, by, _: series.get(request.series_id, by=by),
            tells=replies.SeriesReply,
            resource=("series_id",),
        ),
        answering(
            "update_series",
            "series.manage",
            "write",
            UpdateSeries,
            lambda request, by, _: patch_series(series, request.series_id, request, by=by),
            tells=replies.SeriesReply,
            resource=("booking_id", "series_id"),
        ),
        answering(
            "delete_series",
            "series.manage",
            "write",
            OfSeries,
            lambda request, by, _: series.turn(request.series_id, "ended", by=by),
            tells=replies.SeriesReply,
            resource=("series_id",),
        ),
    ]


def _of_the_waitlist(services: CalendarServices) -> list[Handler]:
    waiting = services.waiting

    async def join(request: WaitlistBody, by: Principal, _: str) -> Standing:
        return await waiting.join(request, by=by, key=services.bookings.key_of(by, request.request_id, "wait"))

    return [
        answering(
            "join_waitlist",
            "waitlist.join",
            "write",
            WaitlistBody,
            join,
            tells=Standing,
            resource=("client_id",),
        ),
        answering(
            "list_waitlist",
            "waitlist.read",
            "read",
            ListWaitlist,
            lambda request, by, _: waiting.listing(request.therapist_id or "", by=by),
            tells=WaitlistReply,
            resource=("therapist_id",),
        ),
        answering(
            "get_waitlist_analytics",
            "waitlist.figures",
            "read",
            EmptyBody,
            lambda _, by, __: waiting.figures(by=by),
            tells=WaitlistFigures,
        ),
        answering(
            "leave_waitlist",
            "waitlist.leave",
            "write",
            LeaveWaitlist,
            lambda request, by, _: waiting.leave(request.entry_id, by=by),
            tells=NothingToTell,
            resource=("entry_id",),
        ),
        answering(
            "accept_offer",
            "waitlist.leave",
            "write",
            OfOffer,
            lambda request, by, _: waiting.accept(request.offer_id, by=by),
            tells=BookingReply,
            resource=("offer_id",),
        ),
        answering(
            "decline_offer",
            "waitlist.leave",
            "write",
            OfOffer,
            lambda request, by, _: waiting.decline(request.offer_id, by=by),
            tells=NothingToTell,
            resource=("offer_id",),
        ),
    ]
