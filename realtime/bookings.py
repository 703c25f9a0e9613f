"""The events of calendars, bookings and the waitlist. Parse, call, emit: decides nothing.

What happens to a booking comes to its people through their inboxes; a calendar's watchers hear `availability_changed`.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.calendars import time
from actors.calendars.commands import Availability
from actors.calendars.ports import calendar_of
from actors.calendars.queries import LARGEST_PAGE, BookingQueries, Wanted
from actors.calendars.requests import BookingBody, Moment, RescheduleBody
from actors.calendars.roles import is_staff
from actors.calendars.service import Bookings
from actors.calendars.waiting import Waiting, WaitlistBody
from actors.kernel.region import Reply
from realtime.acks import Answer, Handler, Handlers
from realtime.connections import Connection
from realtime.joining import Joining
from realtime.requests import Id, Request
from realtime.subscriptions import Subscriptions


class WatchCalendar(Request, frozen=True, kw_only=True):
    """Hear when the free times of a calendar change."""

    therapist_id: Id
    since: Moment = msgspec.field(name="from")
    until: Moment = msgspec.field(name="to")
    service_id: Id | None = None
    duration_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None


class UnwatchCalendar(Request, frozen=True):
    """Hear no more of a calendar."""

    therapist_id: Id


class OfBooking(Request, frozen=True, kw_only=True):
    """Something about one booking."""

    booking_id: Id


class RescheduleBooking(RescheduleBody, frozen=True, kw_only=True):
    """Another time for a booking."""

    booking_id: Id


class CancelBooking(OfBooking, frozen=True, kw_only=True):
    """Give the time back."""

    reason: Annotated[str, Meta(max_length=1000)] = ""


class UpdateBookingStatus(OfBooking, frozen=True, kw_only=True):
    """For staff: it took place, or did not; a request is accepted or declined."""

    status: Literal["confirmed", "completed", "no_show", "cancelled"]
    reason: Annotated[str, Meta(max_length=1000)] = ""


class LeaveWaitlist(Request, frozen=True):
    """Wait no more."""

    entry_id: Id


class OfOffer(Request, frozen=True):
    """Take an offer."""

    offer_id: Id


@dataclass(frozen=True, slots=True)
class Desk:
    """The services behind the events."""

    bookings: Bookings
    queries: BookingQueries
    waiting: Waiting


class BookingEvents:
    """Handlers of section "Calendars and bookings" of the contract."""

    def __init__(self, desk: Desk, subscriptions: Subscriptions[Connection], joining: Joining) -> None:
        self._bookings = desk.bookings
        self._queries = desk.queries
        self._waiting = desk.waiting
        self._subscriptions = subscriptions
        self._joining = joining

    def handlers(self) -> Handlers:
        """Event name -> handler."""
        return {
            "watch_calendar": Handler(WatchCalendar, self._watch),
            "unwatch_calendar": Handler(UnwatchCalendar, self._unwatch),
            "check_conflicts": Handler(BookingBody, self._check),
            "request_booking": Handler(BookingBody, self._book),
            "confirm_booking": Handler(OfBooking, self._confirm),
            "reschedule_booking": Handler(RescheduleBooking, self._reschedule),
            "cancel_booking": Handler(CancelBooking, self._cancel),
            "update_booking_status": Handler(UpdateBookingStatus, self._update),
            "join_waitlist": Handler(WaitlistBody, self._join_waitlist),
            "leave_waitlist": Handler(LeaveWaitlist, self._leave_waitlist),
            "accept_offer": Handler(OfOffer, self._accept),
            "decline_offer": Handler(OfOffer, self._decline),
        }

    async def _watch(self, connection: Connection, request: WatchCalendar) -> Answer:
        by = connection.principal
        start, end = time.parse_instant(request.since, "from"), time.parse_instant(request.until, "to")
        command = Availability(start, end, request.service_id, request.duration_minutes)
        shown: dict[str, Any] = {}
        if is_staff(by, request.therapist_id):  # before the join: nothing may be awaited between it and the ack
            wanted = Wanted(therapist=request.therapist_id, start=start, end=end, limit=LARGEST_PAGE)
            shown["bookings"] = (await self._queries.page(wanted, by=by))["bookings"]

        async def submit() -> Reply:
            found, version = await self._bookings.availability(
                request.therapist_id, command, by=by, listen=True, trace=connection.trace()
            )
            shown.update({name: found[name] for name in ("version", "tz", "slots")})
            return Reply(b"", version, False)

        joined = await self._joining.join(connection, calendar_of(request.therapist_id), submit)
        return Answer(msgspec.json.encode(shown), joined.held)

    async def _unwatch(self, connection: Connection, request: UnwatchCalendar) -> Answer:
        self._subscriptions.leave(connection, calendar_of(request.therapist_id))
        return Answer()

    async def _check(self, connection: Connection, request: BookingBody) -> Answer:
        return _answer(await self._bookings.check(request.request(), by=connection.principal))

    async def _book(self, connection: Connection, request: BookingBody) -> Answer:
        by = connection.principal
        name = request.request_id
        booking = self._bookings.id_from(by, name) if name else ""
        return _answer(await self._bookings.book(request.request(booking), by=by, trace=connection.trace()))

    async def _confirm(self, connection: Connection, request: OfBooking) -> Answer:
        return _answer(await self._bookings.confirm(request.booking_id, by=connection.principal))

    async def _reschedule(self, connection: Connection, request: RescheduleBooking) -> Answer:
        by, trace = connection.principal, connection.trace()
        return _answer(await self._bookings.move(request.booking_id, request.change(), by=by, trace=trace))

    async def _cancel(self, connection: Connection, request: CancelBooking) -> Answer:
        return _answer(await self._bookings.cancel(request.booking_id, request.reason, by=connection.principal))

    async def _update(self, connection: Connection, request: UpdateBookingStatus) -> Answer:
        by, booking = connection.principal, request.booking_id
        match request.status:
            case "confirmed":
                return _answer(await self._bookings.confirm(booking, by=by))
            case "cancelled":
                return _answer(await self._bookings.cancel(booking, request.reason, by=by))
        return _answer(await self._bookings.finish(booking, request.status, request.reason, by=by))

    async def _join_waitlist(self, connection: Connection, request: WaitlistBody) -> Answer:
        return _answer(await self._waiting.join(request, by=connection.principal))

    async def _leave_waitlist(self, connection: Connection, request: LeaveWaitlist) -> Answer:
        return _answer(await self._waiting.leave(request.entry_id, by=connection.principal))

    async def _accept(self, connection: Connection, request: OfOffer) -> Answer:
        return _answer(await self._waiting.accept(request.offer_id, by=connection.principal))

    async def _decline(self, connection: Connection, request: OfOffer) -> Answer:
        return _answer(await self._waiting.decline(request.offer_id, by=connection.principal))


def _answer(document: dict[str, Any]) -> Answer:
    return Answer(msgspec.json.encode(document))
