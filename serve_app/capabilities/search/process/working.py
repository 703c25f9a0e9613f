"""Long work on the index, one at a time, while it is asked and fed: a new one beside it, what an empty one lacks, or a
look at what is in it. A process that ends in between goes on with what it makes, and begins to look again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from common.clock import Clock
from common.errors import CarewireError
from common.logs import get_logger
from serve_app.capabilities.search.erased import ErasedPeople
from serve_app.capabilities.search.port import Engine
from serve_app.capabilities.search.process.checking import Checking, Drifted
from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.process.keys import COLLECTION
from serve_app.capabilities.search.process.making.everything import Everything
from serve_app.capabilities.search.process.making.maker import FILL, Maker
from serve_app.capabilities.search.process.making.notes import Making
from serve_app.capabilities.search.process.questions import IndexerJob, IndexState
from store.mongo.client import Database, database_errors

DRIFT: Final = "drift"
RENEW: Final = "renew"
_MOST_REMEMBERED: Final = 100  # works that are over, until whoever asked for them has heard of it
log = get_logger(__name__)


@dataclass(slots=True)
class _Course:
    """How a work goes."""

    work: IndexerJob
    done: int = 0
    failed: bool = False
    result: dict[str, int] = field(default_factory=dict)


class Working:
    """One a process."""

    def __init__(
        self,
        engine: Engine,
        indexer: Indexer,
        everything: Everything,
        maker: Maker,
        erased: ErasedPeople,
        database: Database,
        clock: Clock,
        *,
        drifted: Callable[[int], None],
    ) -> None:
        """`drifted`: told by how much the index differed."""
        self._engine, self._indexer, self._everything, self._maker = engine, indexer, everything, maker
        self._erased, self._all, self._clock, self._drifted = erased, database[COLLECTION], clock, drifted
        self._running: asyncio.Task[None] | None = None
        self._course: _Course | None = None
        self._over: dict[str, _Course] = {}

    @property
    def idle(self) -> bool:
        """Is nothing going on?"""
        return self._running is None or self._running.done()

    @property
    def filling(self) -> bool:
        """Does what serves lack something that is being put in?"""
        return self._maker.making is not None and self._maker.making.kind == FILL

    def begin(self, work: IndexerJob) -> None:
        """Begin it, unless it was done for the same job. While other work goes on it waits to be asked for again."""
        if self.idle and self._over.get(work.job) is None:
            self._go(work, self._do)

    async def resume(self, making: Making) -> None:
        """Go on with an index that an earlier life began to make. On return what happens goes into it too. Raises
        Unavailable."""
        work = IndexerJob(kind=making.kind, job=making.job)
        if making.kind == FILL:
            self._maker.making = making
            self._go(work, lambda _: self._maker.fill(making))
        elif (beside := await self._maker.ready(making)) is not None:
            self._go(work, lambda course: self._made(course, self._maker.make(beside)))

    async def recall(self) -> None:
        """By how much the index differed when an earlier life compared it. Raises Unavailable."""
        with database_errors():
            told = await self._all.find_one({"_id": DRIFT})
        if told is not None:
            self._drifted(sum(int(told[name]) for name in ("missing", "stale", "extra")))

    async def renew(self) -> None:
        """Make the index anew if somebody was erased, whose hashes it may hold. Raises Unavailable."""
        if self.idle and await self._erased.gone():
            self.begin(IndexerJob(kind=RENEW, job=""))

    def shown(self, state: IndexState, job: str = "") -> IndexState:
        """The state with what goes on. `job`: how work for this one goes, or went."""
        making = self._maker.making
        if making is not None:
            state = msgspec.structs.replace(state, making=True, done=making.done, total=making.total)
        if not job:
            return state
        going = self._course if self._course is not None and self._course.work.job == job else None
        course = going or self._over.get(job)
        if course is None:
            return msgspec.structs.replace(state, done=0, total=0)
        if course.failed:
            del self._over[job]  # told once: whoever asks again after that has it tried again
        done = making.done if going is not None and making is not None else course.done
        return msgspec.structs.replace(state, done=done, failed=course.failed, result=course.result)

    async def stop(self) -> None:
        """Idempotent."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._running = self._course = self._maker.making = None

    def _go(self, work: IndexerJob, do: Callable[[_Course], Awaitable[None]]) -> None:
        self._course = _Course(work)
        self._running = asyncio.create_task(self._run(self._course, do))

    async def _run(self, course: _Course, do: Callable[[_Course], Awaitable[None]]) -> None:
        try:
            await do(course)
        except CarewireError as error:
            log.warning("search.work_failed", kind=course.work.kind, code=error.code)
            course.failed = True
        except Exception:
            log.exception("search.work_crashed", kind=course.work.kind)
            course.failed = True
        self._course = self._maker.making = None
        if course.work.job:
            self._over[course.work.job] = course
        for old in list(self._over)[:-_MOST_REMEMBERED]:
            del self._over[old]

    async def _do(self, course: _Course) -> None:
        work = course.work
        if work.kind == "check":
            await self._check(course)
            return
        gone = await self._erased.gone()
        await self._made(course, self._maker.beside(work.kind, work.job))
        await self._erased.forget(gone)  # whatever it was made for, it holds nothing of them

    async def _made(self, course: _Course, making: Awaitable[int]) -> None:
        course.done = await making
        course.result = {"documents": course.done}

    async def _check(self, course: _Course) -> None:
        def counted(number: int) -> None:
            course.done += number

        checking = Checking(self._engine, self._everything.pages, self._indexer.apply, counted)
        drift: Drifted = await checking.look(repair=course.work.repair)
        found = {"missing": drift.missing, "stale": drift.stale, "extra": drift.extra}
        self._drifted(drift.missing + drift.stale + drift.extra)
        with database_errors():
            told = {**found, "checked_at": self._clock.now_ms()}
            await self._all.update_one({"_id": DRIFT}, {"$set": told}, upsert=True)
        serving = await self._engine.serving()
        if course.work.repair and serving is not None and serving.decayed(self._clock.now_ms()):
            await self._maker.beside(RENEW, course.work.job)  # leaves behind what is dead: deleted, edited, erased
        course.result = found
