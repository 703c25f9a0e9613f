"""Partition maps in memory."""

from store.ports.maps import PartitionMap


class MemoryPartitionMaps:
    """The maps of all pools in a dictionary."""

    def __init__(self) -> None:
        self._maps: dict[str, PartitionMap] = {}

    async def read(self, pool: str) -> PartitionMap | None:
        return self._maps.get(pool)

    async def write(self, new: PartitionMap) -> PartitionMap:
        old = self._maps.get(new.pool)
        if (old.epoch if old is not None else 0) == new.epoch - 1:
            self._maps[new.pool] = new
        elif old is None:
            raise ValueError("the first map of a pool has epoch 1")
        return self._maps[new.pool]
