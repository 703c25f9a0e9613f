"""Timers that are over."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.kernel.effects.timers import TimerScheduler
from actors.kernel.lib.writes import batch_writes
from common.lib.tasks import Tasks
from store.memory import MemoryJournal, MemoryTimers
from store.ports.journal import Turn
from store.ports.timers import Timer, Timers
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


def alarms_of(
    loop: VirtualLoop,
    timers: Timers,
    journal: MemoryJournal,
    fire: Callable[[Timer, bool], None] = lambda timer, again: None,
) -> TimerScheduler:
    tasks = Tasks("test")
    return TimerScheduler(timers, batch_writes(journal.settle, tasks), tasks, VirtualClock(loop), fire)


def test_timers_of_a_moment_are_dropped_together() -> None:
    loop = VirtualLoop()
    timers = Remembered()

    async def main() -> None:
        alarms = alarms_of(loop, timers, MemoryJournal())
        for name in "abc":
            alarms.done(a_timer(name))
        await asyncio.sleep(1)
        alarms.done(a_timer("d"))
        await asyncio.sleep(1)

    run(loop, main(), limit_s=60)
    assert timers.dropped == [["a", "b", "c"], ["d"]]


def test_a_turn_keeps_its_timers_until_the_last_of_them_is_over() -> None:
    loop = VirtualLoop()
    timers, journal = Remembered(), MemoryJournal()
    fired: list[tuple[str, bool]] = []
    turn = Turn("room:1", 1, 1, 0, 0, effects=(b"timers",))

    async def main() -> None:
        alarms = alarms_of(loop, timers, journal, lambda timer, again: fired.append((timer.id, again)))
        await journal.append([turn])
        running = asyncio.create_task(alarms.run(lambda: [0]))
        soon = [replace(a_timer(name), due_ms=alarms_due(loop, place)) for place, name in enumerate("ab")]
        assert alarms.keep(turn, soon)
        assert not alarms.keep(turn, [replace(a_timer("late"), due_ms=2**60)])
        await asyncio.sleep(5)
        assert fired == [("a", False), ("b", False)]
        alarms.again(soon[0])
        alarms.done(soon[1])
        await asyncio.sleep(1)
        assert await journal.unsettled([0], limit=9) == [turn]
        await asyncio.sleep(10)
        assert fired[2:] == [("a", True)]
        alarms.done(soon[0])
        await asyncio.sleep(1)
        assert await journal.unsettled([0], limit=9) == []
        running.cancel()

    run(loop, main(), limit_s=60)
    assert timers.dropped == []


def test_a_timer_that_its_turn_kept_and_that_is_set_again_fires_once() -> None:
    loop = VirtualLoop()
    timers, journal = MemoryTimers(), MemoryJournal()
    fired: list[str] = []
    turn = Turn("room:1", 1, 1, 0, 0, effects=(b"timers",))

    async def main() -> None:
        def fire(timer: Timer, again: bool) -> None:
            fired.append(timer.id)
            alarms.done(timer)

        alarms = alarms_of(loop, timers, journal, fire)
        running = asyncio.create_task(alarms.run(lambda: [0]))
        timer = replace(a_timer("a"), due_ms=alarms_due(loop, 5))
        assert alarms.keep(turn, [timer])
        await alarms.set([timer])  # the turn was read again, and what it owes is done once more
        await asyncio.sleep(30)
        running.cancel()
        assert await timers.due([0], before_ms=2**60, limit=9) == []

    run(loop, main(), limit_s=60)
    assert fired == ["a"]


def test_timers_of_partitions_that_come_back_fire_after_all() -> None:
    loop = VirtualLoop()
    timers = MemoryTimers()
    fired: list[str] = []

    async def main() -> None:
        timer = replace(a_timer("a"), due_ms=alarms_due(loop, 20))
        alarms = alarms_of(loop, timers, MemoryJournal(), lambda timer, again: fired.append(timer.id))
        running = asyncio.create_task(alarms.run(lambda: [0]))
        await alarms.set([timer])
        alarms.let_go(frozenset([0]))
        await asyncio.sleep(15)  # somebody else has them, and gives them back
        assert fired == []
        await asyncio.sleep(20)
        assert fired == ["a"]
        running.cancel()

    run(loop, main(), limit_s=60)


def alarms_due(loop: VirtualLoop, seconds: int) -> int:
    return VirtualClock(loop).now_ms() + 1000 * (seconds + 1)
