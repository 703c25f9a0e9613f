"""Bookings: made, looked at, changed, ended, one by one and many at once."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias, TypedDict

from actors.calendars.booking.answers import BookingReply
from actors.calendars.contract import replies
from actors.calendars.contract.queries import ListQuery
from actors.calendars.contract.requests import BookingBody, BulkBody
from actors.calendars.hours.versions import Versions
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.patching import patch
from actors.kernel.contract.entity import Principal
from serve_app.capabilities.calendars import examples, requests
from serve_app.capabilities.calendars.shared import DETAILS, REFUSES, versioned
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result


def bookings(services: CalendarServices) -> Iterator[Operation[Any]]:
    """Section "Calendars and bookings" of the contract, as far as it is about bookings."""
    yield from _made(services)
    yield Operation(
        name="bulk_bookings",
        action="booking.close",
        request=BulkBody,
        call=lambda request, caller: services.bulk.run(request, by=caller.by),
        rest=Rest("POST", "/api/bookings/bulk", tag="bookings"),
        limit="write",
        response=replies.BulkReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.BULK_BOOKINGS,
        description="Many at once, for staff: a dry run first, a result for each; a repeat does what is left.",
    )
    yield from _changed(services.bookings)
    yield from _ended(services.bookings)


def _made(services: CalendarServices) -> Iterator[Operation[Any]]:
    bookings = services.bookings

    async def book(request: BookingBody, caller: Caller) -> Result:
        wanted = request.request(bookings.key_of(caller.by, caller.idempotency_key))
        return versioned(await bookings.book(wanted, by=caller.by, trace=caller.trace))

    yield Operation(
        name="request_booking",
        action="booking.create",
        request=BookingBody,
        call=book,
        rest=Rest("POST", "/api/bookings", 201, tag="bookings"),
        limit="write",
        response=BookingReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.REQUEST_BOOKING,
        description="Book a time, or hold it. 409: all reasons, and alternatives that can be booked as they are.",
    )
    yield Operation(
        name="list_bookings",
        action="booking.read",
        request=ListQuery,
        call=lambda request, caller: services.queries.page(request.wanted(), by=caller.by),
        rest=Rest("GET", "/api/bookings", tag="bookings", request=requests.BookingsAddress),
        limit="read",
        response=replies.BookingPage,
        resource=("therapist_id", "series_id", "client_id"),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.LIST_BOOKINGS,
        description="Bookings by start: one's own, or (for staff) those of a calendar or a client.",
    )
    yield Operation(
        name="check_conflicts",
        action="booking.create",
        request=BookingBody,
        call=lambda request, caller: bookings.check(request.request(), by=caller.by),
        rest=Rest("POST", "/api/bookings/check", tag="bookings"),
        limit="read",
        response=replies.Checked,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.CHECK_CONFLICTS,
        description="Could this be booked? All that stands against it, and alternatives.",
    )


def _changed(bookings: Bookings) -> Iterator[Operation[Any]]:
    yield _of_one(
        name="get_booking",
        action="booking.read",
        request=requests.OfBooking,
        call=lambda request, caller: bookings.get(request.booking_id, by=caller.by, trace=caller.trace),
        rest=Rest("GET", "/api/bookings/{booking_id}", tag="bookings"),
        example=examples.GET_BOOKING,
        description="A booking, with its notes.",
    )
    yield _of_one(
        name="update_booking",
        action="booking.reschedule",
        request=requests.UpdateBooking,
        call=lambda request, caller: patch(bookings, request.booking_id, request, **_asked(request, caller)),
        rest=Rest("PATCH", "/api/bookings/{booking_id}", tag="bookings"),
        example=examples.UPDATE_BOOKING,
        description="Change time, length, service, participants or notes, each alone.",
    )
    yield _of_one(
        name="confirm_booking",
        action="booking.confirm",
        request=requests.BookingToConfirm,
        call=lambda request, caller: bookings.confirm(request.booking_id, **_asked(request, caller)),
        rest=Rest("POST", "/api/bookings/{booking_id}/confirm", tag="bookings"),
        example=examples.CONFIRM_BOOKING,
        description="Turn a hold into a booking, or accept a request or a counter-offer.",
    )
    yield _of_one(
        name="reschedule_booking",
        action="booking.reschedule",
        request=requests.RescheduleBooking,
        call=lambda request, caller: bookings.move(request.booking_id, request.change(), **_asked(request, caller)),
        rest=Rest("POST", "/api/bookings/{booking_id}/reschedule", tag="bookings"),
        example=examples.RESCHEDULE_BOOKING,
        description="Another time: never both, never neither. For a request, staff makes a counter-offer so.",
    )
    yield _of_one(
        name="transfer_booking",
        action="booking.transfer",
        request=requests.TransferBooking,
        call=lambda request, caller: bookings.move(request.booking_id, request.change(), **_asked(request, caller)),
        rest=Rest("POST", "/api/bookings/{booking_id}/transfer", tag="bookings"),
        example=examples.TRANSFER_BOOKING,
        description="Another therapist (staff only).",
    )


def _ended(bookings: Bookings) -> Iterator[Operation[Any]]:
    async def finish(status: str, request: requests.EndBooking, caller: Caller) -> BookingReply:
        return await bookings.finish(request.booking_id, status, request.reason, **_asked(request, caller))

    async def update_status(request: requests.UpdateBookingStatus, caller: Caller) -> BookingReply:
        match request.status:
            case "confirmed":
                return await bookings.confirm(request.booking_id, **_asked(request, caller))
            case "cancelled":
                return await bookings.cancel(request.booking_id, request.reason, **_asked(request, caller))
        return await finish(request.status, request, caller)

    yield _of_one(
        name="cancel_booking",
        action="booking.cancel",
        request=requests.EndBooking,
        call=lambda request, caller: bookings.cancel(request.booking_id, request.reason, **_asked(request, caller)),
        rest=Rest("POST", "/api/bookings/{booking_id}/cancel", tag="bookings"),
        example=examples.CANCEL_BOOKING,
        description="Give the time back; staff declines a request so.",
    )
    yield _of_one(
        name="complete_booking",
        action="booking.close",
        request=requests.EndBooking,
        call=lambda request, caller: finish("completed", request, caller),
        rest=Rest("POST", "/api/bookings/{booking_id}/complete", tag="bookings"),
        example=examples.COMPLETE_BOOKING,
        description="It took place (staff, once it has begun).",
    )
    yield _of_one(
        name="no_show_booking",
        action="booking.close",
        request=requests.EndBooking,
        call=lambda request, caller: finish("no_show", request, caller),
        rest=Rest("POST", "/api/bookings/{booking_id}/no-show", tag="bookings"),
        example=examples.NO_SHOW_BOOKING,
        description="The client did not come (staff, once it has begun).",
    )
    yield _of_one(
        name="update_booking_status",
        action="booking.close",
        request=requests.UpdateBookingStatus,
        call=update_status,
        rest=None,
        example=examples.UPDATE_BOOKING_STATUS,
        description="For staff: it took place, or did not; a request is accepted or declined.",
    )


def _of_one(
    name: str,
    action: str,
    request: type[Any],
    call: Callable[[Any, Caller], Awaitable[BookingReply]],
    rest: Rest | None,
    example: Example,
    description: str,
) -> Operation[Any]:
    """An operation on one booking, which answers what the booking is then."""

    async def told(asked: Any, caller: Caller) -> Result:
        return versioned(await call(asked, caller))

    return Operation(
        name=name,
        action=action,
        request=request,
        call=told,
        rest=rest,
        limit="read" if action == "booking.read" else "write",
        response=BookingReply,
        resource=("booking_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=example,
        description=description,
        versioned=True,
    )


_Change: TypeAlias = (
    requests.BookingToConfirm
    | requests.RescheduleBooking
    | requests.TransferBooking
    | requests.UpdateBooking
    | requests.EndBooking
)


class _Asked(TypedDict):
    by: Principal
    trace: str
    versions: Versions


def _asked(request: _Change, caller: Caller) -> _Asked:
    versions = caller.versions if request.version is None else (request.version,)
    return {"by": caller.by, "trace": caller.trace, "versions": versions}
