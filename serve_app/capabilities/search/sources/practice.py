"""What therapists offer, as their calendars say at this moment: services, formats and languages, and when they are free
next."""

import asyncio
from dataclasses import dataclass
from typing import Final

from actors.calendars.calendar.commands import GetCalendar, GetFreeTimes
from actors.calendars.contract.ports import calendar_of
from actors.calendars.services.times.availability import availability
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from common.clock import Clock
from common.errors import InvalidArgument, NotFound, PermissionDenied
from common.timeline import DAY_MS, parse_instant

LOOK_MS: Final = 28 * DAY_MS
"""So far ahead free times are looked for."""
_MOST_SERVICES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """Values under the names of the contract."""

    services: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPractice:
    """What is asked of therapists beside their names. `service`: of this one alone; `until`: ms, where free times that
    begin later do not count; `when_free`: is the next free time wanted?"""

    service: str | None = None
    until: int | None = None
    when_free: bool = False


class Practices:
    """One a process. Every method raises Unavailable."""

    def __init__(self, entities: EntityClient, clock: Clock) -> None:
        self._entities, self._clock = entities, clock

    async def of(self, therapist: str) -> Practice:
        """Nothing of whoever has no calendar."""
        try:
            found = await self._entities.ask(calendar_of(therapist), GetCalendar(), by=SYSTEM)
        except (NotFound, PermissionDenied):
            return Practice()
        if found.kind != "therapist":
            return Practice()
        formats = dict.fromkeys(one.format for one in found.services if one.format is not None)
        return Practice(
            services=tuple(one.service_id for one in found.services),
            formats=tuple(formats),
            languages=found.languages or (),
        )

    async def next_free(self, therapist: str, practice: Practice, wanted: WantedPractice, by: Principal) -> int | None:
        """When the first free time begins that they could book, ms; of any of the first services, or of the one that
        is asked for."""
        services = [one for one in practice.services if wanted.service in (None, one)][:_MOST_SERVICES]
        now = self._clock.now_ms()
        until = min(now + LOOK_MS, wanted.until or now + LOOK_MS)
        if until <= now:
            return None
        found = await asyncio.gather(*(self._first_of(therapist, one, (now, until), by) for one in services))
        return min((one for one in found if one is not None), default=None)

    async def _first_of(self, therapist: str, service: str, span: tuple[int, int], by: Principal) -> int | None:
        client = by.user if by.role == "client" else ""
        command = GetFreeTimes(start=span[0], end=span[1], service=service, client=client)
        try:
            free, _ = await availability(self._entities, therapist, command, by=by, listen=False, trace="")
        except (InvalidArgument, NotFound, PermissionDenied):
            return None
        return parse_instant(free.slots[0].start) if free.slots else None
