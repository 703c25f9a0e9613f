"""The connector `audience`: tells one page of people what a broadcast says. Its partner is Carewire itself.

Whoever is told is told under an id made of the broadcast, so a page that is told twice tells nobody twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from typing import Final

import msgspec
from typing_extensions import override

from actors.broadcasts.activities import AUDIENCE, PAGE, PageTold, TellPage
from actors.broadcasts.commands import GetWords
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.notifications.notifier.commands import Tell
from common.clock import Clock
from common.errors import CarewireError
from serve_app.activities.connector import Capacity, Connector, Erased, OwnConnector
from serve_app.capabilities.broadcasts.people import AudiencePeople
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.identity.accounts.roles import Roles

_BURST_S: Final = 0.1  # what may be told at once is what the rate allows in so long
_LONGEST_S: Final = 5.0  # a page ends by then: what comes next is asked for anew
_pack: Final = msgspec.msgpack.Encoder().encode
_page: Final = msgspec.msgpack.Decoder(TellPage).decode
_tell: Final = msgspec.msgpack.Decoder(Tell).decode


class AudienceConnector(OwnConnector[TellPage]):
    """One a runner. Pages of two broadcasts are told side by side."""

    name = AUDIENCE
    capacity = Capacity(at_once=2, call_s=30.0)

    def __init__(
        self,
        people: Callable[[], AudiencePeople],
        entities: EntityClient,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`people`: asked once, when somebody is first told."""
        super().__init__(_page)
        self._open, self._entities = people, entities
        self._clock, self._sleep = clock, sleep

    @cached_property
    def _people(self) -> AudiencePeople:
        return self._open()

    @override
    async def do(self, work: TellPage) -> bytes:
        return _pack(await self._told(work))

    async def _told(self, page: TellPage) -> PageTold:
        packed = await self._entities.ask(f"broadcast:{page.broadcast}", GetWords(), by=SYSTEM)
        if packed is None:
            raise Erased
        total = None if page.counted else await self._people.count(page.audience)
        most = min(PAGE, max(1, int(page.rate_per_s * _LONGEST_S)))
        people = await self._people.page(page.audience, after=page.cursor, limit=most)
        failed = await self._tell_all(page, people, _tell(packed))
        cursor = people[-1] if len(people) == most else ""
        return PageTold(cursor=cursor, told=len(people) - failed, failed=failed, total=total)

    async def _tell_all(self, page: TellPage, people: Sequence[str], tell: Tell) -> int:
        """How many cannot be told."""
        burst, failed, begun = max(1, int(page.rate_per_s * _BURST_S)), 0, self._clock.monotonic_s()
        for first in range(0, len(people), burst):
            ahead_s = first / page.rate_per_s - (self._clock.monotonic_s() - begun)
            if ahead_s > 0:
                await self._sleep(ahead_s)
            some = people[first : first + burst]
            failed += sum(await asyncio.gather(*(self._cannot_be_told(page.broadcast, user, tell) for user in some)))
        return failed

    async def _cannot_be_told(self, broadcast: str, user: str, tell: Tell) -> bool:
        """Raises CarewireError: not now."""
        try:
            await self._entities.submit(f"notifier:{user}", tell, by=SYSTEM, command_id=broadcast)
        except CarewireError as error:
            if error.retryable:
                raise
            return True
        return False


def _open(context: RunnerContext) -> Iterable[Connector]:
    def people() -> AudiencePeople:
        return AudiencePeople(Roles(context.database, context.clock))

    yield AudienceConnector(people, context.region, context.clock)


CONNECTORS: Final = Connectors(feature="notifications", open=_open)
