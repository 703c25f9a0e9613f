"""iCalendar for those who serve clients: bookings as a feed, and external calendars as busy time."""

import asyncio
from collections.abc import Generator
from typing import Final

import msgspec

from actors.calendars.contract.replies import ImportedReply, LeftOut
from actors.calendars.contract.requests import ImportBody
from actors.calendars.contract.wanted import BookingFilter
from actors.calendars.hours.roles import require_staff
from actors.calendars.ical.busy import Busy
from actors.calendars.ical.export import feed
from actors.calendars.ical.imports import reading
from actors.calendars.services.booking_queries import BookingQueries
from actors.calendars.services.calendars import Calendars
from actors.kernel.contract.entity import Principal
from common import timeline
from common.clock import Clock

_AHEAD_MS: Final = 400 * timeline.DAY_MS
_BACK_MS: Final = 90 * timeline.DAY_MS
_NAMED: Final = 100  # of what was left out
_LONGEST_UID: Final = 120
_IMPORTED_BACK_MS: Final = 7 * timeline.DAY_MS


class FeedContent(msgspec.Struct, frozen=True):
    """A feed (`ics`), and whose bookings besides the reader's are in it."""

    ics: bytes
    clients: tuple[str, ...]


class Feeds:
    """One a process."""

    def __init__(self, calendars: Calendars, queries: BookingQueries, clock: Clock) -> None:
        self._calendars = calendars
        self._queries = queries
        self._clock = clock

    async def of_calendar(self, calendar: str, *, by: Principal) -> FeedContent:
        """The bookings of a calendar. Raises PermissionDenied: the caller does not run it."""
        require_staff(by, calendar)
        return await self._feed(BookingFilter(therapist=calendar), by)

    async def of_client(self, *, by: Principal) -> FeedContent:
        """The caller's own bookings."""
        return await self._feed(BookingFilter(client=by.user), by)

    async def bring_in(self, calendar: str, body: ImportBody, *, by: Principal) -> ImportedReply:
        """Busy time of an external iCalendar, recurrences expanded; replaces what that source brought before.

        Raises:
            PermissionDenied: the caller does not run the calendar.
            InvalidArgument: nothing in it can be read.
        """
        require_staff(by, calendar)
        now = self._clock.platform_ms()
        zone = timeline.kept_zone((await self._calendars.schedule(calendar, by=by)).tz)
        busy = await in_slices(reading(body.ics, zone, now - _IMPORTED_BACK_MS, now + _AHEAD_MS))
        done = await self._calendars.bring_in(calendar, body.source, busy.spans, by=by)
        return told(done.imported, busy)

    async def _feed(self, wanted: BookingFilter, by: Principal) -> FeedContent:
        now = self._clock.platform_ms()
        records = await self._queries.versions(wanted, now - _BACK_MS, now + _AHEAD_MS, by=by)
        clients = tuple(sorted({one.client for one, _ in records} - {by.user}))
        return FeedContent(await asyncio.to_thread(feed, records, "Carewire", now), clients)


def told(imported: int, busy: Busy) -> ImportedReply:
    """The answer about a file of which so much came in."""
    return ImportedReply(
        imported=imported,
        events=busy.events,
        free=busy.free,
        outside=busy.outside,
        left_out=[
            LeftOut(index=part.index, reason=part.reason, uid=part.uid[:_LONGEST_UID])
            for part in busy.left_out[:_NAMED]
        ],
        left_out_total=len(busy.left_out),
    )


async def in_slices(pauses: Generator[None, None, Busy]) -> Busy:
    """Whoever serves this serves others too: they go on in between, and it ends where it is cancelled. A thread would
    keep them waiting for the interpreter's lock, and could not be stopped."""
    while True:
        try:
            next(pauses)
        except StopIteration as done:
            found: Busy = done.value
            return found
        await asyncio.sleep(0)
