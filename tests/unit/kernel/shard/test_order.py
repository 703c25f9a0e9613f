"""What one caller sends to an entity without waiting is carried out in that order, also while the entity moves."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient, ShardGone
from actors.kernel.contract.entity import Principal
from actors.kernel.shard.shard import Shard
from store.ports.maps import PartitionMap
from tests.simulation.loop import run
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import Write

SEEDS = range(12)
LEDGERS = [f"ledger:{number}" for number in range(8)]
ANN = Principal("ann")
WRITES = 400
EVERY_S = 0.002
MOVES = 6
APART_S = 0.1  # from one move to the next
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
    """Somebody writes to ledgers that move to and fro between two shards, which look at the map when they find time.
    The map of another pool, `zoo`, takes long to read."""

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

    @override
    async def read_map(self, pool: str) -> PartitionMap:
        if pool != "zoo":
            return await super().read_map(pool)
        await asyncio.sleep(self.random.uniform(0, SLOWEST_S))
        return PartitionMap("zoo", 1, ("zoo-0",))

    async def disorder(self) -> list[str]:
        """The ledgers in which something was overtaken."""
        await self.start(shards=2)
        pools = {"ledger": "rooms", "animal": "zoo"}
        region = Region("gateway", self, pools, settings=self.settings, clock=self.clock)
        await region.start()
        moving = asyncio.create_task(self._move())
        versions = await self._write(region)
        await moving
        return [ledger for ledger, found in versions.items() if found != sorted(found)]

    async def _move(self) -> None:
        for number in range(MOVES):
            await self.scale(1 + number % 2)
            await asyncio.sleep(APART_S)

    async def _write(self, region: Region) -> dict[str, list[int]]:
        """Every ledger's versions, in the order of sending."""
        sent: dict[str, list[asyncio.Task[int]]] = {ledger: [] for ledger in LEDGERS}
        for number in range(WRITES):
            ledger = LEDGERS[number % 3 if number % 2 else number % len(LEDGERS)]
            sent[ledger].append(asyncio.create_task(self._version(region, ledger, number)))
            await asyncio.sleep(EVERY_S)
        return {ledger: [await task for task in tasks] for ledger, tasks in sent.items()}

    async def _version(self, region: Region, ledger: str, number: int) -> int:
        leisure_s = number % 3 * 0.004  # some wait for company
        write = region.submit(ledger, Write(f"{number}"), by=ANN, command_id=f"{number}", leisure_s=leisure_s)
        return (await write).version


def disorder(seed: int) -> list[str]:
    world = Moving(seed)
    return run(world.loop, world.disorder())


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_overtaken_while_partitions_move(seed: int) -> None:
    assert disorder(seed) == []


def test_where_a_shard_sends_back_what_it_has_not_looked_up_later_ones_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(Shard, "_catch_up", nothing)
    assert any(disorder(seed) for seed in SEEDS)


def test_where_maps_are_taken_one_by_one_later_ones_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def one_by_one(region: Region) -> None:
        for pool in sorted(set(region._pools.values())):
            region._maps[pool] = await region._directory.read_map(pool)

    monkeypatch.setattr(Region, "_read_maps", one_by_one)
    assert any(disorder(seed) for seed in SEEDS)
