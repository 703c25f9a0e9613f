"""The collection of activities that are put off or dead, as one shard keeps it: written together, behind everything.

One after the other, or a lane could lose its head: what is put behind another one, and what moves up when that one is
over, must see each other. What is written with the lease lost is a repeat at worst, which whoever reads it recognises.

Of a lane, the first has its due time, and the others are due `BEHIND` it; whenever one of a lane is written or goes,
the one that is first then is looked at.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, TypeVar

from actors.kernel.effects.activities.activity_batch import ActivityWrites, Then
from actors.kernel.effects.activities.activity_ids import answer_id
from actors.kernel.effects.activities.activity_lines import OpenActivity
from actors.kernel.effects.postman import LETTERS
from actors.kernel.lib.backoffs import database_backoff
from common.clock import Clock
from common.errors import Unavailable
from common.lib.tasks import Tasks
from common.logs import get_logger
from store.ports.activities import BEHIND, ActivityRecord, Lane, State
from store.ports.stores import Stores

_log = get_logger(__name__)
_MOST: Final = 1000  # of a sort, in one go
MOST_UNWRITTEN: Final = 5000  # that may wait to be vetted or written before who makes more of them has to wait
_FEW: Final = 10_000  # documents that are counted quickly
_AGAIN_S: Final = 5.0  # until what met a bug is done again

R = TypeVar("R")


class _LeaseLostError(Exception):
    """The lease is lost: whoever holds it now finds what was to be written."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """The database's verdict on an open activity: it `is_answered`, it `is_stored`, or others of its lane are."""

    is_answered: bool
    is_stored: bool
    lane_is_stored: bool


class ActivityFile:
    """See the module. `on_vetted` hears the verdict on each activity that was given to `vet`, in their order."""

    def __init__(
        self,
        stores: Stores,
        clock: Clock,
        tasks: Tasks,
        *,
        serving: Callable[[], bool],
        partitions: Callable[[], list[int]],
        kinds: Collection[str],
        on_vetted: Callable[[OpenActivity, StoredVerdict], None],
    ) -> None:
        self._activities = stores.activities
        self._journal = stores.journal
        self._clock = clock
        self._tasks = tasks
        self._serving = serving
        self._partitions = partitions
        self._kinds = kinds
        self._on_vetted = on_vetted
        self.on_due: Callable[[str], None] = lambda connector: None  # hears when one has moved up
        self._next = ActivityWrites()
        self._failed = ActivityWrites()  # what met a bug by itself, until it is done again
        self._writing = ActivityWrites()  # what is being done
        self._wrote = asyncio.Event()
        self._working = False
        self._gated = False
        self._doubtful = False
        self.counts: Counter[tuple[str, State]] = Counter()  # documents of this shard by connector and state

    @property
    def is_empty(self) -> bool:
        """Has this shard no document of an activity, as far as it knows?"""
        return not any(count for (connector, _), count in self.counts.items() if connector != LETTERS)

    async def room(self) -> None:
        """Wait while so many are yet to be vetted or written that memory would fill up with them."""
        while self._next.size + self._writing.size > MOST_UNWRITTEN and self._serving():
            self._wrote.clear()
            await self._wrote.wait()

    def put(self, record: ActivityRecord, then: Then, *, was: State | Literal[""], lane_waits: bool = False) -> None:
        """Write a document; `then` follows. `was` is the state in which there is one already ("": there is none).
        `lane_waits`: the first of its lane does not move up now, since another one is in memory."""
        change: Counter[tuple[str, State]] = Counter({(record.connector, record.state): 1})
        if was:
            change[record.connector, was] -= 1
        self.counts.update(change)
        self._next.counted.update(change)
        self._next.puts[record.id] = record, then
        self._failed.puts.pop(record.id, None)
        if record.lane and not lane_waits:
            self._next.lanes.add((record.entity, record.lane))
        self._work_on()

    def write(self, record: ActivityRecord, *, was: State) -> "asyncio.Future[None]":
        """Write a document anew: done then, or `Unavailable` when it could not be."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._next.writing.append(written)
        self.put(record, lambda: None, was=was)
        return written

    def close(self, id_: bytes) -> None:
        """This one is over: its document goes, if there is one, and the next of its lane moves up."""
        self._next.closed.add(id_)
        self._failed.puts.pop(id_, None)
        self._work_on()

    def vet(self, activity: OpenActivity) -> None:
        """Look whether it is over, or put off, already."""
        self._next.vetted.append(activity)
        self._work_on()

    def look_at(self, lanes: Iterable[Lane]) -> None:
        """The next of these lanes moves up, if there is nobody before it."""
        self._next.lanes.update(lanes)
        self._work_on()

    def gate(self, *, shut: bool) -> None:
        """While it is shut, what has a lane is not vetted: earlier ones of it may yet be found."""
        self._gated = shut
        self._work_on()

    def clear(self) -> None:
        """The lease is lost: the database has what counts."""
        self._end(self._next)
        self._next, self._failed, self._writing = ActivityWrites(), ActivityWrites(), ActivityWrites()
        self.counts.clear()
        self._wrote.set()

    def recount(self) -> "asyncio.Future[None]":
        """Count anew, since others have written: done then, or when the lease is lost."""
        counted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._next.counting.append(counted)
        self._work_on()
        return counted

    def letters_counted(self, state: State, change: int) -> None:
        """So many more letters are in this state. Where it is quick they are counted anew, since it may be a repeat."""
        if sum(self.counts.values()) < _FEW:
            self.recount()
        else:
            self.counts[LETTERS, state] += change

    def doubt(self) -> None:
        """Others may have written, or may yet: `look_again` mends what that may have done."""
        self._doubtful = True

    async def look_again(self) -> None:
        """Now and then: others may have written, too. Raises `Unavailable`."""
        if sum(self.counts.values()) < _FEW:
            await self.recount()
        if self._doubtful:
            await self.mend()
            self._doubtful = False

    async def mend(self) -> None:
        """Lanes whose head was lost, because its shard died in between, go on. Raises `Unavailable`."""
        if not self.is_empty:
            stuck = await self._activities.get(await self._activities.stuck(self._partitions(), self._kinds))
            self.look_at({(one.entity, one.lane) for one in stuck.values()})

    async def answered(self, ones: Sequence[OpenActivity]) -> set[bytes]:
        """Those whose answer the journal has. Raises `Unavailable`."""
        ids = {answer_id(one.entity, one.activity.key): one.id for one in ones}
        return {ids[id_] for id_ in await self._journal.replies(list(ids))} if ids else set()

    def _work_on(self) -> None:
        if not self._working:
            self._working = True
            self._tasks.spawn(self._work())

    async def _work(self) -> None:
        try:
            while batch := self._take():
                self._writing = batch
                try:
                    if not await self._done_with(batch):
                        await self._one_by_one(batch)
                except _LeaseLostError:
                    return
                finally:
                    self._end(batch)
                    self._writing = ActivityWrites()
                    self._wrote.set()
        finally:
            self._working = False

    async def _done_with(self, batch: ActivityWrites) -> bool:
        """Do it. False when it met a bug, which must not hold up the others for ever."""
        try:
            await self._do(batch)
        except _LeaseLostError:
            raise
        except Exception:  # whatever it is  # noqa: BLE001
            _log.exception("activities.not_written")
            return False
        return True

    async def _one_by_one(self, batch: ActivityWrites) -> None:
        """Find what it was that met a bug: it is done again later, and the rest of the batch now."""
        for single in batch.singles():
            if not await self._done_with(single):
                if not self._failed:
                    asyncio.get_running_loop().call_later(_AGAIN_S, self._again)
                self._failed.add(single)

    def _again(self) -> None:
        failed, self._failed = self._failed, ActivityWrites()
        self._next.add(failed)
        self._work_on()

    def _take(self) -> ActivityWrites:
        """The next batch of work. No more is vetted at once than can be put off before the next are looked at."""
        batch, self._next = self._next, ActivityWrites()
        shut = [one for one in batch.vetted if self._gated and one.activity.lane]
        open_ = [one for one in batch.vetted if not (self._gated and one.activity.lane)]
        batch.vetted, self._next.vetted = open_[:_MOST], open_[_MOST:] + shut
        return batch

    async def _do(self, batch: ActivityWrites) -> None:
        lanes = batch.lanes
        records = [record for record, _ in batch.puts.values()]
        for some in _slices(records):
            await self._insist(partial(self._activities.put, some))
        for _, then in batch.puts.values():
            then()
        for written in batch.writing:
            _done(written)
        for ids in _slices(list(batch.closed)):
            gone = await self._insist(partial(self._activities.get, ids))
            lanes |= {(one.entity, one.lane) for one in gone.values() if one.lane}
            await self._insist(partial(self._activities.drop, list(gone)))
            for one in gone.values():
                self.counts[one.connector, one.state] -= 1
        for some_lanes in _slices(list(lanes)):
            await self._promote(some_lanes)
        if batch.vetted:
            await self._vet(batch.vetted)

        if batch.counting:
            counts = await self._insist(partial(self._activities.counts, self._partitions(), self._kinds))
            self.counts = Counter(counts)
            self.counts.update(self._next.counted)

    def _end(self, batch: ActivityWrites) -> None:
        for counted in batch.counting:
            _done(counted)
        for written in batch.writing:
            if not written.done():
                written.set_exception(Unavailable("The activity could not be written just now; try again."))

    async def _promote(self, lanes: Sequence[Lane]) -> None:
        firsts = await self._insist(partial(self._activities.first_of, lanes))
        now_ms = self._clock.platform_ms()
        stuck = [replace(first, due_ms=now_ms) for first in firsts.values() if first.due_ms == BEHIND]
        if stuck:
            await self._insist(partial(self._activities.put, stuck))
            for connector in {one.connector for one in stuck}:
                self.on_due(connector)

    async def _vet(self, ones: Sequence[OpenActivity]) -> None:
        """The collection first, then the journal: who is over leaves the one after the answer is in the other."""
        stored = await self._insist(partial(self._activities.get, [one.id for one in ones]))
        lanes = [one.lane for one in ones if one.lane is not None]
        firsts = await self._insist(partial(self._activities.first_of, lanes)) if lanes else {}
        answered = await self._insist(partial(self.answered, ones))
        for one in ones:
            self._on_vetted(one, StoredVerdict(one.id in answered, one.id in stored, one.lane in firsts))

    async def _insist(self, action: Callable[[], Awaitable[R]]) -> R:
        backoff = database_backoff()
        while self._serving():
            try:
                return await action()
            except Unavailable:
                await backoff.pause()
        raise _LeaseLostError


def _done(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _slices(items: Sequence[R]) -> Iterable[Sequence[R]]:
    for start in range(0, len(items), _MOST):
        yield items[start : start + _MOST]
