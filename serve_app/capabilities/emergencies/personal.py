"""What emergencies hold of one person: handed out, or ended when they are erased. What was said, and where, is sealed
under their key."""

from collections.abc import AsyncIterator

from actors.emergencies.records import ShownEmergency
from actors.kernel.contract.entity import Principal
from serve_app.capabilities.capability import Section
from serve_app.capabilities.emergencies.service import Emergencies


class PersonalEmergencies:
    """One a replica of the API."""

    def __init__(self, emergencies: Emergencies) -> None:
        self._emergencies = emergencies

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "emergencies", self._of(who, trace)

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._emergencies.forget(user)

    async def _of(self, who: Principal, trace: str) -> AsyncIterator[ShownEmergency]:
        """Their own, with what they said."""
        async for one in self._emergencies.of(who.user):
            if one.user_id == who.user:
                yield await self._emergencies.get(one.id, by=who, trace=trace)
