"""Durable timers: written before the turn that needs them, fired as commands, deleted after their turn is stored."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from config.clock import Clock
from config.errors import Unavailable
from store.journal import Timer, Timers

HORIZON_S = 30.0  # timers due within this time are held in memory
_DROP_S = 0.25


@dataclass(order=True, slots=True)
class _Due:
    due_ms: int
    timer: Timer = field(compare=False)


class Alarms:
    """Fires the timers of this shard's partitions. `fire` must bring each to its entity; a refusal is an end too."""

    def __init__(self, timers: Timers, clock: Clock, fire: Callable[[Timer], None], *, poll_s: float = 10.0) -> None:
        self._timers = timers
        self._clock = clock
        self._fire = fire
        self._poll_s = poll_s
        self._heap: list[_Due] = []
        self._known: set[str] = set()
        self._over: list[str] = []  # carried out, and still to be dropped
        self._roused = asyncio.Event()

    async def put(self, timers: Sequence[Timer]) -> None:
        """Store timers; majority-committed when this returns."""
        await self._timers.put(timers)
        self._hold(timers)

    async def done(self, timer: Timer) -> None:
        """The timer's command has been answered for good. Those of a moment are dropped together."""
        self._over.append(timer.id)
        if len(self._over) > 1:
            return  # whoever was first drops it as well
        try:
            await asyncio.sleep(_DROP_S)
        finally:  # also when this shard is ending: somebody else may be the first again
            over, self._over = self._over, []
        try:
            await self._timers.drop(over)
        except Unavailable:
            return  # they fire again at the next poll, and their command ids tell
        finally:
            self._known.difference_update(over)

    def again(self, timer: Timer) -> None:
        """The timer's command got no answer: fire it at the next poll."""
        self._known.discard(timer.id)

    def clear(self) -> None:
        """Forget what memory holds (the lease is lost); the database keeps it."""
        self._heap.clear()
        self._known.clear()

    async def run(self, partitions: Callable[[], Sequence[int]]) -> None:
        """Load what is due soon, fire what is due, and sleep until the next; until cancelled."""
        next_poll_s = self._clock.monotonic_s()
        while True:
            if self._clock.monotonic_s() >= next_poll_s:
                next_poll_s = self._clock.monotonic_s() + self._poll_s
                await self._load(partitions())
            now_ms = self._clock.now_ms()
            while self._heap and self._heap[0].due_ms <= now_ms:
                self._fire(heapq.heappop(self._heap).timer)
            pause_s = next_poll_s - self._clock.monotonic_s()
            if self._heap:
                pause_s = min(pause_s, (self._heap[0].due_ms - now_ms) / 1000)
            self._roused.clear()
            await _wait(self._roused, max(pause_s, 0.001))

    async def _load(self, partitions: Sequence[int]) -> None:
        if not partitions:
            return
        horizon_ms = self._clock.now_ms() + int(HORIZON_S * 1000)
        try:
            self._hold(await self._timers.due(partitions, before_ms=horizon_ms, limit=10_000))
        except Unavailable:
            return

    def _hold(self, timers: Sequence[Timer]) -> None:
        horizon_ms = self._clock.now_ms() + int(HORIZON_S * 1000)
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
