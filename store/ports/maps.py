"""Partition maps: which shard owns which partition of a pool."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PartitionMap:
    """Which shard of a pool owns which partition: `owners[p]` is a shard's name. `epoch` grows with each change."""

    pool: str
    epoch: int
    owners: tuple[str, ...]

    @property
    def shards(self) -> tuple[str, ...]:
        """Those that own any."""
        return tuple(sorted(set(self.owners), key=lambda name: (len(name), name)))


class PartitionMaps(Protocol):
    """The maps of all pools, in the database. Raises `Unavailable` when it does not answer in time."""

    async def read(self, pool: str) -> PartitionMap | None:
        """The map of this pool, if it was ever made."""

    async def write(self, new: PartitionMap) -> PartitionMap:
        """Replace the map if its epoch is `new.epoch - 1` (or create it at epoch 1). The one in force afterwards:
        the caller lost a race when that is not `new`."""
