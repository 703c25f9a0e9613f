"""The waitlist for those who serve clients."""

import asyncio
from contextlib import suppress
from typing import Final, TypeVar

from actors.calendars.booking.answers import BookingReply
from actors.calendars.calendar.commands import NAME, NotifyWhenFree
from actors.calendars.calendar.kind import SERVICES
from actors.calendars.calendar.plans import service_of
from actors.calendars.contract.ports import calendar_of
from actors.calendars.contract.requests import WaitlistBody
from actors.calendars.contract.wanted import BookingRequest
from actors.calendars.hours.reasons import Reason, conflict
from actors.calendars.hours.schedule import minutes
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.calendars import Calendars
from actors.calendars.waitlist.answers import Standing, WaitlistFigures, WaitlistReply
from actors.calendars.waitlist.commands import (
    ClaimOffer,
    CloseOffer,
    DeclineOffer,
    GetWaitlist,
    GetWaitlistFigures,
    JoinWaitlist,
    StopWaiting,
)
from actors.calendars.waitlist.state import WaitlistEntry
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common import timeline
from common.clock import Clock
from common.errors import CarewireError, InvalidArgument, NotFound
from common.ids import new_id
from common.persons import NothingToTell
from store.ports.views import ViewQuery

_MOST: Final = 50
Answer = TypeVar("Answer")


class WaitlistService:
    """One a process."""

    def __init__(
        self, bookings: Bookings, calendars: Calendars, region: EntityClient, views: ViewFinder, clock: Clock
    ) -> None:
        self._bookings = bookings
        self._calendars = calendars
        self._region = region
        self._views = views
        self._clock = clock

    async def join(self, body: WaitlistBody, *, by: Principal, key: str = "") -> Standing:
        """Join the waitlist; answers the position. A repeat with a `key` (`Bookings.key_of`) is the same wish.

        Raises:
            NotFound: there is no such calendar, or it does not offer the service.
            Conflict: a calendar that was named takes only people in care, and the client is not.
            CarewireError: the wish makes no sense, or is somebody else's.
        """
        if not set(body.weekdays) <= set(timeline.WEEKDAYS):
            raise InvalidArgument("weekdays are mon ... sun.", details={"field": "weekdays"})
        if len(body.therapist_ids) > _MOST:
            raise InvalidArgument(f"Name at most {_MOST} therapists.", details={"field": "therapist_ids"})
        client = body.client_id or by.user
        calendars = tuple(dict.fromkeys(body.therapist_ids)) or await self._offering(body.service_id)
        barred = await self._barred(calendars, body.service_id, client, by)
        if body.therapist_ids and (why := next((one for one in barred.values() if one), None)):
            raise conflict(why, [])
        calendars = tuple(name for name, why in barred.items() if not why)
        entry = WaitlistEntry(
            id=new_id("wait", self._clock.platform_ms()),
            client=client,
            calendars=calendars,
            service=body.service_id or "",
            start=timeline.parse_instant(body.since, "from"),
            end=timeline.parse_instant(body.until, "to"),
            weekdays=body.weekdays,
            times=tuple(minutes(body.times, "times")),
            urgency=body.urgency,
            key=key,
        )
        answer = await self._ask(JoinWaitlist(entry, body.note), by)
        # A letter does this as well; but time that frees right after this answer must not be missed.
        notify = NotifyWhenFree(NAME, True)
        await asyncio.gather(*(self._region.submit(calendar_of(name), notify, by=SYSTEM) for name in calendars))
        return answer

    async def leave(self, entry: str, *, by: Principal) -> NothingToTell:
        """Wait no more."""
        return await self._ask(StopWaiting(entry), by)

    async def listing(self, calendar: str, *, by: Principal) -> WaitlistReply:
        """One's own wishes with their positions; for staff, those of a calendar."""
        return await self._ask(GetWaitlist(calendar), by)

    async def figures(self, *, by: Principal) -> WaitlistFigures:
        """Waiting time, acceptance, demand by hour."""
        return await self._ask(GetWaitlistFigures(), by)

    async def decline(self, offer: str, *, by: Principal) -> NothingToTell:
        """Let an offer go; it rolls on."""
        return await self._ask(DeclineOffer(offer), by)

    async def accept(self, offer: str, *, by: Principal) -> BookingReply:
        """Book what was offered. The booking has the offer's id, so the time that is kept for it does not stand in
        its way, and a repeat is the same booking.

        Raises:
            CarewireError: the offer does not stand any more, or the client has another booking then.
        """
        try:
            claimed = await self._ask(ClaimOffer(offer), by)
        except NotFound as error:  # a repeat, when the offer is a booking already
            with suppress(NotFound, InvalidArgument):
                return await self._bookings.get(offer, by=by)
            raise error from None
        request = BookingRequest(
            therapist=claimed.calendar,
            start=claimed.start,
            service=claimed.service or None,
            id=claimed.id,
            wish=claimed.entry,
        )
        booking = await self._bookings.book(request, by=by)
        # A letter of the booking does this as well, whatever becomes of this process; but who asks next shall see it.
        with suppress(CarewireError):
            await self._region.submit(NAME, CloseOffer(offer, claimed.entry), by=SYSTEM)
        return booking

    async def _barred(
        self, calendars: tuple[str, ...], service: str | None, client: str, by: Principal
    ) -> dict[str, list[Reason]]:
        """Why the client could not take an offer of each of them. Raises NotFound: one has no such service."""

        async def why(name: str) -> list[Reason]:
            schedule = await self._calendars.schedule(name, by=by)
            service_of(schedule, service, None)
            return await self._bookings.barred(name, schedule, client, by=by)

        return dict(zip(calendars, await asyncio.gather(*map(why, calendars)), strict=True))

    async def _offering(self, service: str | None) -> tuple[str, ...]:
        if service is None:
            return ()
        found = await self._views.find(
            ViewQuery(
                collection=SERVICES, equal={"service": service, "offered": True}, order_by="calendar", limit=_MOST
            )
        )
        return tuple(str(view.fields["calendar"]) for view in found)

    async def _ask(self, command: Command[Answer], by: Principal) -> Answer:
        return await self._region.ask(NAME, command, by=by)
