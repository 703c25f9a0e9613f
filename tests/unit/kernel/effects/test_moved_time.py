"""The platform's time jumps: what is due is done, in its order, and what goes by the wall's is not touched."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import msgspec
import pytest
from typing_extensions import override

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract import protocol
from actors.kernel.contract.entity import Principal
from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.effects.inbox import DueTimer, ShardInbox
from actors.kernel.effects.outbox import Outbox
from actors.kernel.effects.recovery import EffectRecovery
from actors.kernel.effects.timers import TimerScheduler
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.writes import batch_writes
from common.lib.tasks import Tasks
from config.settings import KernelSettings
from store.memory import MemoryJournal, MemoryTimers, memory_stores
from store.ports.journal import Turn
from store.ports.timers import Timer
from tests.simulation.loop import VirtualClock, VirtualLoop, run
from tests.unit.kernel.errand import ErrandKind, Recount, Send
from tests.unit.kernel.ledger import LedgerKind, Remind, Write

HOUR_MS = 3_600_000
ANN = Principal("ann")


def play(scenario: Callable[[VirtualClock], Awaitable[None]]) -> None:
    loop = VirtualLoop()

    async def main() -> None:
        await scenario(VirtualClock(loop))

    run(loop, main(), limit_s=100_000)


async def never(timer: Timer) -> None:
    raise AssertionError(timer)


class Scheduled:
    """A scheduler, and what it put into the inbox."""

    def __init__(self, clock: VirtualClock, store: MemoryTimers, *, page: int = 10_000) -> None:
        self.clock = clock
        self.fired: list[Timer] = []
        tasks, self._inbox = Tasks("test"), ShardInbox()
        settling = batch_writes(MemoryJournal().settle, tasks)
        self.scheduler = TimerScheduler(store, settling, self._inbox, clock=clock, tasks=tasks, bury=never, page=page)
        self._running = [asyncio.create_task(self.scheduler.run(lambda: [0])), asyncio.create_task(self._take())]

    async def _take(self) -> None:
        while True:
            request = await self._inbox.take()
            assert isinstance(request, DueTimer)
            self.fired.append(request.timer)
            self.scheduler.done(request.timer)

    def due(self, after_ms: int) -> Timer:
        return Timer(f"room:1|{after_ms}", "room:1", 0, self.clock.platform_ms() + after_ms, b"")

    @property
    def order(self) -> list[int]:
        return [timer.due_ms for timer in self.fired]


@pytest.mark.parametrize("page", [3, 10_000])
def test_what_has_become_due_fires_in_the_order_of_its_due_time(page: int) -> None:
    """Some in memory, because they were due soon; most in the database, which gives them out page by page."""

    async def scenario(clock: VirtualClock) -> None:
        made = Scheduled(clock, MemoryTimers(), page=page)
        lapses = [25_000, 29_000, *(HOUR_MS * hour for hour in range(1, 20))]
        random.Random(1).shuffle(lapses)
        for lapse in lapses:
            await made.scheduler.set([made.due(lapse)])
        kept = made.due(28_000)
        assert made.scheduler.try_keep(Turn("room:1", 1, 1, 0, 0, effects=(b"timers",)), [kept])
        wanted = [kept.due_ms, *(made.due(lapse).due_ms for lapse in lapses)]
        clock.platform_ahead_ms += 10 * HOUR_MS
        made.scheduler.time_moved()
        await asyncio.sleep(9)  # less than the next poll takes
        assert len(made.fired) == 13
        clock.platform_ahead_ms += 10 * HOUR_MS
        made.scheduler.set([made.due(0)])  # in memory at once, and due later than all that is not
        made.scheduler.time_moved()
        await asyncio.sleep(9)
        assert len(made.fired) == len(wanted) + 1
        assert made.order == sorted(made.order)

    play(scenario)


def test_one_that_is_on_its_way_to_the_database_fires_in_its_turn() -> None:
    async def scenario(clock: VirtualClock) -> None:
        store = Slow()
        made = Scheduled(clock, store)
        await made.scheduler.set([made.due(2 * HOUR_MS)])
        made.scheduler.set([made.due(HOUR_MS)])  # nobody waits for it
        clock.platform_ahead_ms += 3 * HOUR_MS
        made.scheduler.time_moved()
        await asyncio.sleep(5)
        assert len(made.fired) == 2
        assert made.order == sorted(made.order)

    play(scenario)


def test_without_a_word_of_the_jump_it_waits_for_the_next_poll() -> None:
    async def scenario(clock: VirtualClock) -> None:
        made = Scheduled(clock, MemoryTimers())
        await asyncio.sleep(1)
        await made.scheduler.set([made.due(HOUR_MS)])
        clock.platform_ahead_ms += 2 * HOUR_MS
        await asyncio.sleep(5)
        assert made.fired == []
        await asyncio.sleep(10)
        assert len(made.fired) == 1

    play(scenario)


class Slow(MemoryTimers):
    """A database that takes its time."""

    @override
    async def put(self, timers: Sequence[Timer]) -> None:
        await asyncio.sleep(0.5)
        await super().put(timers)


def test_entities_of_every_shard_go_by_it_and_their_timers_fire_once_in_their_order() -> None:
    async def scenario(clock: VirtualClock) -> None:
        kind = LedgerKind()
        stores = memory_stores(clock, kind.indexes)
        cluster = LocalCluster(stores, [kind], settings=KernelSettings(linger_ms=0.0), clock=clock, shards=3)
        await cluster.start()
        region = await cluster.region("test")
        rooms = [f"ledger:{number}" for number in range(20)]
        try:
            for room in rooms:
                await written_at(region, room)
            lapses = [HOUR_MS * hour for hour in range(1, 6)]
            for room in rooms:
                for lapse in random.Random(room).sample(lapses, len(lapses)):
                    await region.submit(room, Remind(str(lapse), lapse), by=ANN)
            before_ms = clock.now_ms()
            clock.platform_ahead_ms += 24 * HOUR_MS
            cluster.time_moved()
            await asyncio.sleep(8)
            for room in rooms:
                entries = await KindRuntime(kind, stores).library.after(room, 0, upto=2**53, limit=100)
                fired = [(one.event.secret or b"").decode() for one in entries]
                assert fired[1:] == [str(lapse) for lapse in lapses]
                at_ms = await written_at(region, room)
                assert at_ms >= before_ms + 24 * HOUR_MS
        finally:
            await cluster.stop()

    play(scenario)


async def written_at(region: Region, room: str) -> int:
    """When an entity thinks that it is."""
    reply = await region.submit(room, Write("now"), by=ANN)
    at_ms: int = msgspec.json.decode(reply.data)["at"]
    return at_ms


class Performed:
    """Of an outbox, what it was asked to do again."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def is_at(self, turn: Turn) -> bool:
        return False

    async def perform(self, turns: Sequence[Turn]) -> None:
        self.turns += turns


class NoActivities:
    """Nobody is called."""

    @property
    def file(self) -> "NoActivities":
        """Nothing is put off."""
        return self

    async def look_again(self) -> None:
        """There is nothing to look for."""


def test_a_jump_makes_no_turn_look_forgotten() -> None:
    async def scenario(clock: VirtualClock) -> None:
        journal, outbox = MemoryJournal(), Performed()
        recovery = EffectRecovery(
            journal,
            cast(Outbox, outbox),
            cast(ShardActivities, NoActivities()),
            clock,
            serving=lambda: True,
            partitions=lambda: list(range(256)),
            runtime_of=lambda entity: cast(KindRuntime, object()),
        )
        looking = asyncio.create_task(recovery.look_for_forgotten())
        await asyncio.sleep(25)
        await journal.append([Turn("ledger:1", 1, 1, clock.platform_ms(), 0, effects=(b"letters",))])
        clock.platform_ahead_ms += 24 * HOUR_MS
        by_the_platform = clock.platform_ms() - 60_000
        assert await journal.unsettled(range(256), limit=9, before_ms=by_the_platform)  # so it would look
        await asyncio.sleep(50)
        assert outbox.turns == []
        await asyncio.sleep(60)
        assert [turn.entity for turn in outbox.turns[:1]] == ["ledger:1"]
        looking.cancel()

    play(scenario)


def test_activities_go_by_it() -> None:
    """One that is paused, one that is put off, and one whose deadline it moves beyond."""

    async def scenario(clock: VirtualClock) -> None:
        cluster = LocalCluster(
            memory_stores(clock), [ErrandKind()], settings=KernelSettings(linger_ms=0.0), clock=clock, shards=1
        )
        await cluster.start()
        region = await cluster.region("test")

        async def work(wait_ms: int, *reports: protocol.RunnerReport) -> dict[str, protocol.Offered]:
            request = protocol.WorkRequest(runner="r/1", credits={"email": 9}, wait_ms=wait_ms, reports=list(reports))
            reply = await cluster.workplace("rooms-0").work(protocol.encode(request))
            return {one.payload.decode(): one for one in protocol.decode_work_result(reply).offers}

        try:
            for text, lifetime_ms in (("paused", None), ("put off", None), ("late", HOUR_MS)):
                await region.submit("errand:a", Send(text=text, lifetime_ms=lifetime_ms), by=ANN)
            offers = await work(1000)
            due = {
                "paused": ("retry", clock.platform_ms() + 15_000),
                "put off": ("park", clock.platform_ms() + HOUR_MS),
            }
            reports = [
                protocol.RunnerReport(id=offers[text].id, verdict=verdict, due_ms=due_ms)  # type: ignore[arg-type]  # a word
                for text, (verdict, due_ms) in due.items()
            ]
            await work(
                0,
                *reports,
                protocol.RunnerReport(id=offers["late"].id, verdict="retry", due_ms=offers["late"].deadline_ms),
            )
            assert await work(1000) == {}
            clock.platform_ahead_ms += 2 * HOUR_MS
            cluster.time_moved()
            assert {*await work(5000), *await work(5000)} == {"paused", "put off"}
            heard = await region.submit("errand:a", Recount(), by=ANN)
            assert heard.data == b'[["late|3|0","expired"]]'
        finally:
            await cluster.stop()

    play(scenario)
