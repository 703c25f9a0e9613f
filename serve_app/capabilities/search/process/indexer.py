"""The consumer of the journal: what happens in it goes into every index that is written."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from common.errors import CarewireError
from serve_app.capabilities.search.port import Among, Delete, Engine, Filters, Key
from serve_app.capabilities.search.process.feeding import Excluded, read_all
from serve_app.capabilities.search.process.index import Written
from serve_app.capabilities.search.sources.conversations import EXCLUDED
from serve_app.capabilities.search.sources.entry import Fed, Feeder
from serve_app.capabilities.search.sources.messages import TYPE as MESSAGES
from serve_app.follower.consumer import Turned

NAME: Final = "search"
_EVER_MS: Final = 10**14
TurnsOf = Callable[[str], Awaitable[Sequence[Turned]]]
"""All turns of an entity, opened."""


class Indexer:
    """One a search process. `written`: the generation that serves, and one that is made beside it."""

    name = NAME
    look_back_ms = _EVER_MS

    def __init__(self, engine: Engine, feeders: Sequence[Feeder], turns_of: TurnsOf) -> None:
        self.kinds = frozenset(kind for one in feeders for kind in one.kinds)
        self.written: list[Written] = []
        self.excluded = Excluded()
        self._engine, self._feeders, self._turns_of = engine, feeders, turns_of

    async def begin(self, written: Written) -> None:
        """Write this one. Raises Unavailable."""
        self.written = [written]
        await self._recall()

    async def _recall(self) -> None:
        """Which rooms are not searched, as the index has it."""
        self.excluded.rooms.clear()
        filters = Filters((Among("type", frozenset({EXCLUDED})),))
        async for page in self._engine.scan(filters):
            self.excluded.rooms.update(hit.key.id for hit in page)

    async def take(self, turns: Sequence[Turned]) -> None:
        """See `Consumer.take`."""
        try:
            await self._take(turns)
        except CarewireError:
            await self._recall()
            raise

    async def _take(self, turns: Sequence[Turned]) -> None:
        fed: list[Fed] = []
        for turned in turns:
            kept, hidden, shown = self.excluded.kept(await read_all(turned, self._feeders))
            fed += kept
            for room_id in hidden:
                await self.apply(fed)
                fed = await self._said_in(room_id)
            for room_id in shown:
                fed += await self._again(room_id)
        await self.apply(fed)

    async def apply(self, fed: Sequence[Fed]) -> None:
        """When this returns, all is found. Raises Unavailable."""
        if fed:
            for one in self.written:
                await one.apply(fed)

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """What a turn would change, for comparing."""
        fed = await read_all(turned, self._feeders)
        return [one for one in fed if one.key.type != MESSAGES or not self._is_hidden(one.key)]

    def _is_hidden(self, key: Key) -> bool:
        return key.id.rpartition("#")[0] in self.excluded.rooms

    async def _said_in(self, room_id: str) -> list[Fed]:
        """Away with what was said in a room."""
        filters = Filters((Among("type", frozenset({MESSAGES})), Among("room", frozenset({room_id}))))
        return [Delete(hit.key, hit.version) async for page in self._engine.scan(filters) for hit in page]

    async def _again(self, room_id: str) -> list[Fed]:
        """What was said in a room, as it is by now."""
        fed = [one for turned in await self._turns_of(f"room:{room_id}") for one in await self.read(turned)]
        return [one for one in fed if one.key.type == MESSAGES]
