import asyncio

import pytest

from store.ports.maps import PartitionMap, PartitionMaps
from store.ports.stores import Stores
from tests.contract.conftest import Backend


@pytest.fixture
def maps(stores: Stores) -> PartitionMaps:
    return stores.maps


def a_map(epoch: int, *owners: str) -> PartitionMap:
    return PartitionMap("rooms", epoch, owners or ("rooms-0", "rooms-1"))


async def test_there_is_no_map_before_the_first(maps: PartitionMaps) -> None:
    assert await maps.read("rooms") is None
    with pytest.raises(ValueError, match="epoch 1"):
        await maps.write(a_map(2))
    assert await maps.read("rooms") is None


async def test_a_map_follows_the_one_before(maps: PartitionMaps) -> None:
    assert await maps.write(a_map(1)) == a_map(1)
    assert await maps.write(a_map(2, "rooms-0")) == a_map(2, "rooms-0")
    assert await maps.read("rooms") == a_map(2, "rooms-0")
    assert await maps.read("calendars") is None


@pytest.mark.parametrize("epoch", [1, 2, 4])
async def test_a_map_of_the_wrong_epoch_changes_nothing(maps: PartitionMaps, epoch: int) -> None:
    await maps.write(a_map(1))
    await maps.write(a_map(2))
    assert await maps.write(a_map(epoch, "other")) == a_map(2)
    assert await maps.read("rooms") == a_map(2)


async def test_of_two_who_change_a_map_one_learns_that_it_lost(backend: Backend) -> None:
    first, second = backend.process().maps, backend.process().maps
    for epoch in range(1, 21):
        ours, theirs = a_map(epoch, "a"), a_map(epoch, "b")
        results = await asyncio.gather(first.write(ours), second.write(theirs))
        assert results[0] == results[1] == await first.read("rooms")
