"""Would the others agree? What stands against a plan at its rooms and devices, and in the client's agenda.

They are asked with the very commands that would take their time, so a check and a booking can never disagree.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from actors.calendars.calendar.answers import BookingPlan
from actors.calendars.calendar.commands import Probe, TryTake
from actors.calendars.contract.ports import calendar_of, entity
from actors.calendars.hours.reasons import DENIED, Reason
from actors.calendars.hours.roles import is_staff
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient

_PART: Final = 250  # plans in one question: a batch of commands is bounded


def takes_of(
    plan: BookingPlan, *, key: str, booking: str, client: str, by: Principal, overriding: bool
) -> list[tuple[str, TryTake]]:
    """The others that have to give time for a plan, with the command for each: the resources by name, then the agenda.
    The rules of a resource are overruled by those alone who run it as well."""
    take = TryTake(
        key=key,
        booking=booking,
        owner=f"booking:{booking}",
        start=plan.start,
        end=plan.end,
        before=plan.before,
        after=plan.after,
        session=plan.session,
        capacity=plan.capacity,
        service=plan.service,
        client=client,
        calendar=plan.calendar,
    )
    found = [
        (calendar_of(name), msgspec.structs.replace(take, overriding=overriding and is_staff(by, name)))
        for name in sorted(plan.resources)
    ]
    if client:
        alone = msgspec.structs.replace(take, before=0, after=0, session="", capacity=1)
        found.append((entity("client", client, "client_id"), alone))
    return found


async def probe_times(
    region: EntityClient, plan: BookingPlan, starts: Sequence[int], by: Principal
) -> list[list[Reason]]:
    """The reasons of a plan's rooms and devices against each of these starts; many are asked about in parts.

    Raises:
        CarewireError: somebody did not answer.
    """
    found: list[list[Reason]] = []
    for number in range(0, len(starts), _PART):
        plans = [plan.at(start) for start in starts[number : number + _PART]]
        found += await probe(region, plans, booking="", client="", by=by)
    return found


async def probe(
    region: EntityClient,
    plans: Sequence[BookingPlan],
    *,
    booking: str,
    client: str,
    by: Principal,
    overriding: bool = False,
) -> list[list[Reason]]:
    """For each plan, all that the others have against it; one question to each of them.

    Raises:
        CarewireError: somebody did not answer.
    """
    asked: dict[str, list[tuple[int, TryTake]]] = {}
    for number, plan in enumerate(plans):
        for party, take in takes_of(plan, key="", booking=booking, client=client, by=by, overriding=overriding):
            asked.setdefault(party, []).append((number, take))
    found: list[list[Reason]] = [[] for _ in plans]

    async def ask(party: str) -> list[list[Reason]]:
        answer = await region.ask(party, Probe(tuple(take for _, take in asked[party])), by=SYSTEM)
        return answer.results

    answers = await asyncio.gather(*map(ask, asked))
    for questions, answer in zip(asked.values(), answers, strict=True):
        for (number, _), why in zip(questions, answer, strict=True):
            found[number] += [one for one in why if one not in found[number]]
    return found


async def refusing(region: EntityClient, calendar: str, resources: Sequence[str]) -> list[str]:
    """Which of these do not serve a calendar: no room or device, or one that is not shared with it.

    Raises:
        CarewireError: somebody did not answer.
    """
    anything = TryTake(key="", booking="", owner="", start=0, end=1, calendar=calendar)

    async def refuses(name: str) -> bool:
        answer = await region.ask(calendar_of(name), Probe((anything,)), by=SYSTEM)
        return any(result.code == DENIED for result in answer.results[0])

    answers = await asyncio.gather(*map(refuses, resources))
    return [name for name, refused in zip(resources, answers, strict=True) if refused]
