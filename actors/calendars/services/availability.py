"""Free times as clients see them: those of a calendar at which the rooms and devices can be had, too."""

from typing import Any, Final

import msgspec

from actors.calendars.calendar.commands import GetFreeTimes
from actors.calendars.calendar.plans import Plan
from actors.calendars.contract.ports import calendar_of
from actors.calendars.services.probing import probe_times
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from common.clock import to_rfc3339


class _Slots(msgspec.Struct):
    version: int
    tz: str
    slots: list[tuple[int, int, int]]
    refused: list[dict[str, Any]] | None = None
    plan: Plan | None = None
    step: int = 0


_slots: Final = msgspec.json.Decoder(_Slots).decode


async def availability(
    region: EntityClient, calendar: str, command: GetFreeTimes, *, by: Principal, listen: bool, trace: str
) -> tuple[dict[str, Any], int]:
    """The contract's answer, and the version of the calendar that it shows.

    Raises:
        CarewireError: the calendar refused, or somebody did not answer.
    """
    reply = await region.submit(calendar_of(calendar), command, by=by, listen=listen, trace=trace)
    found = _slots(reply.data)
    await _without_rooms(region, found, by)
    answer: dict[str, Any] = {
        "therapist_id": calendar,
        "version": found.version,
        "tz": found.tz,
        "slots": [
            {"start": to_rfc3339(low), "end": to_rfc3339(high), "remaining": places}
            for low, high, places in found.slots
        ],
    }
    if found.refused is not None:
        answer["refused"] = [
            one | {"start": to_rfc3339(one["start"]), "end": to_rfc3339(one["end"])} for one in found.refused
        ]
    return answer, reply.version


async def _without_rooms(region: EntityClient, found: _Slots, by: Principal) -> None:
    """Leave out the times at which a room or device that the service needs cannot be had."""
    if found.plan is None:
        return
    others = await probe_times(region, found.plan, [low for low, _, _ in found.slots], by)
    known = [*zip(found.slots, others, strict=True)]
    found.slots = [slot for slot, why in known if not why]
    if found.refused is not None:
        closed = [{"start": slot[0], "end": slot[0] + found.step, "reasons": why} for slot, why in known if why]
        found.refused = sorted([*found.refused, *closed], key=lambda one: int(one["start"]))
