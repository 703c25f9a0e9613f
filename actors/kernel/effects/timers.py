"""Durable timers: owed by the turn that sets them, fired as commands, forgotten after the turn of those is stored.

What is far away has a document of its own. What is due soon is kept by its turn, which has the timer among its effects
and is settled when the timer is over. So what is set and soon over costs no write of its own, and the next life of the
shard finds it among what is owed.

A timer whose command meets a bug is fired again after a pause, and another, longer one; in the end it is *dead*, and
lies where operators see it.
"""

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from actors.kernel.contract.partitions import partition_of
from actors.kernel.effects.inbox import DueTimer, ShardInbox
from actors.kernel.lib.backoffs import database_backoff
from actors.kernel.lib.writes import WriteBatcher, batch_writes
from common.clock import Clock
from common.errors import Unavailable
from common.lib.retry import retry
from common.lib.tasks import Tasks
from store.ports.journal import Turn
from store.ports.timers import Timer, Timers

HORIZON_S = 30.0  # timers due within this time are held in memory
_PAGE = 10_000  # timers read at once
_MORE_S = 0.25  # until the next page is read when there are more, or the same when the database was away
_PAUSES_S = (2.0, 10.0, 60.0, 300.0)  # after each time that a timer's command has met a bug; then it is dead
_WRITTEN_S = 2.0  # that what is about to be written is waited for when time has jumped
TurnKey = tuple[str, int]


@dataclass(order=True, slots=True)
class _Due:
    due_ms: int
    timer: Timer = field(compare=False)
    again: bool = field(default=False, compare=False)


class TimerScheduler:
    """Puts the timers of this shard's partitions into its inbox when they are due; then `done` or `again` is called."""

    def __init__(
        self,
        timers: Timers,
        settling: WriteBatcher[TurnKey],
        inbox: ShardInbox,
        *,
        clock: Clock,
        tasks: Tasks,
        bury: Callable[[Timer], Awaitable[None]],
        poll_s: float = 10.0,
        page: int = _PAGE,
    ) -> None:
        """`settling` settles turns; `bury` keeps a dead timer for operators, and raises `Unavailable`. `page`: how many
        are read at once."""
        self._timers = timers
        self._setting: WriteBatcher[Timer] = batch_writes(timers.put, tasks)
        self._dropping: WriteBatcher[str] = batch_writes(self._drop, tasks)
        self._settling = settling
        self._clock = clock
        self._inbox = inbox
        self._tasks = tasks
        self._bury = bury
        self._poll_s = poll_s
        self._page = page
        self._heap: list[_Due] = []
        self._known: set[str] = set()
        self._kept: dict[str, TurnKey] = {}  # timer id -> the turn that keeps it
        self._left: Counter[TurnKey] = Counter()  # of the timers that a turn keeps, those that are not over
        self._failures: Counter[str] = Counter()  # of timers whose command has met a bug
        self._roused = asyncio.Event()
        self._jumped = False
        self._gained = False
        self._unwritten: set[asyncio.Future[None]] = set()

    def set(self, timers: Sequence[Timer]) -> "asyncio.Future[None]":
        """Timers that a stored turn owes: fired from now on, and with documents of their own as soon as the future is
        done. A turn that kept one keeps it no more."""
        for timer in timers:
            if (key := self._kept.pop(timer.id, None)) is not None:
                self._count_down(key)
        self._hold(timers)
        written = self._setting.put(timers)
        self._unwritten.add(written)
        written.add_done_callback(self._unwritten.discard)
        return written

    def time_moved(self) -> None:
        """The platform's time has jumped: what is due by now is fired in the order in which it was due."""
        self._jumped = True
        self._roused.set()

    def partitions_gained(self) -> None:
        """There are partitions that were not ours: what is due of theirs is looked for at once."""
        self._gained = True
        self._roused.set()

    def try_keep(self, turn: Turn, timers: Sequence[Timer]) -> bool:
        """Fire these timers from now on, and let their stored turn keep them, which has no other effects. False, and
        nothing is done, when they are not all due soon, or some are known already."""
        horizon_ms = self._clock.platform_ms() + int(HORIZON_S * 1000)
        if any(timer.due_ms > horizon_ms or timer.id in self._known for timer in timers):
            return False
        key = (turn.entity, turn.turn)
        ids = {timer.id for timer in timers}
        self._kept.update(dict.fromkeys(ids, key))
        self._left[key] = len(ids)
        self._hold(timers)
        return True

    def done(self, timer: Timer) -> None:
        """The timer's command has been answered for good."""
        self._failures.pop(timer.id, None)
        key = self._kept.pop(timer.id, None)
        if key is None:
            self._dropping.put([timer.id])
            return
        self._known.discard(timer.id)
        if self._count_down(key):
            self._settling.put([key])

    def again(self, timer: Timer) -> None:
        """The timer's command got no answer: fire it at the next poll."""
        if timer.id in self._kept:
            heapq.heappush(self._heap, _Due(self._clock.platform_ms() + int(self._poll_s * 1000), timer, again=True))
        else:
            self._known.discard(timer.id)

    def failed(self, timer: Timer) -> None:
        """The timer's command met a bug: a later try may not, when the program has been put right."""
        self._failures[timer.id] += 1
        failures = self._failures[timer.id]
        if failures > len(_PAUSES_S):
            self.give_up(timer)
            return
        due_ms = self._clock.platform_ms() + int(_PAUSES_S[failures - 1] * 1000)
        heapq.heappush(self._heap, _Due(due_ms, timer, again=True))
        self._roused.set()

    def give_up(self, timer: Timer) -> None:
        """Nobody fires it again by itself: it is dead, and over as soon as operators can see it."""
        self._tasks.spawn(self._give_up(timer))

    async def _give_up(self, timer: Timer) -> None:
        await retry(partial(self._bury, timer), Unavailable, backoff=database_backoff())
        self.done(timer)

    def hand_off(self, partitions: frozenset[int]) -> None:
        """These are somebody else's now, who finds their timers in the database."""
        gone = [due for due in self._heap if due.timer.partition in partitions]
        self._heap = [due for due in self._heap if due.timer.partition not in partitions]
        heapq.heapify(self._heap)
        self._known.difference_update(due.timer.id for due in gone)  # they may come back to us
        for due in gone:
            self._failures.pop(due.timer.id, None)
        for id_, key in [kept for kept in self._kept.items() if partition_of(kept[1][0]) in partitions]:
            self._known.discard(id_)
            del self._kept[id_]
            self._left.pop(key, None)

    def clear(self) -> None:
        """Forget what memory holds (the lease is lost); the database keeps it."""
        self._heap.clear()
        self._known.clear()
        self._failures.clear()
        self._kept.clear()
        self._left.clear()

    async def run(self, partitions: Callable[[], Sequence[int]]) -> None:
        """Load what is due soon, fire what is due, and sleep until the next; until cancelled."""
        next_poll_s = self._clock.monotonic_s()
        more_from_ms: int | None = None  # what is due later than that may lie in the database still
        while True:
            if self._jumped or self._gained or self._clock.monotonic_s() >= next_poll_s:
                if self._jumped:
                    await self._write_out()
                self._gained = False
                try:
                    more_from_ms = await self._load(partitions())
                    next_poll_s = self._clock.monotonic_s() + (self._poll_s if more_from_ms is None else _MORE_S)
                except Unavailable:
                    next_poll_s = self._clock.monotonic_s() + _MORE_S
            now_ms = self._clock.platform_ms()
            self._fire(now_ms if more_from_ms is None else min(now_ms, more_from_ms))
            pause_s = next_poll_s - self._clock.monotonic_s()
            if self._heap and more_from_ms is None:
                pause_s = min(pause_s, (self._heap[0].due_ms - now_ms) / 1000)
            if not self._jumped and not self._gained:
                self._roused.clear()
                await _wait(self._roused, max(pause_s, 0.001))

    def _fire(self, until_ms: int) -> None:
        while self._heap and self._heap[0].due_ms <= until_ms:
            due = heapq.heappop(self._heap)
            self._inbox.put(DueTimer(due.timer, due.again or due.timer.id not in self._kept))

    async def _write_out(self) -> None:
        """Time has jumped: wait for the timers that are on their way to the database, for some are due by now."""
        self._jumped = False
        if self._unwritten:
            await asyncio.wait(self._unwritten, timeout=_WRITTEN_S)

    def _count_down(self, key: TurnKey) -> bool:
        """A turn has one timer fewer to keep; True when that was the last."""
        self._left[key] -= 1
        if self._left[key]:
            return False
        del self._left[key]
        return True

    async def _drop(self, ids: Sequence[str]) -> None:
        await self._timers.drop(ids)
        self._known.difference_update(ids)

    async def _load(self, partitions: Sequence[int]) -> int | None:
        """Hold what is due soon. None: that is all of it; else, up to when it is. Raises Unavailable."""
        if not partitions:
            return None
        horizon_ms = self._clock.platform_ms() + int(HORIZON_S * 1000)
        found = await self._timers.due(partitions, before_ms=horizon_ms, limit=self._page)
        self._hold(found)
        return found[-1].due_ms if len(found) == self._page else None

    def _hold(self, timers: Sequence[Timer]) -> None:
        horizon_ms = self._clock.platform_ms() + int(HORIZON_S * 1000)
        for timer in timers:
            if timer.due_ms <= horizon_ms and timer.id not in self._known:
                self._known.add(timer.id)
                heapq.heappush(self._heap, _Due(timer.due_ms, timer))
        self._roused.set()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
