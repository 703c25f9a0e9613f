"""Timers that are over."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from typing_extensions import override

from actors.kernel.effects.inbox import DueTimer, ShardInbox
from actors.kernel.effects.timers import TimerScheduler
from actors.kernel.lib.writes import batch_writes
from common.errors import Unavailable
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


def scheduler_of(
    loop: VirtualLoop,
    timers: Timers,
    journal: MemoryJournal,
    fire: Callable[[Timer, bool], None] = lambda timer, again: None,
) -> TimerScheduler:
    tasks = Tasks("test")
    inbox = ShardInbox()
    tasks.spawn(_fire_all(inbox, fire))
    settling = batch_writes(journal.settle, tasks)
    return TimerScheduler(timers, settling, inbox, clock=VirtualClock(loop), tasks=tasks, bury=never)


async def never(timer: Timer) -> None:
    raise AssertionError(timer)


async def _fire_all(inbox: ShardInbox, fire: Callable[[Timer, bool], None]) -> None:
    while True:
        request = await inbox.take()
        assert isinstance(request, DueTimer)
        fire(request.timer, request.unchecked)


def test_timers_of_a_moment_are_dropped_together() -> None:
    loop = VirtualLoop()
    timers = Remembered()

    async def main() -> None:
        scheduler = scheduler_of(loop, timers, MemoryJournal())
        for name in "abc":
            scheduler.done(a_timer(name))
        await asyncio.sleep(1)
        scheduler.done(a_timer("d"))
        await asyncio.sleep(1)

    run(loop, main(), limit_s=60)
    assert timers.dropped == [["a", "b", "c"], ["d"]]


def test_a_turn_keeps_its_timers_until_the_last_of_them_is_over() -> None:
    loop = VirtualLoop()
    timers, journal = Remembered(), MemoryJournal()
    fired: list[tuple[str, bool]] = []
    turn = Turn("room:1", 1, 1, 0, 0, effects=(b"timers",))

    async def main() -> None:
        scheduler = scheduler_of(loop, timers, journal, lambda timer, again: fired.append((timer.id, again)))
        await journal.append([turn])
        running = asyncio.create_task(scheduler.run(lambda: [0]))
        soon = [replace(a_timer(name), due_ms=due_in(loop, place)) for place, name in enumerate("ab")]
        assert scheduler.try_keep(turn, soon)
        assert not scheduler.try_keep(turn, [replace(a_timer("late"), due_ms=2**60)])
        await asyncio.sleep(5)
        assert fired == [("a", False), ("b", False)]
        scheduler.again(soon[0])
        scheduler.done(soon[1])
        await asyncio.sleep(1)
        assert await journal.unsettled([0], limit=9) == [turn]
        await asyncio.sleep(10)
        assert fired[2:] == [("a", True)]
        scheduler.done(soon[0])
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
            scheduler.done(timer)

        scheduler = scheduler_of(loop, timers, journal, fire)
        running = asyncio.create_task(scheduler.run(lambda: [0]))
        timer = replace(a_timer("a"), due_ms=due_in(loop, 5))
        assert scheduler.try_keep(turn, [timer])
        await scheduler.set([timer])  # the turn was read again, and what it owes is done once more
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
        timer = replace(a_timer("a"), due_ms=due_in(loop, 20))
        scheduler = scheduler_of(loop, timers, MemoryJournal(), lambda timer, again: fired.append(timer.id))
        running = asyncio.create_task(scheduler.run(lambda: [0]))
        await scheduler.set([timer])
        scheduler.hand_off(frozenset([0]))
        await asyncio.sleep(15)  # somebody else has them, and gives them back
        assert fired == []
        await asyncio.sleep(20)
        assert fired == ["a"]
        running.cancel()

    run(loop, main(), limit_s=60)


def due_in(loop: VirtualLoop, seconds: int) -> int:
    return VirtualClock(loop).now_ms() + 1000 * (seconds + 1)


def test_what_is_due_in_partitions_that_come_to_us_fires_at_once_and_not_at_the_next_poll() -> None:
    """A shard begins to poll before it has its lease: else whoever takes over from a dead one would be 10 s late."""
    loop, fired = VirtualLoop(), list[float]()
    timers, ours = MemoryTimers(), list[int]()

    async def scenario() -> None:
        scheduler = scheduler_of(loop, timers, MemoryJournal(), lambda timer, again: fired.append(loop.now_s))
        await timers.put([a_timer("late")])
        polling = asyncio.ensure_future(scheduler.run(lambda: ours))
        await asyncio.sleep(2.0)
        assert fired == []
        ours.append(0)
        scheduler.partitions_gained()
        await asyncio.sleep(0.1)
        polling.cancel()

    run(loop, scenario())
    assert [round(at_s, 1) for at_s in fired] == [2.0]


class AwayAtFirst(MemoryTimers):
    """Timers of a database that does not answer the first look."""

    looks = 0

    @override
    async def due(self, partitions: Sequence[int], *, before_ms: int, limit: int) -> list[Timer]:
        self.looks += 1
        if self.looks == 1:
            raise Unavailable("The database is away.")
        return await super().due(partitions, before_ms=before_ms, limit=limit)


def test_a_look_that_the_database_did_not_answer_is_made_again_soon() -> None:
    loop, fired = VirtualLoop(), list[float]()

    async def scenario() -> None:
        timers = AwayAtFirst()
        scheduler = scheduler_of(loop, timers, MemoryJournal(), lambda timer, again: fired.append(loop.now_s))
        await timers.put([a_timer("late")])
        polling = asyncio.ensure_future(scheduler.run(lambda: [0]))
        await asyncio.sleep(1.0)
        polling.cancel()

    run(loop, scenario())
    assert [round(at_s, 2) for at_s in fired] == [0.25]
