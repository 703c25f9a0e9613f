"""How long messages are kept, as doors serve it. The rules are the entity's (`actors.keeping.terms`)."""

from typing import Final

from actors.keeping.terms import HOUSE, Between, GetTerms, KeptFor, RetentionTerms, SetTerms
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.kernel.contract.versions import Versions
from actors.rooms.keeping.commands import Abide, Age, Overdue, RoomRetention
from actors.rooms.service import entity_of
from common.errors import InvalidArgument
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord

ENTITY: Final = f"retention:{HOUSE}"
PREFIX: Final = "room:"
"""Of the entities that are rooms."""


class Retention:
    """One a process."""

    def __init__(self, entities: EntityClient, audit: AuditRecord) -> None:
        self._entities, self._audit = entities, audit

    async def get(self, *, by: Principal, trace: str) -> RetentionTerms:
        """What is set."""
        return await self._entities.ask(ENTITY, GetTerms(), by=by, trace=trace)

    async def set(
        self,
        kept: KeptFor,
        *,
        relation: Between | None,
        room: str | None,
        versions: Versions,
        by: Principal,
        trace: str,
    ) -> RetentionTerms:
        """From now on; recorded. What is due goes with the next round of the job. A room that is named has told its
        members when this is answered.

        Raises:
            InvalidArgument: both a relation and a room.
            NotFound: there is no such room.
            FailedPrecondition: it has changed meanwhile.
        """
        if relation is not None and room is not None:
            raise InvalidArgument("Name a relation or a room.", details={"field": "room_id"})
        if room is not None:
            await self._entities.ask(entity_of(room), Overdue(terms=RoomRetention()), by=SYSTEM, trace=trace)
        days = "for ever" if kept.days is None else f"{kept.days} days"
        where = room or relation or "default"
        entry = AuditEntry("retention.set", by.user, role=by.role, resource=where, request=trace, why=days)
        await self._audit.append(entry)
        command = SetTerms(kept=kept, relation=relation, room=room, versions=versions)
        made = await self._entities.ask(ENTITY, command, by=by, trace=trace)
        if room is not None:
            entity = entity_of(room)
            await self._entities.ask(entity, Abide(terms=terms_for(made, entity)), by=SYSTEM, trace=trace)
        return made


def terms_for(terms: RetentionTerms, room: str) -> RoomRetention:
    """As one room is told of them."""
    own = terms.rooms.get(room.removeprefix(PREFIX))
    return RoomRetention(
        usual=_age(terms.default),
        relations={name: _age(kept) for name, kept in terms.relations.items()},
        room=None if own is None else _age(own),
    )


def _age(kept: KeptFor) -> Age:
    return Age(kept.days, kept.keep_pinned)
