"""Moving partitions between the shards of a running pool: none lost, none reordered, a short pause each.

The old owner stops to serve a partition and finishes what is under way; then the map changes, by compare-and-swap in
the database; then the new owner looks at the map. Callers are bounced meanwhile and follow the map. Should the mover
die in between, the old owner takes its partitions back after a few seconds, because the map still says so. The fence
has the last word in any case.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from actors.kernel.caller.shard_client import ShardGone
from actors.kernel.contract.partitions import spread
from common.logs import get_logger
from store.ports.maps import PartitionMap, PartitionMaps

_log = get_logger(__name__)
_AT_ONCE: Final = 32  # partitions a step: they pause together


class ShardControl(Protocol):
    """The control of a shard during a handoff. Each method raises `ShardGone` when the shard cannot be reached."""

    async def release(self, shard: str, partitions: Sequence[int]) -> None:
        """See `Shard.release`."""
        ...

    async def adopt(self, shard: str) -> None:
        """See `Shard.adopt`."""
        ...


async def rebalance(maps: PartitionMaps, control: ShardControl, pool: str, shards: Sequence[str]) -> PartitionMap:
    """Spread the pool's partitions evenly over these shards, moving as few as can be. The map in force afterwards.

    Run by one at a time (the map's compare-and-swap makes a second one stop). Raises `Unavailable` when the database
    does not answer; what was moved until then stays moved.
    """
    present = await maps.read(pool)
    if present is None:
        return await maps.write(spread(pool, shards, 1))
    for partitions, new in steps(present, shards):
        _log.info("partitions.moving", pool=pool, partitions=len(partitions), to=new)
        for old in sorted({present.owners[number] for number in partitions}):
            theirs = [number for number in partitions if present.owners[number] == old]
            try:
                await control.release(old, theirs)
            except ShardGone:
                _log.warning("partitions.owner_gone", shard=old)  # its lease runs out, and the fence holds
        owners = tuple(new if number in partitions else owner for number, owner in enumerate(present.owners))
        wanted = PartitionMap(pool, present.epoch + 1, owners)
        present = await maps.write(wanted)
        if present != wanted:
            return present  # somebody else moves partitions
        try:
            await control.adopt(new)
        except ShardGone:
            _log.warning("partitions.heir_gone", shard=new)  # it reads the map when it comes back
    return present


def steps(present: PartitionMap, shards: Sequence[str]) -> Iterator[tuple[frozenset[int], str]]:
    """(partitions, new owner) of each step towards an even spread; a partition moves at most once."""
    held = Counter(owner for owner in present.owners if owner in shards)
    least, rest = divmod(len(present.owners), len(shards))
    by_need = sorted(shards, key=lambda shard: -held[shard])
    quota = {shard: least + (place < rest) for place, shard in enumerate(by_need)}
    kept: Counter[str] = Counter()
    homeless = []
    for number, owner in enumerate(present.owners):
        if owner in quota and kept[owner] < quota[owner]:
            kept[owner] += 1
        else:
            homeless.append(number)
    for shard in shards:
        wanted = quota[shard] - kept[shard]
        mine, homeless = homeless[:wanted], homeless[wanted:]
        for start in range(0, len(mine), _AT_ONCE):
            yield frozenset(mine[start : start + _AT_ONCE]), shard
