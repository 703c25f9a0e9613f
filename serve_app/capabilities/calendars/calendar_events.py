"""The events of calendars: set up, when they are free, what is in them. Parse, call, emit: decides nothing.

A calendar's watchers hear `availability_changed`.
"""

from typing import TYPE_CHECKING

import msgspec

from actors.calendars.calendar.answers import CalendarReply
from actors.calendars.contract.ports import calendar_of
from actors.calendars.contract.queries import AvailabilityQuery, FreeTimes, SpanQuery
from actors.calendars.contract.replies import (
    CalendarFigures,
    FeedReply,
    FeedTokenList,
    FeedTokenMade,
    FreeTimesReply,
    ImportedReply,
    Watched,
)
from actors.calendars.contract.requests import EmptyBody, ImportBody
from actors.calendars.contract.wanted import LARGEST_PAGE, BookingFilter
from actors.calendars.hours.roles import is_staff
from actors.calendars.hours.schedule import CalendarBody, Id
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.feed_tokens import FeedTokens
from actors.calendars.services.feeds import FeedContent
from actors.kernel.contract.answers import Reply
from common.decoding import Request
from common.persons import NothingToTell
from realtime.delivery.connections import Connection
from realtime.delivery.joining import Joining
from realtime.delivery.subscriptions import Subscriptions
from realtime.front.handlers import EventResult, Handler, answering

if TYPE_CHECKING:
    from actors.calendars.booking.answers import BookingReply


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


class CalendarEvents:
    """Handlers of section "Calendars and bookings" of the contract that are about calendars."""

    def __init__(self, services: CalendarServices, subscriptions: Subscriptions[Connection], joining: Joining) -> None:
        self._services = services
        self._subscriptions = subscriptions
        self._joining = joining

    def handlers(self) -> list[Handler]:
        """Of every event of a calendar."""
        bookings, queries, feeds = self._services.bookings, self._services.queries, self._services.feeds
        return [
            Handler(
                event="watch_calendar",
                action="calendar.availability",
                limit="read",
                request=WatchCalendar,
                call=self._watch,
                tells=Watched,
                resource=("therapist_id",),
            ),
            Handler(
                event="unwatch_calendar",
                action="calendar.availability",
                limit="read",
                request=OfCalendar,
                call=self._unwatch,
                tells=NothingToTell,
                resource=("therapist_id",),
            ),
            answering(
                "get_calendar",
                "calendar.availability",
                "read",
                OfCalendar,
                lambda request, by, trace: bookings.calendar(request.therapist_id, by=by, trace=trace),
                tells=CalendarReply,
                resource=("therapist_id",),
            ),
            answering(
                "update_calendar",
                "calendar.manage",
                "write",
                UpdateCalendar,
                lambda request, by, trace: bookings.configure(
                    request.therapist_id, request.schedule(), by=by, trace=trace
                ),
                tells=CalendarReply,
                resource=("therapist_id",),
            ),
            answering(
                "get_availability",
                "calendar.availability",
                "read",
                GetAvailability,
                lambda request, by, trace: bookings.free_times(request.therapist_id, request, by=by, trace=trace),
                tells=FreeTimesReply,
                resource=("therapist_id",),
            ),
            answering(
                "get_calendar_analytics",
                "calendar.manage",
                "write",
                GetCalendarAnalytics,
                lambda request, by, _: queries.analytics(request.therapist_id, *request.span(), by=by),
                tells=CalendarFigures,
                resource=("therapist_id",),
            ),
            answering(
                "import_calendar",
                "calendar.manage",
                "write",
                ImportCalendar,
                lambda request, by, _: feeds.bring_in(request.therapist_id, request, by=by),
                tells=ImportedReply,
                resource=("therapist_id",),
            ),
            *_of_feed_tokens(self._services.feed_tokens),
            Handler(
                event="get_calendar_feed",
                action="calendar.feed",
                limit="write",
                request=OfCalendar,
                call=self._feed_of_calendar,
                tells=FeedReply,
                resource=("therapist_id",),
            ),
            Handler(
                event="get_booking_feed",
                action="booking.read",
                limit="write",
                request=EmptyBody,
                call=self._feed_of_client,
                tells=FeedReply,
            ),
        ]

    async def _watch(self, connection: Connection, request: WatchCalendar) -> EventResult:
        by, command = connection.principal, request.command(connection.principal)
        booked: list[BookingReply] | None = None
        if is_staff(by, request.therapist_id):  # before the join: nothing may be awaited between it and the ack
            wanted = BookingFilter(
                therapist=request.therapist_id, start=command.start, end=command.end, limit=LARGEST_PAGE
            )
            booked = (await self._services.queries.page(wanted, by=by)).bookings

        async def submit() -> Reply:
            free, version = await self._services.bookings.availability(
                request.therapist_id, command, by=by, listen=True, trace=connection.trace()
            )
            shown = Watched(version=free.version, tz=free.tz, slots=free.slots, bookings=booked)
            return Reply(msgspec.json.encode(shown), version, False)

        joined = await self._joining.join(connection, calendar_of(request.therapist_id), submit)
        return EventResult(joined.reply.data, joined.held)

    async def _unwatch(self, connection: Connection, request: OfCalendar) -> EventResult:
        self._subscriptions.leave(connection, calendar_of(request.therapist_id))
        return EventResult()

    async def _feed_of_calendar(self, connection: Connection, request: OfCalendar) -> EventResult:
        return _fed(await self._services.feeds.of_calendar(request.therapist_id, by=connection.principal))

    async def _feed_of_client(self, connection: Connection, _: EmptyBody) -> EventResult:
        return _fed(await self._services.feeds.of_client(by=connection.principal))


def _of_feed_tokens(tokens: FeedTokens) -> list[Handler]:
    return [
        answering(
            "make_calendar_feed_token",
            "calendar.share_feed",
            "write",
            OfCalendar,
            lambda request, by, _: tokens.make(request.therapist_id, by=by),
            tells=FeedTokenMade,
        ),
        answering(
            "list_calendar_feed_tokens",
            "calendar.share_feed",
            "read",
            OfCalendar,
            lambda request, by, _: tokens.listing(request.therapist_id, by=by),
            tells=FeedTokenList,
        ),
        answering(
            "revoke_calendar_feed_token",
            "calendar.share_feed",
            "write",
            OfFeedToken,
            lambda request, by, _: tokens.revoke(request.therapist_id, request.token_id, by=by),
            tells=NothingToTell,
        ),
        answering(
            "make_booking_feed_token",
            "booking.share_feed",
            "write",
            EmptyBody,
            lambda _, by, __: tokens.make("", by=by),
            tells=FeedTokenMade,
        ),
        answering(
            "list_booking_feed_tokens",
            "booking.share_feed",
            "read",
            EmptyBody,
            lambda _, by, __: tokens.listing("", by=by),
            tells=FeedTokenList,
        ),
        answering(
            "revoke_booking_feed_token",
            "booking.share_feed",
            "write",
            OfOwnFeedToken,
            lambda request, by, _: tokens.revoke("", request.feed_token_id, by=by),
            tells=NothingToTell,
        ),
    ]


def _fed(found: FeedContent) -> EventResult:
    return EventResult(msgspec.json.encode(FeedReply(ics=found.ics.decode())), persons=found.clients)
