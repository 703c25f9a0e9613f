"""Timers whose command meets a bug: tried again, and in the end kept where operators see them. In virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from actors.kernel.contract.entity import Context, Decision, Principal
from actors.kernel.contract.partitions import partition_of
from actors.kernel.effects.postman import LETTERS
from actors.kernel.history.codec import Codec
from store.ports.activities import ActivityRecord
from store.ports.timers import Timer
from tests.simulation.loop import run
from tests.simulation.world import World
from tests.unit.kernel.ledger import Ledger, LedgerKind, Remind, Write, Written

ANN = Principal("ann")
LEDGER = "ledger:a"


class Buggy(LedgerKind):
    """Ledgers that cannot be written to, for as long as `is_broken`."""

    is_broken = True

    def __init__(self) -> None:
        self.tried_at: set[int] = set()

    @override
    def create(self, key: str) -> Ledger:
        return BuggyLedger(key, kind=self)

    @override
    def restore(self, key: str, state: bytes) -> Ledger:
        kept = super().restore(key, state)
        return BuggyLedger(key, kept.entries, kept.marks, kept.authors, kind=self)


@dataclass
class BuggyLedger(Ledger):
    """See `Buggy`."""

    kind: Buggy = field(default_factory=Buggy)

    @override
    def decide(self, command: Any, context: Context, version: int) -> Decision:
        if isinstance(command, Write):
            self.kind.tried_at.add(context.now_ms)
            if self.kind.is_broken:
                raise ZeroDivisionError("a bug")
        return super().decide(command, context, version)


def played(scenario: Callable[[World, Buggy], Awaitable[None]]) -> None:
    kind = Buggy()
    world = World(1, rate=0.0, kinds=(kind,))

    async def main() -> None:
        await world.start(shards=1)
        await world.region("g1")
        await scenario(world, kind)

    run(world.loop, main(), limit_s=10_000)


async def written(world: World) -> int:
    recorded = await Codec(LedgerKind(), world.sound.vault).opened(
        LEDGER, await world.sound.journal.turns(LEDGER, after=0, limit=100)
    )
    return sum(isinstance(one.event, Written) for one in recorded)


async def dead(world: World) -> list[ActivityRecord]:
    return list(await world.sound.activities.page(connector=LETTERS, state="dead", limit=10))


async def owed(world: World) -> bool:
    return bool(
        await world.sound.journal.unsettled(range(256), limit=5)
        or await world.sound.timers.due(range(256), before_ms=2**60, limit=5)
    )


def test_one_that_meets_a_bug_is_fired_again_and_does_its_work_once_it_can() -> None:
    for after_ms in (100, 60_000):  # kept by its turn, and with a document of its own

        async def scenario(world: World, kind: Buggy, after_ms: int = after_ms) -> None:
            await world.regions["g1"].submit(LEDGER, Remind("later", after_ms), by=ANN)
            await asyncio.sleep(after_ms / 1000 + 5)
            assert len(kind.tried_at) == 2
            kind.is_broken = False
            await asyncio.sleep(30)
            assert (await written(world), len(kind.tried_at)) == (1, 3)
            assert not await owed(world)
            assert await dead(world) == []

        played(scenario)


def test_one_that_always_meets_it_is_dead_and_an_operator_has_it_tried_once_more() -> None:
    async def scenario(world: World, kind: Buggy) -> None:
        await world.regions["g1"].submit(LEDGER, Remind("later", 100), by=ANN)
        await asyncio.sleep(600)
        assert len(kind.tried_at) == 5
        [row] = await dead(world)
        assert (row.entity, row.code, row.message) == (LEDGER, "internal", "A timer of ledger.")
        assert not await owed(world)
        shard = world.shards["rooms-0"]
        await shard.retry_activity(row.id)
        await asyncio.sleep(30)
        assert len(kind.tried_at) == 6
        assert [again.attempts for again in await dead(world)] == [2]
        kind.is_broken = False
        await shard.retry_activity(row.id)
        await asyncio.sleep(30)
        assert await written(world) == 1
        assert await dead(world) == []

    played(scenario)


def test_one_that_cannot_be_read_is_dead_at_once() -> None:
    async def scenario(world: World, kind: Buggy) -> None:
        strange = Timer("t", LEDGER, partition_of(LEDGER), world.clock.platform_ms(), b"\xc1")
        await world.sound.timers.put([strange])
        await asyncio.sleep(30)
        [row] = await dead(world)
        assert (row.entity, row.code) == (LEDGER, "internal")
        assert not await owed(world)

    played(scenario)
