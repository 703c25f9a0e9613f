"""All that there is, from the sources, entity by entity; whoever was interrupted goes on behind an entity."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.sources.entry import Fed, UnjournaledSource
from serve_app.follower.consumer import Turned
from serve_app.follower.source import Past

_AT_ONCE: Final = 1_000  # turns of a batch: each is a commit, which costs as much as some hundred documents
_LEAST_REST_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Batch:
    """Some turns. `place`: the last entity whose turns were all in this one or those before; "": none yet."""

    place: str
    turns: Sequence[Turned]


class Everything:
    """One a process."""

    def __init__(self, indexer: Indexer, past: Past, standing: Sequence[UnjournaledSource]) -> None:
        self._indexer, self._past, self._standing = indexer, past, standing

    async def batches(self, after: str = "") -> AsyncIterator[Batch]:
        """What the journal tells, of one entity the older before the newer; behind this one. Raises Unavailable."""
        rest = _Rest()
        some: list[Turned] = []
        place = reading = after
        async for turns in self._past.since(self._indexer.kinds, 0, after=after):
            if turns[0].entity != reading:
                place, reading = reading, turns[0].entity
            some += turns
            if len(some) >= _AT_ONCE:
                yield Batch(place, some)
                await rest.taken()
                some = []
        yield Batch(reading, some)

    async def standing(self) -> AsyncIterator[Sequence[Fed]]:
        """What no journal tells of. Raises Unavailable."""
        for one in self._standing:
            async for page in one.all():
                yield page

    async def read(self, batch: Batch) -> list[Fed]:
        """What is in the turns for an index beside. Raises Unavailable."""
        return [fed for turned in batch.turns for fed in await self._indexer.read(turned)]

    async def pages(self) -> AsyncIterator[Sequence[Fed]]:
        """All of both. Raises Unavailable."""
        async for batch in self.batches():
            yield await self.read(batch)
        async for page in self.standing():
            yield page


class _Rest:
    """Half of the time at most is worked: whoever talks and searches comes first."""

    def __init__(self) -> None:
        self._since_s = self._now_s()

    async def taken(self) -> None:
        """A batch is done."""
        await asyncio.sleep(max(_LEAST_REST_S, self._now_s() - self._since_s))
        self._since_s = self._now_s()

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()
