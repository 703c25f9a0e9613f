"""What only a socket can ask of a calendar: to hear `availability_changed`."""

from typing import TYPE_CHECKING, Final

import msgspec

from actors.calendars.contract.ports import calendar_of
from actors.calendars.contract.replies import Watched
from actors.calendars.contract.wanted import LARGEST_PAGE, BookingFilter
from actors.calendars.hours.roles import is_staff
from actors.calendars.services.assembly import CalendarServices
from actors.kernel.contract.answers import Reply
from common.persons import NothingToTell
from realtime.delivery.connections import Connection
from realtime.delivery.joining import Joining
from realtime.delivery.subscriptions import GatewayTopics
from realtime.front.handlers import EventResult, Handler
from serve_app.capabilities.calendars import examples
from serve_app.capabilities.calendars.requests import OfCalendar, WatchCalendar
from serve_app.edge.operation import ClientEvent
from serve_app.edge.sockets import handler_of

if TYPE_CHECKING:
    from actors.calendars.booking.answers import BookingReply

WATCH_CALENDAR: Final = ClientEvent(
    "watch_calendar",
    "calendar.availability",
    WatchCalendar,
    "read",
    response=Watched,
    resource=("therapist_id",),
    example=examples.WATCH_CALENDAR,
    description="Free times, and every change of them from then on; with the bookings, for those who run the calendar.",
)
UNWATCH_CALENDAR: Final = ClientEvent(
    "unwatch_calendar",
    "calendar.availability",
    OfCalendar,
    "read",
    response=NothingToTell,
    resource=("therapist_id",),
    example=examples.UNWATCH_CALENDAR,
    description="Hear of this calendar no more.",
)
EVENTS: Final = (WATCH_CALENDAR, UNWATCH_CALENDAR)


class CalendarWatching:
    """Their handlers, for the sockets of one gateway."""

    def __init__(self, services: CalendarServices, subscriptions: GatewayTopics[Connection], joining: Joining) -> None:
        self._services = services
        self._subscriptions = subscriptions
        self._joining = joining

    def handlers(self) -> list[Handler]:
        """One each."""
        return [handler_of(WATCH_CALENDAR, self._watch), handler_of(UNWATCH_CALENDAR, self._unwatch)]

    async def _watch(self, connection: Connection, request: WatchCalendar) -> EventResult:
        by, command = connection.principal, request.command(connection.principal)
        booked: list[BookingReply] | None = None
        if is_staff(by, request.therapist_id):  # before the join: nothing may be awaited between it and the ack
            wanted = BookingFilter(
                therapist=request.therapist_id, start=command.start, end=command.end, limit=LARGEST_PAGE
            )
            booked = (await self._services.queries.page(wanted, by=by)).bookings

        async def submit() -> Reply:
            free, version = await self._services.calendars.availability(
                request.therapist_id, command, by=by, listen=True, trace=connection.trace()
            )
            shown = Watched(version=free.version, tz=free.tz, slots=free.slots, bookings=booked)
            return Reply(msgspec.json.encode(shown), version, False)

        joined = await self._joining.join(connection, calendar_of(request.therapist_id), submit)
        return EventResult(joined.reply.data, joined.held)

    async def _unwatch(self, connection: Connection, request: OfCalendar) -> EventResult:
        self._subscriptions.leave(connection, calendar_of(request.therapist_id))
        return EventResult()
