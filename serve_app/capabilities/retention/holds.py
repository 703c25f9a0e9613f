"""Holds as doors serve them. The rules are the entity's (`actors.keeping.hold`); who is erased asks here first."""

from typing import Final

import msgspec

from actors.keeping.hold import GetHold, HoldCopies, Over, PlaceHold, ReadCopies, ReleaseHold, ShownHold
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.moderation.case.commands import Deciders
from actors.rooms.keeping.commands import Overdue, RoomRetention
from actors.rooms.messages.views import MEMBERSHIPS
from actors.rooms.service import entity_of
from common.clock import Clock
from common.errors import InvalidArgument
from common.ids import new_id
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.holding import HoldsOver
from serve_app.capabilities.meetings.recordings.service import Recordings
from store.ports.holds import HOLDS
from store.ports.views import ViewQuery, Views

_hold: Final = msgspec.json.Decoder(ShownHold).decode


class LegalHolds:
    """One a process."""

    def __init__(
        self,
        entities: EntityClient,
        views: Views,
        over: HoldsOver,
        recordings: Recordings,
        audit: AuditRecord,
        clock: Clock,
    ) -> None:
        self._entities, self._views, self._over, self._recordings = entities, views, over, recordings
        self._audit, self._clock = audit, clock

    async def place(
        self, *, user: str | None, room: str | None, case: str | None, reason: str, by: Principal, trace: str
    ) -> ShownHold:
        """Keep what lies there from now on; recorded, with the reason.

        Raises:
            InvalidArgument: not exactly one of the three is named.
            NotFound: there is no such room, or case.
        """
        named: list[tuple[Over, str]] = []
        for over, subject in (("user", user), ("room", room), ("case", case)):
            if subject is not None:
                named.append((msgspec.convert(over, Over), subject))
        if len(named) != 1:
            raise InvalidArgument("Name one of user_id, room_id, case_id.", details={"field": "user_id"})
        over, subject = named[0]
        command = await self._command(over, subject, trace)
        hold = new_id("lgh", self._clock.platform_ms())
        await self._record("hold.placed", hold, by, trace, subject=command.person, why=reason)
        return await self._entities.ask(f"hold:{hold}", command, by=by, trace=trace)

    async def release(self, hold: str, *, reason: str, by: Principal, trace: str) -> ShownHold:
        """It is over; recorded, with the reason. What waited is carried out behind this answer.

        Raises:
            NotFound: there is no such hold.
            FailedPrecondition: reason `same_person`.
        """
        await self._entities.ask(f"hold:{hold}", GetHold(), by=by, trace=trace)
        await self._record("hold.released", hold, by, trace, why=reason)
        return await self._entities.ask(f"hold:{hold}", ReleaseHold(), by=by, trace=trace)

    async def page(self, active: bool | None, *, before: str | None, limit: int) -> list[ShownHold]:
        """The newest first."""
        equal = {} if active is None else {"active": active}
        query = ViewQuery(collection=HOLDS, equal=equal, order_by="hold", below=before, descending=True, limit=limit)
        return [_hold(view.data) for view in await self._views.find(query)]

    async def export(self, hold: str, *, after: str, limit: int, by: Principal, trace: str) -> HoldCopies:
        """What it has kept; recorded before it is given. Raises NotFound."""
        held = await self._entities.ask(f"hold:{hold}", GetHold(), by=by, trace=trace)
        await self._record("hold.exported", hold, by, trace, subject=held.user_id or "")
        return await self._entities.ask(f"hold:{hold}", ReadCopies(after=after, limit=limit), by=by, trace=trace)

    async def keep(self, user: str) -> bool:
        """Must words of this person be kept: theirs, those of a room that they are or were in, of a case about them, or
        a recording that shows them?"""
        if await self._over.about(user):
            return True
        rooms = await self._over.rooms()
        if rooms and await self._views.get(MEMBERSHIPS, [f"{user}|{room}" for room in rooms]):
            return True
        return await self._recordings.held(user)

    async def _command(self, over: Over, subject: str, trace: str) -> PlaceHold:
        if over == "user":
            return PlaceHold(over=over, subject=subject, person=subject)
        if over == "room":
            await self._entities.ask(entity_of(subject), Overdue(terms=RoomRetention()), by=SYSTEM, trace=trace)
            return PlaceHold(over=over, subject=subject, room=subject)
        case = await self._entities.ask(f"case:{subject}", Deciders(), by=SYSTEM, trace=trace)
        room = case.room_id if isinstance(case.room_id, str) else ""
        return PlaceHold(over=over, subject=subject, room=room, person=case.subject_id)

    async def _record(
        self, action: str, hold: str, by: Principal, trace: str, *, subject: str = "", why: str = ""
    ) -> None:
        entry = AuditEntry(action, by.user, subject, role=by.role, resource=hold, request=trace, why=why)
        await self._audit.append(entry)
