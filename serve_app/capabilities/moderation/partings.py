"""Whoever may not call, or has been blocked, is out of what they are in: meetings that may be running, and calls."""

from collections.abc import AsyncIterator
from typing import Final

from actors.calls.call.commands import ForgetParty
from actors.calls.views import CALLS, call_in
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.meetings.commands import ForgetParticipant
from actors.meetings.outcomes.views import MEETINGS, record_in
from actors.meetings.state import Record
from actors.moderation.activities import PutOut
from actors.moderation.views import BLOCKS, RESTRICTIONS, block_id
from common.errors import Unavailable
from store.ports.views import View, ViewQuery, Views

_RUNNING: Final = ("scheduled", "open", "live")
_PAGE: Final = 200
_LATEST: Final = 5  # calls of one person: only the newest can ring


class Partings:
    """One a runner. Idempotent."""

    def __init__(self, entities: EntityClient, views: Views) -> None:
        self._entities, self._views = entities, views

    async def put_out(self, work: PutOut) -> None:
        """They are out. Whoever comes in afterwards is refused: so first it must be there for doors to see.

        Raises:
            Unavailable: it is not finished.
        """
        if not await self._seen(work):
            raise Unavailable("The doors do not know of it yet.", retry_after_s=0.1)
        async for record in self._meetings(work.user):
            leaving = work.user if not work.other else _guest(record, work.user, work.other)
            if leaving:
                await self._entities.submit(f"meeting:{record.id}", ForgetParticipant(leaving), by=SYSTEM)
        await self._hang_up(work)

    async def _seen(self, work: PutOut) -> bool:
        collection = BLOCKS if work.other else RESTRICTIONS
        name = block_id(work.user, work.other) if work.other else work.restriction
        return name in await self._views.get(collection, [name])

    async def _meetings(self, user: str) -> AsyncIterator[Record]:
        for status in _RUNNING:
            above: str | None = None
            while found := await self._page(user, status, above):
                for view in found:
                    yield record_in(view)
                above = str(found[-1].fields["place"])

    async def _page(self, user: str, status: str, above: str | None) -> list[View]:
        equal = {"user": user, "status": status}
        query = ViewQuery(collection=MEETINGS, equal=equal, order_by="place", above=above, limit=_PAGE)
        return list(await self._views.find(query))

    async def _hang_up(self, work: PutOut) -> None:
        query = ViewQuery(collection=CALLS, equal={"user": work.user}, order_by="call", descending=True, limit=_LATEST)
        for call in map(call_in, await self._views.find(query)):
            if call.status == "ringing" and work.other in ("", call.caller_id, call.callee_id):
                await self._entities.submit(f"call:{call.id}", ForgetParty(), by=SYSTEM)


def _guest(record: Record, one: str, other: str) -> str:
    """Who of two that do not want to meet has to go; "": neither. Guests of somebody else's meeting may both stay."""
    both = {one, other}
    if record.host not in both or not both <= {record.host, *record.people}:
        return ""
    return other if record.host == one else one
