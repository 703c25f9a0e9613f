"""The connector `responders`: looks up who stands on a rung when its time has come. Its partner is Carewire itself."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final

import msgspec
from typing_extensions import override

from actors.emergencies.activities import RESPONDERS, FindResponders, Responders
from common.errors import CarewireError
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later, Unreadable
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.emergencies.people import RungPeople
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.service import CareReader

_pack: Final = msgspec.msgpack.Encoder().encode
_wanted: Final = msgspec.msgpack.Decoder(FindResponders).decode


class RespondersConnector(Connector):
    """One a runner. A look-up is made anew: it reads, and changes nothing."""

    name = RESPONDERS
    capacity = Capacity(at_once=32, call_s=5.0)
    remembers_s = FOR_EVER_S

    def __init__(self, people: Callable[[], RungPeople]) -> None:
        """`people`: asked once, when somebody is first looked up."""
        self._open = people

    @cached_property
    def _people(self) -> RungPeople:
        return self._open()

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            wanted = _wanted(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such a rung.") from error
        try:
            return _pack(await self._found(wanted))
        except CarewireError as error:
            raise Later(error.code, error.message, retry_after_s=error.retry_after_s, only_this=True) from error

    @override
    async def find(self, call: Call) -> None:
        """It is looked up anew."""

    @override
    async def close(self) -> None:
        """There is nobody to hang up on."""

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
