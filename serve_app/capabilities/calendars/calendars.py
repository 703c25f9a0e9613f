"""Routes of calendars: how they are set up, when they are free, their feeds."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from actors.calendars.calendar.answers import CalendarReply
from actors.calendars.contract import replies
from actors.calendars.contract.queries import AvailabilityQuery
from actors.calendars.contract.requests import EmptyBody, ImportBody
from actors.calendars.hours import timeline
from actors.calendars.hours.schedule import CalendarBody
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.feeds import FeedContent
from actors.kernel.contract.entity import Principal
from common.ids import ID_PATTERN
from common.persons import NothingToTell
from serve_app.capabilities.calendars.answers import ERRORS, CalendarRoute, answer
from serve_app.capabilities.calendars.bodies import Since, Until, body_of, documented
from serve_app.edge.conventions.permits import permit
from serve_app.edge.conventions.readings import reading_of, tells

CalendarId = Annotated[str, Path(pattern=ID_PATTERN)]
Reader = Annotated[Principal, permit("calendar.availability")]
FeedReader = Annotated[Principal, permit("calendar.feed")]
BookingReader = Annotated[Principal, permit("booking.read")]
FeedToken = Annotated[str, Query(alias="token", max_length=4096)]
CalendarSharer = Annotated[Principal, permit("calendar.share_feed")]
BookingSharer = Annotated[Principal, permit("booking.share_feed")]
TokenId = Annotated[str, Path(pattern=ID_PATTERN)]
Manager = Annotated[Principal, permit("calendar.manage")]


class Feed(Response):
    """An iCalendar document (RFC 5545)."""

    media_type = "text/calendar"


def calendar_routes(services: CalendarServices) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api", tags=["calendars"], responses=ERRORS, route_class=CalendarRoute)
    bookings = services.bookings

    @router.get("/calendars/{therapist_id}")
    @tells(CalendarReply)
    async def calendar(by: Reader, therapist_id: CalendarId) -> Response:
        """Working hours, services and rules. Why a time is blocked is told to those who run the calendar only."""
        return answer((await bookings.calendar(therapist_id, by=by)).data)

    @router.put("/calendars/{therapist_id}", openapi_extra=documented(CalendarBody))
    @tells(CalendarReply)
    async def configure(request: Request, by: Manager, therapist_id: CalendarId) -> Response:
        """Set the calendar up. Bookings that are there stay, also where the new rules would not allow them."""
        body = await body_of(request, CalendarBody)
        return answer((await bookings.configure(therapist_id, body.schedule(), by=by)).data)

    @router.get("/calendars/{therapist_id}/availability")
    @tells(replies.FreeTimesReply)
    async def availability(
        by: Reader,
        therapist_id: CalendarId,
        since: Since,
        until: Until,
        service_id: str | None = None,
        duration_minutes: Annotated[int | None, Query(ge=1, le=1440)] = None,
        duration: Annotated[int | None, Query(ge=1, le=1440)] = None,
        tz: str | None = None,
        explain: bool = False,
    ) -> Response:
        """Free times, at most 100 days. With `explain`, also why others are not (at most 3,000 times)."""
        asked = AvailabilityQuery(
            since=since,
            until=until,
            service_id=service_id,
            duration_minutes=duration_minutes,
            duration=duration,
            tz=tz,
            explain=explain,
        )
        return answer(await bookings.free_times(therapist_id, asked, by=by))

    @router.get("/calendars/{therapist_id}/analytics")
    @tells(replies.CalendarFigures)
    async def analytics(
        by: Manager,
        therapist_id: CalendarId,
        since: Since,
        until: Until,
    ) -> Response:
        """Utilisation of the offered hours, lead time, cancellations and no-shows by reason."""
        start, end = timeline.parse_instant(since, "from"), timeline.parse_instant(until, "to")
        return answer(await services.queries.analytics(therapist_id, start, end, by=by))

    @router.post("/calendars/{therapist_id}/import", openapi_extra=documented(ImportBody))
    @tells(replies.ImportedReply)
    async def bring_in(request: Request, by: Manager, therapist_id: CalendarId) -> Response:
        """Busy time of an external iCalendar, recurrences expanded; replaces what that source brought before. What
        cannot be read is left out and named; when nothing can be, nothing is changed."""
        return answer(await services.feeds.bring_in(therapist_id, await body_of(request, ImportBody), by=by))

    return router


def feed_routes(services: CalendarServices) -> APIRouter:
    """Feeds: the token may be in the address, since calendar programs send no header (see `Callers`)."""
    router = APIRouter(prefix="/api", tags=["calendars"], responses=ERRORS, route_class=CalendarRoute)

    @router.get("/calendars/{therapist_id}/feed.ics", response_class=Feed)
    @tells(replies.FeedReply)
    async def of_therapist(request: Request, by: FeedReader, therapist_id: CalendarId, _: FeedToken = "") -> Response:
        """The bookings of a calendar, for those who run it."""
        return _feed(request, await services.feeds.of_calendar(therapist_id, by=by))

    @router.get("/bookings/feed.ics", response_class=Feed)
    @tells(replies.FeedReply)
    async def of_client(request: Request, by: BookingReader, _: FeedToken = "") -> Response:
        """The caller's own bookings."""
        return _feed(request, await services.feeds.of_client(by=by))

    tokens = services.feed_tokens

    @router.post("/calendars/{therapist_id}/feed-tokens", status_code=201, openapi_extra=documented(EmptyBody))
    @tells(replies.FeedTokenMade)
    async def make(request: Request, by: CalendarSharer, therapist_id: CalendarId) -> Response:
        """A token for the address of this feed, good for nothing else, for a year. It is told this once."""
        await body_of(request, EmptyBody)
        return answer(await tokens.make(therapist_id, by=by), 201)

    @router.get("/calendars/{therapist_id}/feed-tokens")
    @tells(replies.FeedTokenList)
    async def listing(by: CalendarSharer, therapist_id: CalendarId) -> Response:
        """The tokens of this feed, whoever has made them; without what they say."""
        return answer(await tokens.listing(therapist_id, by=by))

    @router.delete("/calendars/{therapist_id}/feed-tokens/{token_id}")
    @tells(NothingToTell)
    async def revoke(by: CalendarSharer, therapist_id: CalendarId, token_id: TokenId) -> Response:
        """The address with this token is good no more, at once."""
        return answer(await tokens.revoke(therapist_id, token_id, by=by))

    @router.post("/bookings/feed-tokens", status_code=201, openapi_extra=documented(EmptyBody))
    @tells(replies.FeedTokenMade)
    async def make_own(request: Request, by: BookingSharer) -> Response:
        """A token for the address of the feed of one's own bookings, good for nothing else, for a year. It is told
        this once."""
        await body_of(request, EmptyBody)
        return answer(await tokens.make("", by=by), 201)

    @router.get("/bookings/feed-tokens")
    @tells(replies.FeedTokenList)
    async def listing_own(by: BookingSharer) -> Response:
        """The tokens of the feed of one's own bookings; without what they say."""
        return answer(await tokens.listing("", by=by))

    @router.delete("/bookings/feed-tokens/{feed_token_id}")
    @tells(NothingToTell)
    async def revoke_own(by: BookingSharer, feed_token_id: TokenId) -> Response:
        """The address with this token is good no more, at once."""
        return answer(await tokens.revoke("", feed_token_id, by=by))

    return router


def _feed(request: Request, found: FeedContent) -> Response:
    reading_of(request, found.clients)
    return Feed(found.ics)
