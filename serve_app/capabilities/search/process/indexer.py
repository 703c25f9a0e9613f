"""The consumer of the journal: what happens in it goes into every index that is written.

After each commit it rests, so that what comes meanwhile goes with the next one: a commit costs as much as some hundred
documents. It rests with nothing in its hands, so a change waits for one rest and one commit at most, and its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from common.errors import CarewireError, Unavailable
from common.timeline import DAY_MS
from serve_app.capabilities.search.port import Among, Delete, Engine, Filters, Key
from serve_app.capabilities.search.process.feeding import Excluded, read_all
from serve_app.capabilities.search.process.index import Written
from serve_app.capabilities.search.sources.conversations import EXCLUDED
from serve_app.capabilities.search.sources.entry import Fed, Feeder
from serve_app.capabilities.search.sources.messages import TYPE as MESSAGES
from serve_app.capabilities.search.sources.messages import room_of
from serve_app.follower.consumer import Turned

NAME: Final = "search"
RECENT_MS: Final = 30 * DAY_MS
"""How much of the past an index without a place in the journal begins with. What is older comes beside (`making`)."""
REST_S: Final = 0.1
_MOST_REST_S: Final = 0.3
_FULL: Final = 500  # turns: more wait
TurnsOf = Callable[[str], Awaitable[Sequence[Turned]]]
"""All turns of an entity, opened."""


class Indexer:
    """One a search process. `written`: the generation that serves, and one that is made beside it."""

    name = NAME
    look_back_ms = RECENT_MS

    def __init__(
        self,
        engine: Engine,
        feeders: Sequence[Feeder],
        turns_of: TurnsOf,
        changed: Callable[[Sequence[Key]], None] = lambda _: None,
        *,
        rest_s: float = REST_S,
    ) -> None:
        """`changed`: told what is found otherwise from now on. `rest_s`: after a commit, at least."""
        self.kinds = frozenset(kind for one in feeders for kind in one.kinds)
        self.written: tuple[Written, ...] = ()
        self.excluded = Excluded()
        self._engine, self._feeders, self._turns_of = engine, feeders, turns_of
        self._changed, self._rest_s = changed, rest_s

    async def begin(self, written: Written) -> None:
        """Write this one. Raises Unavailable."""
        self.written = (written,)
        await self._recall()

    def add(self, beside: Written) -> None:
        """Write this one too."""
        self.written = (*self.written, beside)

    def remove(self, beside: Written) -> None:
        """Write it no more."""
        self.written = tuple(one for one in self.written if one is not beside)

    async def _recall(self) -> None:
        """Which rooms are not searched, as the index has it."""
        self.excluded.rooms.clear()
        filters = Filters((Among("type", frozenset({EXCLUDED})),))
        async for page in self._engine.scan(filters):
            self.excluded.rooms.update(hit.key.id for hit in page)

    async def take(self, turns: Sequence[Turned]) -> None:
        """See `Consumer.take`."""
        now_s = asyncio.get_running_loop().time
        began_s = now_s()
        try:
            committed = await self._take(turns)
        except CarewireError:
            await self._recall()
            raise
        if committed and len(turns) < _FULL:
            took_s = now_s() - began_s
            await asyncio.sleep(max(self._rest_s, min(took_s, _MOST_REST_S)))

    async def _take(self, turns: Sequence[Turned]) -> bool:
        """Was there anything in them?"""
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
        return bool(fed)

    async def apply(self, fed: Sequence[Fed]) -> None:
        """When this returns, all is found, in every index that was written when it began: another one may come to serve
        meanwhile, and must not lack this. Raises Unavailable."""
        for one in self.written if fed else ():
            try:
                await one.apply(fed)
            except LookupError:
                if one in self.written:
                    raise Unavailable("The search index is being made; try again in a while.") from None
        if fed:
            self._changed([one.key for one in fed])

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """What a turn would change, for comparing."""
        fed = await read_all(turned, self._feeders)
        return [one for one in fed if one.key.type != MESSAGES or not self._is_hidden(one.key)]

    def _is_hidden(self, key: Key) -> bool:
        return room_of(key) in self.excluded.rooms

    async def _said_in(self, room_id: str) -> list[Fed]:
        """Away with what was said in a room."""
        filters = Filters((Among("type", frozenset({MESSAGES})), Among("room", frozenset({room_id}))))
        return [Delete(hit.key, hit.version) async for page in self._engine.scan(filters) for hit in page]

    async def _again(self, room_id: str) -> list[Fed]:
        """What was said in a room, as it is by now."""
        fed = [one for turned in await self._turns_of(f"room:{room_id}") for one in await self.read(turned)]
        return [one for one in fed if one.key.type == MESSAGES]
