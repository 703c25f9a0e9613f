"""Alternatives to a time: the same calendar nearby, then others that offer the service. Each can be booked as it
is: the client is free, and so are the rooms."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from actors.calendars.calendar.answers import BookingPlan, CheckAnswer
from actors.calendars.calendar.commands import Check
from actors.calendars.calendar.kind import SERVICES
from actors.calendars.contract.ports import calendar_of
from actors.calendars.contract.replies import Alternative
from actors.calendars.hours.reasons import HARD, Reason
from actors.calendars.services.times.probing import probe
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common.clock import to_rfc3339
from common.errors import CarewireError
from store.ports.views import ViewQuery

MOST: Final = 6
_OTHERS: Final = 4  # other calendars that are asked
_ASKED: Final = 8  # times that each is asked for


Barred = Callable[[str, str, str, Principal], Awaitable[list[Reason]]]


class AlternativeSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A time that somebody wants, and perhaps cannot have. `booking` is the one that would move."""

    calendar: str
    start: int
    service: str | None = None
    duration: int | None = None
    client: str = ""
    booking: str = ""
    overriding: bool = False
    by: Principal


class SearchResult(msgspec.Struct, frozen=True):
    """The reasons against the time, at everybody whose time it needs, and the alternatives, the best first:
    each is a body for `POST /api/bookings` as it is. `plan`: what was
    wanted, where the calendar has answered."""

    reasons: list[Reason]
    alternatives: list[Alternative]
    plan: BookingPlan | None = None


class Alternatives:
    """Looks for them. `barred` says, by a calendar's `bookable_by`, why a client may not book there at all: such a
    calendar is left out."""

    def __init__(self, region: EntityClient, views: ViewFinder, barred: Barred) -> None:
        self._region = region
        self._views = views
        self._barred = barred

    async def near(self, sought: AlternativeSearch) -> list[Alternative]:
        """The alternatives alone."""
        return (await self.search(sought)).alternatives

    async def search(self, sought: AlternativeSearch) -> SearchResult:
        """Ranked: the same calendar, the nearest time first, then the others. Whoever does not answer is left out."""
        names = [sought.calendar, *(await self._offering(sought.service, sought.calendar) if sought.service else ())]
        answers = await asyncio.gather(*(self._ask(name, sought) for name in names))
        found = [
            (name, one.results[0]) for name, one in zip(names, answers, strict=True) if one is not None and one.results
        ]
        own = [(sought.calendar, one.plan) for name, one in found if name == sought.calendar]
        offered = [(name, one.plan.at(free.start)) for name, one in found for free in one.alternatives]
        others = await self._probe([plan for _, plan in own + offered], sought)
        if others is None:
            return SearchResult([], [])
        reasons = [*found[0][1].reasons, *others[0]] if own else []
        if sought.overriding:
            reasons = [reason for reason in reasons if reason.code in HARD]
        possible = [one for one, why in zip(offered, others[len(own) :], strict=True) if not why]
        possible = await self._permitted(possible, sought)
        ranked = _ranked(possible, sought, among_others=len(names) > 1)
        return SearchResult(reasons, ranked, own[0][1] if own else None)

    async def _permitted(
        self, possible: list[tuple[str, BookingPlan]], sought: AlternativeSearch
    ) -> list[tuple[str, BookingPlan]]:
        plans = dict(possible)  # one of each calendar: they differ in time only
        allowed = {
            name: not await self._barred(plan.bookable_by, sought.client, name, sought.by)
            for name, plan in plans.items()
        }
        return [one for one in possible if allowed[one[0]]]

    async def _offering(self, service: str, but: str) -> list[str]:
        found = await self._views.find(
            ViewQuery(
                collection=SERVICES, equal={"service": service, "offered": True}, order_by="calendar", limit=_OTHERS + 1
            )
        )
        return [name for view in found if (name := str(view.fields["calendar"])) != but][:_OTHERS]

    async def _ask(self, calendar: str, sought: AlternativeSearch) -> CheckAnswer | None:
        command = Check(
            starts=(sought.start,),
            service=sought.service,
            duration=sought.duration,
            client=sought.client,
            booking=sought.booking,
            overriding=sought.overriding and calendar == sought.calendar,
            alternatives=_ASKED,
        )
        try:
            return await self._region.ask(calendar_of(calendar), command, by=sought.by)
        except CarewireError:
            return None

    async def _probe(self, plans: list[BookingPlan], sought: AlternativeSearch) -> list[list[Reason]] | None:
        try:
            return await probe(self._region, plans, booking=sought.booking, client=sought.client, by=sought.by)
        except CarewireError:
            return None


def _ranked(
    possible: list[tuple[str, BookingPlan]], sought: AlternativeSearch, *, among_others: bool
) -> list[Alternative]:
    """With others to choose from, some of the places are theirs."""
    ranked = sorted(
        (one for one in possible if (one[0], one[1].start) != (sought.calendar, sought.start)),
        key=lambda one: (one[0] != sought.calendar, abs(one[1].start - sought.start), one[0]),
    )
    own = [one for one in ranked if one[0] == sought.calendar][: MOST - 2 if among_others else MOST]
    chosen = (own + [one for one in ranked if one[0] != sought.calendar])[:MOST]
    return [
        Alternative(
            therapist_id=name,
            service_id=plan.service or None,
            start=to_rfc3339(plan.start),
            end=to_rfc3339(plan.end),
        )
        for name, plan in chosen
    ]
