"""What a shard is told of its lease and its partitions. In virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actors.kernel.shard.ownership import Ownership, Tenancy
from store.memory import memory_stores
from store.ports.leases import Holder
from store.ports.maps import PartitionMap
from store.ports.stores import Stores
from tests.simulation.loop import VirtualClock, VirtualLoop, run


class Slow:
    """Leases in a database that takes its time to renew them."""

    def __init__(self, leases: Any) -> None:
        self._leases = leases
        self.renewal_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._leases, name)

    async def renew(self, lease: Any) -> bool:
        await asyncio.sleep(self.renewal_s)
        renewed: bool = await self._leases.renew(lease)
        return renewed


class Late:
    """Maps in a database that answers one look, asked for `late`, after those that came later."""

    def __init__(self, maps: Any) -> None:
        self._maps = maps
        self.late_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._maps, name)

    async def read(self, pool: str) -> PartitionMap | None:
        late_s, self.late_s = self.late_s, 0.0
        found: PartitionMap | None = await self._maps.read(pool)
        await asyncio.sleep(late_s)
        return found


class Heard:
    """A tenant that notes what it is told."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def lease_gained(self) -> None:
        self._words.append("gain")

    def lease_lost(self) -> None:
        self._words.append("loss")

    def partitions_gone(self, partitions: frozenset[int]) -> None:
        self._words.append(f"gone {sorted(partitions)}")


def told(
    scenario: Callable[[Ownership, Slow, Stores], Any], maps: Callable[[Any], Any] = lambda sound: sound
) -> list[str]:
    """What is said to a shard that owns two partitions, in order."""
    loop = VirtualLoop()
    clock = VirtualClock(loop)
    sound = memory_stores(clock, [])
    leases, stores = Slow(sound.leases), replace(sound, maps=maps(sound.maps))
    words: list[str] = []

    async def main() -> None:
        await sound.maps.write(PartitionMap("rooms", 1, ("rooms-0", "rooms-0")))
        ownership = Ownership(
            replace(stores, leases=leases),
            clock,
            Tenancy(
                name="rooms-0",
                pool="rooms",
                holder=Holder("rooms-0/1", "node", 1, 1),
                lease_s=6.0,
                renewal_s=2.0,
            ),
            Heard(words),
        )
        running = asyncio.create_task(ownership.run())
        await asyncio.sleep(1)
        await scenario(ownership, leases, stores)
        running.cancel()

    run(loop, main(), limit_s=120)
    return words


def test_a_lease_that_lapsed_and_is_renewed_after_all_is_gained_anew() -> None:
    async def scenario(ownership: Ownership, leases: Slow, sound: Stores) -> None:
        leases.renewal_s = 7.0
        await asyncio.sleep(8)
        assert not ownership.serving
        leases.renewal_s = 0.0
        await asyncio.sleep(4)
        assert ownership.serving

    assert told(scenario)[-2:] == ["loss", "gain"]


def test_partitions_that_were_to_be_handed_off_and_stay_are_gained_anew() -> None:
    async def scenario(ownership: Ownership, leases: Slow, sound: Stores) -> None:
        ownership.withhold([1], 3.0)
        assert ownership.partitions == {0}
        await asyncio.sleep(6)
        assert ownership.partitions == {0, 1}

    assert told(scenario) == ["gain", "gain"]


def test_a_map_that_comes_late_does_not_undo_a_newer_one() -> None:
    async def scenario(ownership: Ownership, leases: Slow, stores: Stores) -> None:
        late: Any = stores.maps
        late.late_s = 1.0
        old = asyncio.create_task(ownership.read_map())
        await asyncio.sleep(0.1)
        await stores.maps.write(PartitionMap("rooms", 2, ("rooms-0", "rooms-1")))
        await ownership.read_map()
        assert ownership.partitions == {0}
        await old
        assert ownership.partitions == {0}

    assert told(scenario, Late) == ["gain", "gone [1]"]
