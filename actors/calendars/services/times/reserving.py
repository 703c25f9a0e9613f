"""Taking time of several entities: all of it or none. The order is always calendar, resources by name, agenda."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from actors.calendars.calendar.answers import BookingPlan
from actors.calendars.calendar.commands import TryBook
from actors.calendars.calendar.reservations import ConfirmOrCancel
from actors.calendars.contract.ports import Related, calendar_of
from actors.calendars.hours.reasons import Reason, conflict, reasons
from actors.calendars.hours.roles import is_staff
from actors.calendars.services.times.probing import takes_of
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from common.errors import CarewireError

_RELEASE_S: Final = 3.0


class ReservedTime(msgspec.Struct, frozen=True):
    """Time that is tentatively taken under one key."""

    key: str
    plan: BookingPlan
    parties: tuple[str, ...]


class TimeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A time to be taken. `hold`: it counts against the holds of its client."""

    therapist: str
    start: int
    client: str
    service: str | None = None
    duration: int | None = None
    overriding: bool = False
    hold: bool = False


class Reserving:
    """Takes and gives back. Crashing at any point leaves tentative time only, which its holder asks about."""

    def __init__(self, region: EntityClient, related: Related | None) -> None:
        self._region = region
        self._related = related

    async def take(
        self, booking: str, key: str, wanted: TimeRequest, by: Principal, *, trace: str = ""
    ) -> ReservedTime:
        """Take the time everywhere. `key` must be new: one that was given back is never taken again.

        Raises:
            Conflict: somebody else has some of it. `details.reasons` says all that stands against it there;
                `details.alternatives` are in ms, and those of the calendar alone.
            CarewireError: it cannot be taken, or nobody answered in time. Nothing stays taken for long.
        """
        calendar = calendar_of(wanted.therapist)
        book = TryBook(
            key=key,
            booking=booking,
            owner=f"booking:{booking}",
            start=wanted.start,
            service=wanted.service,
            duration=wanted.duration,
            client=wanted.client,
            overriding=wanted.overriding,
            alternatives=0,
        )
        parties = [calendar]
        plan: BookingPlan | None = None
        try:
            plan = await self._region.ask(calendar, book, by=by, command_id=key, trace=trace)
            if why := await self.unrelated(plan.bookable_by, wanted.client, wanted.therapist, by):
                raise conflict(why, [])
            takes = takes_of(plan, key=key, booking=booking, client=wanted.client, by=by, overriding=wanted.overriding)
            for party, take in takes:
                command = msgspec.structs.replace(take, hold=True) if wanted.hold else take
                parties.append(party)
                await self._region.submit(party, command, by=SYSTEM, command_id=key, trace=trace)
        except CarewireError as error:
            if plan is not None or error.retryable:
                await self.give_back(key, parties)
            raise
        return ReservedTime(key, plan, tuple(parties))

    async def give_back(self, key: str, parties: Sequence[str]) -> None:
        """Free what is taken under this key, as far as everybody answers; the rest is asked about later. Letters do it
        as well, but the caller wants to see it done."""

        async def free(party: str) -> None:
            with suppress(CarewireError):
                await self._region.submit(party, ConfirmOrCancel(key, "free"), by=SYSTEM, timeout_s=_RELEASE_S)

        await asyncio.gather(*map(free, parties))

    async def unrelated(self, bookable_by: str, client: str, therapist: str, by: Principal) -> list[Reason]:
        """`care_relationship`, where that is needed and not there."""
        if bookable_by != "care_relationship" or is_staff(by, therapist):
            return []
        related = self._related is not None and await self._related(client, therapist)
        return [] if related else reasons(["care_relationship"])
