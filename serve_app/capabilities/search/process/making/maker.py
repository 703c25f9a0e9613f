"""How an index comes to hold everything: beside the one that serves, which it takes the place of, or, where nothing
served, while it serves already. How far it is is noted, and the next life goes on from there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from common.errors import Unavailable
from common.logs import get_logger
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.port import Engine, Generation
from serve_app.capabilities.search.process.index import Written
from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.process.keys import IndexKeys
from serve_app.capabilities.search.process.making.everything import Batch, Everything
from serve_app.capabilities.search.process.making.notes import Making, Notes

FILL: Final = "fill"
ROTATE: Final = "rotate"
_AGAIN_S: Final = 1.0
log = get_logger(__name__)
Begun = Callable[[Generation, Blinder], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Beside:
    """A generation that is written beside the one that serves."""

    generation: Generation
    blinder: Blinder
    written: Written


class Maker:
    """One a process."""

    def __init__(
        self, engine: Engine, indexer: Indexer, everything: Everything, begun: Begun, keys: IndexKeys, notes: Notes
    ) -> None:
        """`begun`: what is done once another generation serves."""
        self._engine, self._indexer, self._everything, self._begun = engine, indexer, everything, begun
        self._keys, self._notes = keys, notes
        self._blinder: Blinder | None = None
        self._texts = True
        self.making: Making | None = None

    def serves(self, blinder: Blinder, *, texts: bool) -> None:
        """Whose words are hashed how, in the generation that serves."""
        self._blinder, self._texts = blinder, texts

    async def beside(self, kind: str, job: str) -> int:
        """A new one; how many documents went into it. What happens meanwhile goes into both. Raises Unavailable."""
        serving = await self._engine.serving()
        assert serving is not None
        assert self._blinder is not None
        key = await self._keys.make() if kind == ROTATE else self._blinder.key
        made = Generation(serving.number + 1, key.id, self._blinder.analyser.version)
        await self._engine.drop(made.number)
        await self._engine.create(made)
        await self._note(Making(number=made.number, kind=kind, job=job, total=serving.documents))
        return await self.make(self._wanted(made, key))

    async def ready(self, making: Making) -> Beside | None:
        """One that an earlier life began: from now on what happens goes into it too. None: it is there no more. Raises
        Unavailable."""
        made = next((one for one in await self._engine.generations() if one.number == making.number), None)
        key = None if made is None else await self._keys.get(made.key_id)
        if made is None or key is None or self._blinder is None or made.analysis != self._blinder.analyser.version:
            await self._over()
            return None
        self.making = making
        return self._wanted(made, key)

    def _wanted(self, made: Generation, key: IndexKey) -> Beside:
        assert self._blinder is not None
        blinder = Blinder(key, self._blinder.analyser)
        written = Written(self._engine, blinder, texts=self._texts, number=made.number)
        self._indexer.add(written)
        return Beside(made, blinder, written)

    async def fill(self, making: Making) -> None:
        """The one that serves, with what is older than what it began with."""
        self.making = making

        async def take(batch: Batch) -> int:
            await self._indexer.take(batch.turns)
            return len(batch.turns)

        await self._through(take)
        await self._over()

    async def make(self, beside: Beside) -> int:
        """Put everything into it, and let it serve; how many documents that were. Raises Unavailable."""

        async def take(batch: Batch) -> int:
            fed = await self._everything.read(batch)
            await beside.written.apply(fed)
            return len(fed)

        try:
            former = await self._engine.serving()
            assert former is not None
            async for page in self._everything.standing():
                await beside.written.apply(page)
            done = await self._through(take)
            await self._engine.swap(beside.generation.number)
        except BaseException:
            self._indexer.remove(beside.written)
            raise
        await self._begun(beside.generation, beside.blinder)  # in one breath with the swap: no change misses it
        await self._over()
        await self._engine.drop(former.number)
        if former.key_id != beside.generation.key_id:
            await self._keys.destroy(former.key_id)
        return done

    async def _through(self, take: Callable[[Batch], Awaitable[int]]) -> int:
        """Everything from where it is. While somebody does not answer it waits, and loses nothing."""
        while True:
            try:
                async for batch in self._everything.batches(self._now().place):
                    await self._reached(batch.place, await take(batch))
            except Unavailable as error:
                log.warning("search.making_waits", cause=error.code)
                await asyncio.sleep(_AGAIN_S)
            else:
                return self._now().done

    def _now(self) -> Making:
        assert self.making is not None
        return self.making

    async def _reached(self, place: str, done: int) -> None:
        making = self._now()
        done += making.done
        await self._note(replace(making, place=place, done=done, total=max(done, making.total)))

    async def _note(self, making: Making) -> None:
        self.making = making
        await self._notes.write(making)

    async def _over(self) -> None:
        self.making = None
        await self._notes.forget()
