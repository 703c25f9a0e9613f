"""Care relationships for those who serve clients: which therapist cares for which client. They decide who may open a
direct room, see a booking or a worksheet. The rules are the entity's (`actors/care`)."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from actors.care.commands import (
    AcceptCare,
    BeginCare,
    BeginCover,
    BindRoom,
    EndCare,
    EndCover,
    ForgetCareParty,
    PauseCare,
    ResumeCare,
)
from actors.care.entity import check_proposal
from actors.care.pairs import ClaimCare, care_pair_id
from actors.care.state import CareRecord
from actors.care.views import CARE, pair_of, record_in
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient
from actors.rooms.pairs import ClaimPair, pair_id
from actors.workflows.care import ROOM, following
from common.clock import Clock
from common.errors import AlreadyExists, Conflict, NotFound
from common.ids import new_id
from common.policy import Relation
from store.ports.views import ViewQuery, Views

_ATTEMPTS: Final = 3
_PAGE: Final = 200


class Cares(Protocol):
    """Who cares for whom, as doors ask it."""

    async def cares(self, one: str, other: str) -> bool:
        """Is there an active relationship between the two, whichever is the client?"""
        ...


class CareReader:
    """What is true of them, from the read model: every process has one."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def get(self, care_id: str) -> CareRecord:
        """Raises NotFound."""
        found = await self._views.get(CARE, [care_id])
        if care_id not in found:
            raise NotFound("There is no such care relationship.", care=care_id)
        return record_in(found[care_id])

    async def of(self, user: str | None, *, after: str | None = None, limit: int = _PAGE) -> list[CareRecord]:
        """Those of a user, or all, by id."""
        if user is None:
            return await self._found({}, after, limit)
        as_client, as_therapist = await asyncio.gather(
            self._found({"client": user}, after, limit), self._found({"therapist": user}, after, limit)
        )
        return sorted([*as_client, *as_therapist], key=lambda care: care.id)[:limit]

    async def cares(self, one: str, other: str) -> bool:
        """Is there an active relationship between the two, whichever is the client? One that is paused is not."""
        equal = {"pair": pair_of(one, other), "state": "active"}
        return bool(await self._views.find(ViewQuery(collection=CARE, equal=equal, order_by="state", limit=1)))

    async def between(self, one: str, other: str) -> list[CareRecord]:
        """Every relationship of the two, whichever is the client."""
        query = ViewQuery(collection=CARE, equal={"pair": pair_of(one, other)}, order_by="state", limit=_PAGE)
        return [record_in(view) for view in await self._views.find(query)]

    async def relations(self, user: str, person: str) -> set[Relation]:
        """What `user` is to `person`: SELF, CARE or NONE."""
        if user == person:
            return {Relation.SELF}
        return {Relation.CARE} if await self.cares(user, person) else {Relation.NONE}

    async def _found(self, equal: dict[str, str], after: str | None, limit: int) -> list[CareRecord]:
        query = ViewQuery(collection=CARE, equal=equal, order_by="care", above=after, limit=limit)
        return [record_in(view) for view in await self._views.find(query)]


class CareRelations(CareReader):
    """The same, and what may be done about them: one a process. Who is answered finds the conversation of the two as
    the care is by now: it is asked before, besides the letter that the relationship sends it."""

    def __init__(self, region: EntityClient, views: Views, clock: Clock) -> None:
        super().__init__(views)
        self._region = region
        self._clock = clock

    async def begin(self, client: str, therapist: str, *, by: Principal, trace: str = "") -> CareRecord:
        """Propose it; what an administrator proposes is in force at once.

        Raises:
            AlreadyExists: they have one, or one is proposed.
            FailedPrecondition: see `check_proposal`.
            Conflict: others are proposing for the same two.
        """
        check_proposal(client, therapist, by)
        care_id, ended = new_id("care", self._clock.platform_ms()), ""
        pair = care_pair_id(client, therapist)
        for _ in range(_ATTEMPTS):
            claim = ClaimCare(care_id, after=ended)
            current = (await self._region.ask(pair, claim, by=SYSTEM, trace=trace)).care
            try:
                begun = await self._ask(current, BeginCare(client, therapist), by, trace)
                return await self._resumed(begun, trace)
            except AlreadyExists:
                if (await self.get(current)).open:
                    raise
                ended = current
        raise Conflict("Somebody else is proposing care for these two right now. Please try again.")

    async def accept(self, care_id: str, *, by: Principal, trace: str = "") -> CareRecord:
        """The client agrees. Idempotent. Raises NotFound; FailedPrecondition: it has ended."""
        return await self._resumed(await self._ask(care_id, AcceptCare(), by, trace), trace)

    async def pause(self, care_id: str, until_ms: int, *, by: Principal, trace: str = "") -> CareRecord:
        """It rests, until `until_ms` or (0) until somebody resumes it.

        Raises:
            NotFound, PermissionDenied: see `actors.care.entity`.
            FailedPrecondition: it has ended, or was never accepted.
            InvalidArgument: `until_ms` has passed.
        """
        return await self._ask(care_id, PauseCare(until_ms), by, trace)

    async def resume(self, care_id: str, *, by: Principal, trace: str = "") -> CareRecord:
        """It goes on. Raises as `pause`."""
        return await self._ask(care_id, ResumeCare(), by, trace)

    async def end(self, care_id: str, *, by: Principal, trace: str = "") -> CareRecord:
        """It is over, or was declined. Raises NotFound; FailedPrecondition: it had ended."""
        return await self._ask(care_id, EndCare(), by, trace)

    async def begin_cover(self, care_id: str, command: BeginCover, *, by: Principal, trace: str = "") -> CareRecord:
        """Somebody stands in for the therapist. Raises as the entity does."""
        return await self._ask(care_id, command, by, trace)

    async def end_cover(self, care_id: str, cover_id: str, *, by: Principal, trace: str = "") -> CareRecord:
        """They do no more. Idempotent. Raises NotFound, PermissionDenied, FailedPrecondition: the care has ended."""
        return await self._ask(care_id, EndCover(cover_id), by, trace)

    async def end_all(self, user: str) -> None:
        """End every one of a user (erasure). Idempotent. Raises Unavailable: it is not finished."""
        last: str | None = None
        while page := await self.of(user, after=last):
            await asyncio.gather(*(self._ask(one.id, ForgetCareParty(user), SYSTEM, "") for one in _open(page)))
            last = page[-1].id

    async def _ask(self, care_id: str, command: Command[CareRecord], by: Principal, trace: str) -> CareRecord:
        reply = await self._region.submit(f"care:{care_id}", command, by=by, trace=trace)
        care = answer_to(command, reply.data)
        if care.room:
            follow = following(care, reply.version)
            await self._region.submit(f"{ROOM}:{care.room}", follow, by=SYSTEM, trace=trace)
        return care

    async def _resumed(self, care: CareRecord, trace: str) -> CareRecord:
        """Care that is in force takes up the conversation that the two had when they had care before."""
        if care.state != "active" or care.room:
            return care
        pair = pair_id((care.client, care.therapist), "client_therapist")
        room = (await self._region.ask(pair, ClaimPair(""), by=SYSTEM, trace=trace)).room_id
        return await self._ask(care.id, BindRoom(room), SYSTEM, trace) if room else care


def _open(page: Sequence[CareRecord]) -> list[CareRecord]:
    return [one for one in page if one.open]
