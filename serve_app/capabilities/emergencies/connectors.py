"""The connector `responders`: looks up who stands on a rung when its time has come. Its partner is Carewire itself."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final

import msgspec
from typing_extensions import override

from actors.emergencies.activities import RESPONDERS, FindResponders, Responders
from serve_app.activities.connector import Capacity, Connector, OwnConnector
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.emergencies.people import RungPeople
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.service import CareReader

_pack: Final = msgspec.msgpack.Encoder().encode
_wanted: Final = msgspec.msgpack.Decoder(FindResponders).decode


class RespondersConnector(OwnConnector[FindResponders]):
    """One a runner. A look-up is made anew: it reads, and changes nothing."""

    name = RESPONDERS
    capacity = Capacity(at_once=32, call_s=5.0)

    def __init__(self, people: Callable[[], RungPeople]) -> None:
        """`people`: asked once, when somebody is first looked up."""
        super().__init__(_wanted)
        self._open = people

    @cached_property
    def _people(self) -> RungPeople:
        return self._open()

    @override
    async def do(self, work: FindResponders) -> bytes:
        return _pack(await self._found(work))

    async def _found(self, wanted: FindResponders) -> Responders:
        if wanted.rung is not None:
            return Responders(users=await self._people.on(wanted.rung, wanted.person))
        ladder = await self._people.ladder_of(wanted.person)
        return Responders(users=await self._people.on(ladder.rungs[0], wanted.person), rungs=ladder.rungs)


def _open(context: RunnerContext) -> Iterable[Connector]:
    def people() -> RungPeople:
        care, roles = CareReader(context.stores.views), Roles(context.database, context.clock)
        return RungPeople(context.region, care, roles)

    yield RespondersConnector(people)


CONNECTORS: Final = Connectors(open=_open)
