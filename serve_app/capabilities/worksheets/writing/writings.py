"""What is asked of the assignments whose documents are written."""

from typing import Final

import msgspec

from actors.kernel.caller.region import Region
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.worksheets.document.commands import (
    BroadcastAwareness,
    Catch,
    CountJoined,
    DocumentDraft,
    DraftSaved,
    GetDraft,
    JoinDocument,
    Lacked,
    Plain,
    Saved,
    SaveDraft,
    Write,
)

_pack: Final = msgspec.msgpack.Encoder().encode


def entity_of(assignment_id: str) -> str:
    """The entity of an assignment, which is its topic."""
    return f"assignment:{assignment_id}"


class Writings:
    """One a process. Each call reaches the region before its first await. All raise as the entity does. `leisure_s`:
    how long an update may wait for others to be stored with."""

    def __init__(self, region: Region, leisure_s: float = 0.0) -> None:
        self._region = region
        self._leisure_s = leisure_s

    async def join(self, assignment_id: str, join: JoinDocument, *, by: Principal, trace: str) -> Reply:
        """Listen to a document."""
        return await self._region.submit(entity_of(assignment_id), join, by=by, listen=True, trace=trace)

    async def write(self, assignment_id: str, attempt: int, update: bytes, *, by: Principal, trace: str) -> Saved:
        """Take an update. The same again changes nothing, so a repeat needs no name."""
        write = Write(attempt=attempt, update=update)
        reply = await self._region.submit(
            entity_of(assignment_id), write, by=by, trace=trace, leisure_s=self._leisure_s
        )
        return answer_to(write, reply.data)

    async def lacked(
        self, assignment_id: str, attempt: int, state_vector: bytes, *, by: Principal, trace: str
    ) -> Lacked:
        """What somebody lacks."""
        catch = Catch(attempt=attempt, state_vector=state_vector)
        reply = await self._region.submit(entity_of(assignment_id), catch, by=by, trace=trace)
        return answer_to(catch, reply.data)

    async def tell(self, assignment_id: str, tell: BroadcastAwareness, *, by: Principal, trace: str) -> None:
        """Tell where somebody is."""
        await self._region.submit(entity_of(assignment_id), tell, by=by, trace=trace)

    async def gone(self, assignment_id: str, attempt: int, states: bytes) -> None:
        """Tell that somebody is not there any more. Carewire says so: they may have lost the right to."""
        tell = BroadcastAwareness(attempt=attempt, states=states)
        await self._region.submit(entity_of(assignment_id), tell, by=SYSTEM)

    async def count(self, assignment_id: str, gateway: str, joined: int) -> None:
        """Tell the other gateways how many sockets of this one have it open."""
        await self._region.submit(entity_of(assignment_id), CountJoined(gateway=gateway, joined=joined), by=SYSTEM)

    async def draft(self, assignment_id: str, *, by: Principal, trace: str) -> DocumentDraft:
        """What is written by now."""
        command = GetDraft()
        reply = await self._region.submit(entity_of(assignment_id), command, by=by, trace=trace)
        return answer_to(command, reply.data)

    async def save(
        self,
        assignment_id: str,
        plain: Plain,
        *,
        by: Principal,
        trace: str,
        base: int | None = None,
        attempt: int | None = None,
        client_id: str | None = None,
    ) -> DraftSaved:
        """Write for a client without Yjs. `client_id` names the save: a repeat gets the first answer."""
        command = SaveDraft(secret=_pack(plain), base=base, attempt=attempt)
        named = None if client_id is None else f"draft/{by.user}/{client_id}"
        reply = await self._region.submit(entity_of(assignment_id), command, by=by, command_id=named, trace=trace)
        return answer_to(command, reply.data)
