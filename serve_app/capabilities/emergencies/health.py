"""Would anybody be asked? The ladder `default`, rung by rung."""

from typing import Final

from actors.emergencies.ladders import DEFAULT
from common.errors import CarewireError
from serve_app.capabilities.emergencies.people import RungPeople
from serve_app.processes.health import Finding

_NO_PERSON: Final = ""


class LadderHealth:
    """The part `notifications` of `/health` (`emergencies`, where these are off)."""

    def __init__(self, people: RungPeople) -> None:
        self._people = people

    async def look(self) -> Finding:
        """Degraded while a rung of the default ladder has nobody. Who cares for a person is not known beforehand, so
        a rung of care teams counts as one that has somebody."""
        try:
            ladder = await self._people.ladder(DEFAULT)
            found = [rung.care_team or bool(await self._people.on(rung, _NO_PERSON)) for rung in ladder.rungs]
        except CarewireError as error:
            return Finding("degraded", {"reason": error.code})
        empty = [place for place, somebody in enumerate(found) if not somebody]
        return Finding("degraded" if empty else "ok", {"rungs_of_nobody": empty})
