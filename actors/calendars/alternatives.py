"""What could be booked instead: the same calendar nearby, then others that offer the service. Each can be booked as it
is: the client is free, and so are the rooms."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.calendars.commands import Busy, Check
from actors.calendars.kinds import SERVICES
from actors.calendars.occupancy import Entry
from actors.calendars.ports import BusyAnswer, CheckAnswer, calendar_of, overlaps
from actors.kernel.entity import SYSTEM
from actors.kernel.ports import Find, Submit
from config.clock import to_rfc3339
from config.errors import CarewireError

MOST: Final = 6
_OTHERS: Final = 4  # other calendars that are asked
_ASKED: Final = 8  # times that each is asked for
_check_answer: Final = msgspec.json.Decoder(CheckAnswer).decode
_busy_answer: Final = msgspec.json.Decoder(BusyAnswer).decode


class Alternatives:
    """Looks for them."""

    def __init__(self, region: Submit, views: Find) -> None:
        self._region = region
        self._views = views

    async def near(
        self,
        calendar: str,
        start: int,
        *,
        service: str | None,
        duration: int | None,
        client: str,
        booking: str = "",
        others: bool = True,
    ) -> list[dict[str, Any]]:
        """Ranked, the best first; times as RFC 3339. Whoever does not answer is left out."""
        names = [calendar, *(await self._offering(service, calendar) if others and service else ())]
        command = Check((start,), service, duration, client, booking, alternatives=_ASKED)
        asked = await asyncio.gather(*(self._ask(name, command) for name in names))
        found: list[tuple[bool, int, str, dict[str, Any]]] = []
        busy = await self.busy(f"client:{client}", start - 30 * 86_400_000, start + 30 * 86_400_000) if client else []
        for name, checked in zip(names, asked, strict=True):
            if checked is None or not checked.results:
                continue
            result = checked.results[0]
            rooms = await self._rooms(result.plan.resources, result.alternatives)
            for one in result.alternatives:
                low, high = one["start"], one["end"]
                if (low == start and name == calendar) or overlaps([*busy, *rooms], low, high, booking):
                    continue
                told = one | {"start": to_rfc3339(low), "end": to_rfc3339(high)}
                found.append((name != calendar, abs(low - start), name, told))
        found.sort(key=lambda one: one[:3])
        own = [one for one in found if not one[0]][: MOST - 2 if len(names) > 1 else MOST]
        return [one[3] for one in (own + [one for one in found if one[0]])[:MOST]]

    async def busy(self, entity_id: str, start: int, end: int) -> list[Entry]:
        """What is taken of an agenda or a calendar."""
        reply = await self._region.submit(entity_id, Busy(start, end), by=SYSTEM)
        return _busy_answer(reply.data).entries

    async def _offering(self, service: str, but: str) -> list[str]:
        found = await self._views.find(
            SERVICES, {"service": service, "offered": True}, order_by="calendar", limit=_OTHERS + 1
        )
        return [name for view in found if (name := str(view.fields["calendar"])) != but][:_OTHERS]

    async def _ask(self, calendar: str, command: Check) -> CheckAnswer | None:
        try:
            reply = await self._region.submit(calendar_of(calendar), command, by=SYSTEM)
        except CarewireError:
            return None
        return _check_answer(reply.data)

    async def _rooms(self, resources: Sequence[str], wanted: list[dict[str, Any]]) -> list[Entry]:
        if not resources or not wanted:
            return []
        low, high = min(one["start"] for one in wanted), max(one["end"] for one in wanted)
        found = await asyncio.gather(*(self.busy(calendar_of(name), low, high) for name in resources))
        return [entry for entries in found for entry in entries]
