"""Timers that are over."""

import asyncio
from collections.abc import Sequence

from actors.kernel.alarms import Alarms
from store.journal import Timer
from store.memory import MemoryJournal
from tests.simulation.loop import VirtualClock, VirtualLoop, run


class Remembered:
    """Timers that only remember what was dropped, call by call."""

    def __init__(self) -> None:
        self.dropped: list[list[str]] = []

    async def put(self, timers: Sequence[Timer]) -> None:
        """Nothing is put here."""

    async def drop(self, ids: Sequence[str]) -> None:
        self.dropped.append(list(ids))

    async def due(self, partitions: Sequence[int], *, before_ms: int, limit: int) -> list[Timer]:
        return []


def a_timer(name: str) -> Timer:
    return Timer(name, "room:1", 0, 1000, b"")


def test_timers_of_a_moment_are_dropped_together_also_after_the_first_of_them_was_cancelled() -> None:
    loop = VirtualLoop()
    timers = Remembered()

    async def main() -> None:
        alarms = Alarms(timers, MemoryJournal(), VirtualClock(loop), lambda timer, again: None)
        await asyncio.gather(*(alarms.done(a_timer(name)) for name in "abc"))
        stopped = asyncio.create_task(alarms.done(a_timer("d")))
        await asyncio.sleep(0)
        stopped.cancel()
        await asyncio.gather(stopped, return_exceptions=True)
        await alarms.done(a_timer("e"))

    run(loop, main(), limit_s=60)
    assert timers.dropped == [["a", "b", "c"], ["e"]]
