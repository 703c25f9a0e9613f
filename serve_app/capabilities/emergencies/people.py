"""Who stands on a rung, and which ladder a person has: read when it is asked, from care, accounts and ladders."""

from typing import Final, Protocol

from actors.emergencies.activities import MOST_RESPONDERS
from actors.emergencies.ladder.ladder import GetLadder
from actors.emergencies.ladders import DEFAULT, Ladder, Rung
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from common.errors import NotFound
from serve_app.capabilities.identity.care.service import CareReader

_MOST_CARES: Final = 200


class ResponderRoles(Protocol):
    """Who has a role (`identity.accounts.roles.Roles`)."""

    async def page(self, role: str | None, *, after: str = "", limit: int) -> list[str]: ...

    async def role_of(self, user: str) -> str | None: ...


class RungPeople:
    """One a process."""

    def __init__(self, entities: EntityClient, care: CareReader, roles: ResponderRoles) -> None:
        self._entities, self._care, self._roles = entities, care, roles

    async def ladder_of(self, person: str) -> Ladder:
        """That of the therapist who has cared for them longest and has one; else the default. Raises Unavailable."""
        for therapist in await self._team(person):
            try:
                return await self.ladder(therapist)
            except NotFound:
                continue
        return await self.ladder(DEFAULT)

    async def ladder(self, ladder_id: str) -> Ladder:
        """Raises NotFound: this therapist has none; Unavailable."""
        return await self._entities.ask(f"ladder:{ladder_id}", GetLadder(), by=SYSTEM)

    async def on(self, rung: Rung, person: str) -> tuple[str, ...]:
        """Who stands on it at this moment, without the person; at most `MOST_RESPONDERS`. Raises Unavailable."""
        found = list(rung.user_ids)
        if rung.care_team:
            found += await self._team(person)
        if rung.role:
            found += await self._roles.page(rung.role, limit=MOST_RESPONDERS)
        return tuple(dict.fromkeys(user for user in found if user != person))[:MOST_RESPONDERS]

    async def is_staff(self, user: str) -> bool:
        """Is it somebody who takes care of others? Raises Unavailable."""
        return await self._roles.role_of(user) not in (None, "client")

    async def _team(self, person: str) -> list[str]:
        found = await self._care.of(person, limit=_MOST_CARES)
        caring = [one for one in found if one.client == person and one.state == "active"]
        return [one.therapist for one in sorted(caring, key=lambda one: (one.since, one.id))]
