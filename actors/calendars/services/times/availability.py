"""Free times as clients see them: those of a calendar at which the rooms and devices can be had, too."""

import msgspec

from actors.calendars.calendar.answers import FreeSlots, RefusedSpan, Slot
from actors.calendars.calendar.commands import GetFreeTimes
from actors.calendars.contract.ports import calendar_of
from actors.calendars.contract.queries import AvailabilityQuery
from actors.calendars.contract.replies import FreeTime, FreeTimesReply, Refused
from actors.calendars.services.times.probing import probe_times
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from common.clock import to_rfc3339


async def availability(
    region: EntityClient, calendar: str, command: GetFreeTimes, *, by: Principal, listen: bool, trace: str
) -> tuple[FreeTimesReply, int]:
    """The contract's answer, and the version of the calendar that it shows.

    Raises:
        CarewireError: the calendar refused, or somebody did not answer.
    """
    reply = await region.submit(calendar_of(calendar), command, by=by, listen=listen, trace=trace)
    free = answer_to(command, reply.data)
    slots, refused = await _with_rooms(region, free, by)
    answer = FreeTimesReply(
        therapist_id=calendar,
        version=free.version,
        tz=free.tz,
        slots=[FreeTime(start=to_rfc3339(low), end=to_rfc3339(high), remaining=places) for low, high, places in slots],
        refused=None if refused is None else [_told(span) for span in refused],
    )
    return answer, reply.version


async def free_times(
    region: EntityClient, calendar: str, query: AvailabilityQuery, *, by: Principal, trace: str = ""
) -> FreeTimesReply:
    """Free times as a client asks for them, in the zone that they ask for.

    Raises:
        CarewireError: as `availability`, or there is no such zone.
    """
    zone = query.zone()
    answer, _ = await availability(region, calendar, query.command(by), by=by, listen=False, trace=trace)
    return answer if zone is None else msgspec.structs.replace(answer, tz=zone)


async def _with_rooms(
    region: EntityClient, free: FreeSlots, by: Principal
) -> tuple[list[Slot], list[RefusedSpan] | None]:
    """The free times at which the rooms and devices that the service needs can be had, and what is refused besides."""
    if free.plan is None:
        return free.slots, free.refused
    others = await probe_times(region, free.plan, [low for low, _, _ in free.slots], by)
    known = [*zip(free.slots, others, strict=True)]
    slots = [slot for slot, why in known if not why]
    if free.refused is None:
        return slots, None
    closed = [RefusedSpan(start=slot[0], end=slot[0] + free.step, reasons=why) for slot, why in known if why]
    return slots, sorted([*free.refused, *closed], key=lambda span: span.start)


def _told(span: RefusedSpan) -> Refused:
    return Refused(start=to_rfc3339(span.start), end=to_rfc3339(span.end), reasons=span.reasons)
