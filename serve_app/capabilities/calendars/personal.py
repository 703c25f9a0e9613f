"""What calendars hold of one person as a client: handed out, or given up when the person is erased."""

from collections.abc import AsyncIterator, Awaitable
from typing import Final

from actors.calendars.booking.answers import BookingReply
from actors.calendars.contract.wanted import LARGEST_PAGE, BookingFilter
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.waitlist.answers import WaitlistLine
from actors.kernel.contract.entity import Principal, as_themselves
from common.errors import Conflict, FailedPrecondition, NotFound
from common.logs import get_logger
from serve_app.capabilities.capability import Section

_AHEAD: Final = ("held", "pending", "confirmed")
log = get_logger(__name__)


class PersonalCalendar:
    """One a replica of the API."""

    def __init__(self, services: CalendarServices) -> None:
        self._services = services

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "waitlist", await self.waitlist(who.user)
        yield "feed_tokens", await self._services.feed_tokens.of(who.user)
        yield "bookings", self.bookings(who.user)

    async def bookings(self, user: str) -> AsyncIterator[BookingReply]:
        """Every booking of the person, with its notes, by start."""
        by = as_themselves(user)
        async for booking in self._listed(by):
            yield await self._services.bookings.get(booking.id, by=by)

    async def waitlist(self, user: str) -> list[WaitlistLine]:
        """Every wish of the person, with its note."""
        return (await self._services.waiting.listing("", by=as_themselves(user))).entries

    async def erase(self, user: str) -> None:
        """Cancel what lies ahead and take back every wish, so that nobody keeps time for who will not come. What was
        stays, with ids only: their notes and reasons are sealed under their key. Idempotent.

        Raises:
            Unavailable: it is not finished.
        """
        by, now_ms = as_themselves(user), self._services.clock.platform_ms()
        await self._services.feed_tokens.forget(user)
        for entry in await self.waitlist(user):
            await self._services.waiting.leave(entry.entry_id, by=by)
        ahead = [one async for one in self._listed(by, now_ms) if one.status in _AHEAD]
        for series in {one.series_id for one in ahead if one.series_id}:
            await self._try(user, series, self._services.series.turn(series, "ended", by=by))
        for booking in ahead:
            cancelling = self._services.bookings.cancel(booking.id, "client_request", by=by)
            await self._try(user, booking.id, cancelling)

    async def _try(self, user: str, what: str, work: Awaitable[object]) -> None:
        try:
            await work
        except (FailedPrecondition, Conflict, NotFound) as error:  # it is over already
            log.info("erasure.left", user=user, resource=what, code=error.code)

    async def _listed(self, by: Principal, since_ms: int | None = None) -> AsyncIterator[BookingReply]:
        cursor: str | None = None
        while True:
            wanted = BookingFilter(client=by.user, start=since_ms, cursor=cursor, limit=LARGEST_PAGE)
            page = await self._services.queries.page(wanted, by=by)
            for booking in page.bookings:
                yield booking
            cursor = page.next_cursor
            if not cursor:
                return
