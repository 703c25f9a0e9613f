"""The events of calendars: set up, when they are free, what is in them. Parse, call, emit: decides nothing.

A calendar's watchers hear `availability_changed`.
"""

import msgspec

from actors.calendars.booking.answers import BookingReply
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
from realtime.front.acks import EventResult, Handler, Handlers, answering


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

    def handlers(self) -> Handlers:
        """Event name -> handler."""
        bookings, queries, feeds = self._services.bookings, self._services.queries, self._services.feeds
        return {
            "watch_calendar": Handler(WatchCalendar, self._watch, tells=Watched),
            "unwatch_calendar": Handler(OfCalendar, self._unwatch, tells=NothingToTell),
            "get_calendar": answering(
                OfCalendar,
                CalendarReply,
                lambda one, by, trace: bookings.calendar(one.therapist_id, by=by, trace=trace),
            ),
            "update_calendar": answering(
                UpdateCalendar,
                CalendarReply,
                lambda one, by, trace: bookings.configure(one.therapist_id, one.schedule(), by=by, trace=trace),
            ),
            "get_availability": answering(
                GetAvailability,
                FreeTimesReply,
                lambda one, by, trace: bookings.free_times(one.therapist_id, one, by=by, trace=trace),
            ),
            "get_calendar_analytics": answering(
                GetCalendarAnalytics,
                CalendarFigures,
                lambda one, by, _: queries.analytics(one.therapist_id, *one.span(), by=by),
            ),
            "import_calendar": answering(
                ImportCalendar, ImportedReply, lambda one, by, _: feeds.bring_in(one.therapist_id, one, by=by)
            ),
            **_of_feed_tokens(self._services.feed_tokens),
            "get_calendar_feed": Handler(OfCalendar, self._feed_of_calendar, tells=FeedReply),
            "get_booking_feed": Handler(EmptyBody, self._feed_of_client, tells=FeedReply),
        }

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


def _of_feed_tokens(tokens: FeedTokens) -> Handlers:
    return {
        "make_calendar_feed_token": answering(
            OfCalendar, FeedTokenMade, lambda one, by, _: tokens.make(one.therapist_id, by=by)
        ),
        "list_calendar_feed_tokens": answering(
            OfCalendar, FeedTokenList, lambda one, by, _: tokens.listing(one.therapist_id, by=by)
        ),
        "revoke_calendar_feed_token": answering(
            OfFeedToken, NothingToTell, lambda one, by, _: tokens.revoke(one.therapist_id, one.token_id, by=by)
        ),
        "make_booking_feed_token": answering(EmptyBody, FeedTokenMade, lambda _, by, __: tokens.make("", by=by)),
        "list_booking_feed_tokens": answering(EmptyBody, FeedTokenList, lambda _, by, __: tokens.listing("", by=by)),
        "revoke_booking_feed_token": answering(
            OfOwnFeedToken, NothingToTell, lambda one, by, _: tokens.revoke("", one.feed_token_id, by=by)
        ),
    }


def _fed(found: FeedContent) -> EventResult:
    return EventResult(msgspec.json.encode(FeedReply(ics=found.ics.decode())), persons=found.clients)
