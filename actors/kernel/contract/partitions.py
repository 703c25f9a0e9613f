"""Which partition an entity belongs to. The hash is stable: it is written down in the partition map for good."""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from store.ports.maps import PartitionMap

PARTITIONS: Final = 256


def partition_of(entity_id: str) -> int:
    """0..255, the same in every process and version (CRC-32 of the id, ISO 3309)."""
    return crc32(entity_id.encode()) & (PARTITIONS - 1)


def shard_names(pool: str, count: int) -> list[str]:
    """`rooms-0`, `rooms-1`, ..."""
    return [f"{pool}-{number}" for number in range(count)]


def spread(pool: str, shards: Sequence[str], epoch: int) -> PartitionMap:
    """A map that gives each of these shards an equal share."""
    return PartitionMap(pool, epoch, tuple(shards[partition % len(shards)] for partition in range(PARTITIONS)))
