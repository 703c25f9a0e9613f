"""Why a time was refused: the reasons of all whose time it needs, and what could be had instead."""

import msgspec

from actors.calendars.hours.reasons import Reason
from actors.calendars.services.times.alternatives import Alternatives, AlternativeSearch
from actors.calendars.services.times.reserving import Reserving, TimeRequest
from actors.kernel.contract.entity import Principal
from common.errors import Conflict


class Explaining:
    """Asks again, of everybody."""

    def __init__(self, alternatives: Alternatives, reserving: Reserving) -> None:
        self._alternatives = alternatives
        self._reserving = reserving

    async def explained(self, error: Conflict, booking: str, wanted: TimeRequest, by: Principal) -> Conflict:
        """The refusal with the reasons of all, not only of the first that said no."""
        search = AlternativeSearch(
            calendar=wanted.therapist,
            start=wanted.start,
            service=wanted.service,
            duration=wanted.duration,
            client=wanted.client,
            booking=booking,
            overriding=wanted.overriding,
            by=by,
        )
        result = await self._alternatives.search(search)
        why = list(result.reasons)
        if result.plan is not None:
            why += await self._reserving.unrelated(result.plan.bookable_by, wanted.client, wanted.therapist, by)
        told = msgspec.convert((error.details or {}).get("reasons", []), list[Reason])
        known = {reason.code for reason in told}
        details = {
            "reasons": [*told, *(reason for reason in why if reason.code not in known)],
            "alternatives": result.alternatives,
        }
        return Conflict(error.message, details=msgspec.to_builtins(details))
