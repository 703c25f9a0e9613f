"""What has leisure waits for company, and holds nothing up that has none."""

import asyncio

from typing_extensions import override

from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient
from actors.kernel.contract import protocol
from actors.kernel.contract.entity import Principal
from tests.simulation.loop import run
from tests.simulation.world import World
from tests.unit.kernel.ledger import Write

ANN = Principal("ann")


class Counting:
    """A shard that notes how many commands travelled together."""

    def __init__(self, shard: ShardClient, together: list[int]) -> None:
        self._shard, self._together = shard, together
        self.subscribe, self.fetch = shard.subscribe, shard.fetch

    async def submit(self, request: bytes) -> bytes:
        self._together.append(len(protocol.decode_batch(request).items))
        return await self._shard.submit(request)


class Counted(World):
    def __init__(self) -> None:
        super().__init__(7, rate=0.0)
        self.together: list[int] = []

    @override
    def client(self, shard: str) -> ShardClient:
        return Counting(super().client(shard), self.together)

    async def sent(self, *leisure_s: float) -> tuple[list[int], float]:
        """Commands of this leisure, one each millisecond: how many travelled together, and how long all took."""
        await self.start(shards=1)
        region = Region("gateway", self, {"ledger": "rooms"}, settings=self.settings, clock=self.clock)
        await region.start()
        await region.submit("ledger:first", Write("first"), by=ANN)
        self.together.clear()
        await asyncio.sleep(1)
        began_s, asked = self.clock.monotonic_s(), []
        for number, one in enumerate(leisure_s):
            write = region.submit(f"ledger:{number}", Write(f"{number}"), by=ANN, leisure_s=one)
            asked.append(asyncio.create_task(write))
            await asyncio.sleep(0.001)
        await asyncio.gather(*asked)
        await region.close()
        return self.together, self.clock.monotonic_s() - began_s


def sent(*leisure_s: float) -> tuple[list[int], float]:
    world = Counted()
    return run(world.loop, world.sent(*leisure_s))


def test_what_has_leisure_travels_together() -> None:
    together, took_s = sent(*[0.05] * 8)
    assert together == [8]
    assert took_s < 0.1


def test_what_has_none_takes_those_before_it_along_at_once() -> None:
    together, took_s = sent(0.05, 0.05, 0.0)
    assert sum(together) == 3
    assert together[0] >= 3
    assert took_s < 0.05


def test_without_leisure_they_travel_apart() -> None:
    assert len(sent(*[0.0] * 8)[0]) > 2
