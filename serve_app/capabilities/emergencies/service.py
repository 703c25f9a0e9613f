"""Emergencies as doors serve them. The rules are the entity's (`actors.emergencies`)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from actors.emergencies.emergency.commands import Cry, ForgetPerson, GetEmergency, Raise
from actors.emergencies.ladder.ladder import GetLadder, SetLadder
from actors.emergencies.ladders import Ladder
from actors.emergencies.person.commands import ClaimEmergency
from actors.emergencies.records import Distress, ShownEmergency
from actors.emergencies.views import EMERGENCIES, emergency_in, view_id
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient
from common.clock import Clock
from common.errors import CarewireError, Conflict, FailedPrecondition, InvalidArgument, PermissionDenied
from common.ids import new_id
from common.logs import get_logger
from common.policy import POLICY
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.emergencies.people import RungPeople
from serve_app.capabilities.identity.care.service import CareReader
from store.ports.views import Scalar, ViewQuery, Views

_ATTEMPTS: Final = 3
_PAGE: Final = 200
_pack: Final = msgspec.msgpack.Encoder().encode
log = get_logger(__name__)


class Emergencies:
    """One a process."""

    def __init__(
        self,
        entities: EntityClient,
        views: Views,
        people: RungPeople,
        care: CareReader,
        audit: AuditRecord,
        clock: Clock,
    ) -> None:
        self._entities, self._views = entities, views
        self._people, self._care = people, care
        self._audit, self._clock = audit, clock

    async def cry(self, user: str, kind: Distress, cry: Cry, *, by: Principal, trace: str) -> ShownEmergency:
        """Raise one for `user`, or join the one that is open.

        Raises:
            PermissionDenied: it is about somebody else, who is not in the caller's care.
            Unavailable: it may have been raised; a repeat joins it.
        """
        POLICY.require(by.role, "emergency.raise", await self._care.relations(by.user, user))
        ladder = await self._ladder_of(user)
        known = await asyncio.gather(*(self._known(ladder, place, user) for place in range(len(ladder.rungs))))
        secret = _pack(cry) if cry.message or cry.location is not None else None
        raising = Raise(user=user, kind=kind, by=by.user, rungs=ladder.rungs, known=tuple(known), secret=secret)
        emergency, after = new_id("emg", self._clock.platform_ms()), ""
        for _ in range(_ATTEMPTS):
            claim = ClaimEmergency(emergency, after=after)
            current = (await self._entities.ask(f"distress:{user}", claim, by=SYSTEM, trace=trace)).emergency
            try:
                raised = await self._entities.ask(f"emergency:{current}", raising, by=SYSTEM, trace=trace)
                return await self._with_words(raised, by=by, trace=trace)
            except FailedPrecondition:  # it has ended a moment ago
                after = current
        raise Conflict("Emergencies of this person begin and end right now. Please try again.")

    async def get(self, emergency_id: str, *, by: Principal, trace: str) -> ShownEmergency:
        """What this person may see of it. A look at where somebody is, is recorded before it is given.

        Raises:
            NotFound: there is none, or it is nothing to them.
            Unavailable: it cannot be read, or not be recorded.
        """
        found = await self._entities.ask(f"emergency:{emergency_id}", GetEmergency(), by=by, trace=trace)
        if found.location is not None and by.user != found.user_id:
            entry = AuditEntry(
                "emergency.located", by.user, found.user_id, role=by.role, resource=emergency_id, request=trace
            )
            await self._audit.append(entry)
        return found

    async def _with_words(self, raised: ShownEmergency, *, by: Principal, trace: str) -> ShownEmergency:
        """As whoever raised it may see it: answers of the entity hold neither words nor places. It was raised, so that
        it cannot be read just now is no refusal."""
        try:
            return await self.get(raised.id, by=by, trace=trace)
        except CarewireError as error:
            log.warning("emergency.not_read", emergency=raised.id, code=error.code)
            return raised

    async def change(
        self, emergency_id: str, command: Command[ShownEmergency], *, by: Principal, trace: str
    ) -> ShownEmergency:
        """Acknowledge, resolve or cancel it. Raises as the entity does."""
        return await self._entities.ask(f"emergency:{emergency_id}", command, by=by, trace=trace)

    async def check_successor(self, emergency_id: str, to: str, *, by: Principal) -> None:
        """May it be handed over to them: is it staff, or somebody who was asked already?

        Raises:
            NotFound: there is no such emergency for the caller.
            InvalidArgument: it is neither.
        """
        await self._entities.ask(f"emergency:{emergency_id}", GetEmergency(), by=by)
        if not await self._people.is_staff(to) and not await self._views.get(EMERGENCIES, [view_id(emergency_id, to)]):
            raise InvalidArgument("Name somebody who takes care of others.", details={"field": "to"})

    async def page(self, user: str, *, open_: bool | None, before: str | None, limit: int) -> Sequence[ShownEmergency]:
        """Those that concern a user (`EVERYBODY`: all), the newest first. `before`: the id of one, to go on behind
        it."""
        equal: dict[str, Scalar] = {"user": user} | ({} if open_ is None else {"open": open_})
        query = ViewQuery(
            collection=EMERGENCIES, equal=equal, order_by="emergency", below=before, descending=True, limit=limit
        )
        return [emergency_in(view) for view in await self._views.find(query)]

    async def of(self, user: str) -> AsyncIterator[ShownEmergency]:
        """All that concern a user, the newest first."""
        before: str | None = None
        while page := await self.page(user, open_=None, before=before, limit=_PAGE):
            for one in page:
                yield one
            before = page[-1].id

    async def forget(self, user: str) -> None:
        """They are being erased: their own end, and what they had accepted is raised again. Idempotent.

        Raises:
            Unavailable: it is not finished.
        """
        async for one in self.of(user):
            if one.ended_at is None:
                await self._entities.ask(f"emergency:{one.id}", ForgetPerson(user), by=SYSTEM)

    async def ladder(self, ladder_id: str, *, by: Principal) -> Ladder:
        """Raises NotFound, PermissionDenied."""
        return await self._entities.ask(f"ladder:{ladder_id}", GetLadder(), by=by)

    async def set_ladder(self, ladder_id: str, ladder: Ladder, *, by: Principal, trace: str) -> Ladder:
        """Set it; recorded. Raises PermissionDenied, InvalidArgument."""
        if by.role != "admin" and by.user != ladder_id:
            raise PermissionDenied("Only administrators, and the therapist whose ladder it is.")
        await self._audit.append(AuditEntry("ladder.set", by.user, role=by.role, resource=ladder_id, request=trace))
        return await self._entities.ask(f"ladder:{ladder_id}", SetLadder(ladder), by=by, trace=trace)

    async def _ladder_of(self, user: str) -> Ladder:
        """Without an answer: none, and the emergency looks for it itself. Help waits for no read model."""
        try:
            return await self._people.ladder_of(user)
        except CarewireError as error:
            log.warning("emergency.ladder", user=user, code=error.code)
            return Ladder(())

    async def _known(self, ladder: Ladder, place: int, user: str) -> tuple[str, ...]:
        try:
            return await self._people.on(ladder.rungs[place], user)
        except CarewireError as error:
            log.warning("emergency.rung", user=user, rung=place, code=error.code)
            return ()
