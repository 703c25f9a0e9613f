"""Long work on the index, one at a time, while it is asked and fed: a new one beside it, or a look at what is in it. A
process that ends in between begins again: all of it may be repeated."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import msgspec

from common.clock import Clock
from common.errors import CarewireError
from common.logs import get_logger
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.port import Engine, Generation
from serve_app.capabilities.search.process.checking import Checking, Drifted
from serve_app.capabilities.search.process.index import Written
from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.process.keys import COLLECTION, IndexKeys
from serve_app.capabilities.search.process.questions import IndexerJob, State
from serve_app.capabilities.search.sources.entry import Fed, Standing
from serve_app.follower.source import Past
from store.mongo.client import Database, database_errors

DRIFT: Final = "drift"
_AT_ONCE: Final = 500
_REST_S: Final = 0.01  # between two pages: whoever searches comes first
log = get_logger(__name__)
Begun = Callable[[Generation, Blinder], Awaitable[None]]


class Everything:
    """All that there is, from the sources."""

    def __init__(self, indexer: Indexer, past: Past, standing: Sequence[Standing]) -> None:
        self._indexer, self._past, self._standing = indexer, past, standing

    async def pages(self) -> AsyncIterator[Sequence[Fed]]:
        """Turn by turn, page by page; of one document the older before the newer. Raises Unavailable."""
        async for turns in self._past.since(self._indexer.kinds, 0):
            yield [fed for turned in turns for fed in await self._indexer.read(turned)]
            await asyncio.sleep(_REST_S)
        for one in self._standing:
            async for page in one.all():
                yield page


class Working:
    """One a process."""

    def __init__(
        self,
        engine: Engine,
        indexer: Indexer,
        everything: Everything,
        begun: Begun,
        keys: IndexKeys,
        database: Database,
        clock: Clock,
        *,
        drifted: Callable[[int], None],
    ) -> None:
        """`begun`: what is done once another generation serves. `drifted`: told by how much the index differed."""
        self._engine, self._indexer, self._everything = engine, indexer, everything
        self._begun, self._keys, self._drifted = begun, keys, drifted
        self._all, self._clock = database[COLLECTION], clock
        self._blinder: Blinder | None = None
        self._texts = True
        self._running: asyncio.Task[None] | None = None
        self._work: IndexerJob | None = None
        self._done = 0
        self._failed = False
        self._result: dict[str, int] = {}

    def serves(self, blinder: Blinder, *, texts: bool) -> None:
        """Whose words are hashed how, in the generation that serves."""
        self._blinder, self._texts = blinder, texts

    def begin(self, work: IndexerJob) -> None:
        """Begin it, unless it goes on, or was done for the same job. While other work goes on it waits to be asked for
        again."""
        if self._running is not None and not self._running.done():
            return
        if self._work is not None and self._work.job == work.job and not self._failed:
            return
        self._work, self._done, self._failed, self._result = work, 0, False, {}
        self._running = asyncio.create_task(self._run(work))

    def shown(self, state: State, job: str = "") -> State:
        """The state with what goes on. `job`: nothing is told of the work of another one."""
        work = self._work
        if work is None or (job and work.job != job):
            return state
        over = self._running is None or self._running.done()
        if over and not job:
            return state
        return msgspec.structs.replace(
            state, work="" if over else work.kind, done=self._done, failed=self._failed, result=self._result
        )

    async def stop(self) -> None:
        """Idempotent."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self, work: IndexerJob) -> None:
        try:
            if work.kind == "check":
                await self._check(repair=work.repair)
                await self._renew(wanted=work.repair)
            else:
                await self._reindex(rotate=work.kind == "rotate")
        except CarewireError as error:
            log.warning("search.work_failed", kind=work.kind, code=error.code)
            self._failed = True
        except Exception:
            log.exception("search.work_crashed", kind=work.kind)
            self._failed = True

    async def _reindex(self, *, rotate: bool) -> None:
        """Beside what serves; what happens meanwhile goes into both."""
        serving = await self._engine.serving()
        assert serving is not None
        assert self._blinder is not None
        key = await self._keys.make() if rotate else self._blinder.key
        blinder = Blinder(key, self._blinder.analyser)
        made = Generation(serving.number + 1, key.id, blinder.analyser.version)
        await self._engine.drop(made.number)
        await self._engine.create(made)
        beside = Written(self._engine, blinder, texts=self._texts, number=made.number)
        self._indexer.written.append(beside)
        try:
            async for page in self._everything.pages():
                await beside.apply(page)
                self._done += len(page)
            await self._engine.swap(made.number)
        finally:
            self._indexer.written.remove(beside)
        await self._begun(made, blinder)
        await self._engine.drop(serving.number)
        if rotate:
            await self._keys.destroy(serving.key_id)
        self._result = {"documents": self._done}

    async def _renew(self, *, wanted: bool) -> None:
        """Leave behind what is dead: deleted, edited, erased."""
        serving, found = await self._engine.serving(), self._result
        if wanted and serving is not None and serving.decayed(self._clock.now_ms()):
            await self._reindex(rotate=False)
            self._result = found

    async def _check(self, *, repair: bool) -> None:
        def counted(number: int) -> None:
            self._done += number

        checking = Checking(self._engine, self._everything.pages, self._indexer.apply, counted)
        drift: Drifted = await checking.look(repair=repair)
        self._result = {"missing": drift.missing, "stale": drift.stale, "extra": drift.extra}
        self._drifted(drift.missing + drift.stale + drift.extra)
        told = {**self._result, "checked_at": self._clock.now_ms()}
        with database_errors():
            await self._all.update_one({"_id": DRIFT}, {"$set": told}, upsert=True)
