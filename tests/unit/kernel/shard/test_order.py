"""What one caller sends to an entity without waiting is carried out in that order, also while the entity moves."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient, ShardGone
from actors.kernel.contract.entity import Principal
from actors.kernel.shard.shard import Shard
from actors.kernel.shard.topics.subscriber import Subscriber
from tests.simulation.loop import run
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import Write

SEEDS = range(12)
LEDGERS = [f"ledger:{number}" for number in range(8)]
ANN = Principal("ann")
WRITES = 400
EVERY_S = 0.002
MOVES = 6
SLOWEST_S = 0.04  # to look at a new map


class Hasty:
    """A shard over a network that takes its time, and a different one each time."""

    def __init__(self, world: "Moving", shard: str) -> None:
        self._world, self._shard = world, shard

    async def subscribe(self, request: bytes) -> bytes:
        return await self._present.subscribe(request)

    async def submit(self, request: bytes) -> bytes:
        await asyncio.sleep(self._world.random.uniform(0, 0.002))
        return await self._present.submit(request)

    async def fetch(self, request: bytes) -> bytes:
        result = await self._present.fetch(request)
        await asyncio.sleep(self._world.random.uniform(0, 0.01))
        return result

    @property
    def _present(self) -> Shard:
        if self._shard not in self._world.shards:
            raise ShardGone(self._shard)
        return self._world.shards[self._shard]


class Moving(World):
    """Somebody writes to ledgers that move to and fro between two shards, which look at the map when they find time."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, rate=0.0, settings=SETTINGS.model_copy(update={"max_batch_bytes": 400}))

    @override
    def client(self, shard: str) -> ShardClient:
        return Hasty(self, shard)

    @override
    async def release(self, shard: str, partitions: Sequence[int]) -> None:
        await self.shards[shard].release(partitions)

    @override
    async def adopt(self, shard: str) -> None:
        await asyncio.sleep(self.random.uniform(0, SLOWEST_S))
        await self.shards[shard].adopt()

    async def disorder(self) -> list[str]:
        """The ledgers in which something was overtaken."""
        await self.start(shards=2)
        region = Region("gateway", self, {"ledger": "rooms"}, settings=self.settings, clock=self.clock)
        await region.start()
        moving = asyncio.create_task(self._move())
        versions = await self._write(region)
        await moving
        return [ledger for ledger, found in versions.items() if found != sorted(found)]

    async def _move(self) -> None:
        for number in range(MOVES):
            await self.scale(1 + number % 2)

    async def _write(self, region: Region) -> dict[str, list[int]]:
        """Every ledger's versions, in the order of sending."""
        sent: dict[str, list[asyncio.Task[int]]] = {ledger: [] for ledger in LEDGERS}
        for number in range(WRITES):
            ledger = LEDGERS[number % 3 if number % 2 else number % len(LEDGERS)]
            sent[ledger].append(asyncio.create_task(self._version(region, ledger, number)))
            await asyncio.sleep(EVERY_S)
        return {ledger: [await task for task in tasks] for ledger, tasks in sent.items()}

    async def _version(self, region: Region, ledger: str, number: int) -> int:
        return (await region.submit(ledger, Write(f"{number}"), by=ANN, command_id=f"{number}")).version


def disorder(seed: int) -> list[str]:
    world = Moving(seed)
    return run(world.loop, world.disorder())


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_overtaken_while_partitions_move(seed: int) -> None:
    assert disorder(seed) == []


def test_without_the_shards_memory_of_what_it_bounced_later_ones_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subscriber, "overtakes", lambda *_: False)
    assert any(disorder(seed) for seed in SEEDS)


def test_without_the_callers_memory_of_what_went_astray_later_ones_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Region, "_astray", lambda _: set[str]())
    assert any(disorder(seed) for seed in SEEDS)
