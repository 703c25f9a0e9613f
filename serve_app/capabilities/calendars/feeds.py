"""Feeds of calendars and of one's own bookings (RFC 5545), and the tokens of their addresses."""

from collections.abc import Iterator
from typing import Any, Final

from actors.calendars.contract.replies import FeedReply, FeedTokenList, FeedTokenMade
from actors.calendars.contract.requests import EmptyBody
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.feeds.feed_tokens import FeedTokens
from actors.calendars.services.feeds.feeds import FeedContent
from common.persons import NothingToTell
from serve_app.capabilities.calendars import examples, requests
from serve_app.capabilities.calendars.shared import DETAILS, REFUSES
from serve_app.edge.operation import Caller, Operation, Rest, RestAnswer, Result

_CALENDAR: Final[RestAnswer[Any]] = RestAnswer(lambda _, feed: feed.ics.encode(), None, "text/calendar")


def feeds(services: CalendarServices) -> Iterator[Operation[Any]]:
    """Both feeds, and what is done with their tokens."""

    async def of_calendar(request: requests.OfCalendar, caller: Caller) -> Result:
        return _told(await services.feeds.of_calendar(request.therapist_id, by=caller.by))

    async def of_client(_: EmptyBody, caller: Caller) -> Result:
        return _told(await services.feeds.of_client(by=caller.by))

    yield Operation(
        name="get_calendar_feed",
        action="calendar.feed",
        request=requests.OfCalendar,
        call=of_calendar,
        rest=Rest(
            "GET",
            "/api/calendars/{therapist_id}/feed.ics",
            tag="calendars",
            request=requests.CalendarFeedAddress,
            shown=_CALENDAR,
        ),
        limit="write",
        response=FeedReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.GET_CALENDAR_FEED,
        description="The bookings of a calendar, for those who run it.",
    )
    yield Operation(
        name="get_booking_feed",
        action="booking.read",
        request=EmptyBody,
        call=of_client,
        rest=Rest(
            "GET", "/api/bookings/feed.ics", tag="calendars", request=requests.BookingFeedAddress, shown=_CALENDAR
        ),
        limit="write",
        response=FeedReply,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.GET_BOOKING_FEED,
        description="The caller's own bookings.",
    )
    yield from _tokens_of_calendars(services.feed_tokens)
    yield from _tokens_of_bookings(services.feed_tokens)


def _told(found: FeedContent) -> Result:
    return Result(FeedReply(ics=found.ics.decode()), persons=found.clients)


def _tokens_of_calendars(tokens: FeedTokens) -> Iterator[Operation[Any]]:
    yield Operation(
        name="make_calendar_feed_token",
        action="calendar.share_feed",
        request=requests.OfCalendar,
        call=lambda request, caller: tokens.make(request.therapist_id, by=caller.by),
        rest=Rest("POST", "/api/calendars/{therapist_id}/feed-tokens", 201, tag="calendars"),
        limit="write",
        response=FeedTokenMade,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.MAKE_CALENDAR_FEED_TOKEN,
        description="A token for the address of this feed, good for nothing else, for a year. It is told this once.",
    )
    yield Operation(
        name="list_calendar_feed_tokens",
        action="calendar.share_feed",
        request=requests.OfCalendar,
        call=lambda request, caller: tokens.listing(request.therapist_id, by=caller.by),
        rest=Rest("GET", "/api/calendars/{therapist_id}/feed-tokens", tag="calendars"),
        limit="read",
        response=FeedTokenList,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.LIST_CALENDAR_FEED_TOKENS,
        description="The tokens of this feed, whoever has made them; without what they say.",
    )
    yield Operation(
        name="revoke_calendar_feed_token",
        action="calendar.share_feed",
        request=requests.OfFeedToken,
        call=lambda request, caller: tokens.revoke(request.therapist_id, request.token_id, by=caller.by),
        rest=Rest("DELETE", "/api/calendars/{therapist_id}/feed-tokens/{token_id}", tag="calendars"),
        limit="write",
        response=NothingToTell,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.REVOKE_CALENDAR_FEED_TOKEN,
        description="The address with this token is good no more, at once.",
    )


def _tokens_of_bookings(tokens: FeedTokens) -> Iterator[Operation[Any]]:
    yield Operation(
        name="make_booking_feed_token",
        action="booking.share_feed",
        request=EmptyBody,
        call=lambda _, caller: tokens.make("", by=caller.by),
        rest=Rest("POST", "/api/bookings/feed-tokens", 201, tag="calendars"),
        limit="write",
        response=FeedTokenMade,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.MAKE_BOOKING_FEED_TOKEN,
        description="A token for the address of the feed of one's own bookings, good for nothing else, for a year."
        " It is told this once.",
    )
    yield Operation(
        name="list_booking_feed_tokens",
        action="booking.share_feed",
        request=EmptyBody,
        call=lambda _, caller: tokens.listing("", by=caller.by),
        rest=Rest("GET", "/api/bookings/feed-tokens", tag="calendars"),
        limit="read",
        response=FeedTokenList,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.LIST_BOOKING_FEED_TOKENS,
        description="The tokens of the feed of one's own bookings; without what they say.",
    )
    yield Operation(
        name="revoke_booking_feed_token",
        action="booking.share_feed",
        request=requests.OfOwnFeedToken,
        call=lambda request, caller: tokens.revoke("", request.feed_token_id, by=caller.by),
        rest=Rest("DELETE", "/api/bookings/feed-tokens/{feed_token_id}", tag="calendars"),
        limit="write",
        response=NothingToTell,
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.REVOKE_BOOKING_FEED_TOKEN,
        description="The address with this token is good no more, at once.",
    )
