"""A cluster in one process: shards and regions joined directly, without Ray. For tests, benchmarks and tools."""

from collections.abc import Callable, Sequence
from typing import Final

from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient, ShardGone, WorkClient
from actors.kernel.cluster.courier import courier_of
from actors.kernel.cluster.handoff import rebalance
from actors.kernel.contract import protocol
from actors.kernel.contract.entity import AnyKind
from actors.kernel.contract.partitions import shard_names
from actors.kernel.contract.reactions import AnyReaction
from actors.kernel.shard.shard import Shard
from common.clock import Clock
from common.errors import Unavailable
from config.settings import ActivitySettings, KernelSettings
from store.ports.leases import Holder
from store.ports.maps import PartitionMap
from store.ports.stores import Stores

_KEEP_S: Final = ActivitySettings().keep_s


class LocalCluster:
    """Shards `<pool>-0` ... over the given stores, and regions that reach them by plain calls."""

    def __init__(
        self,
        stores: Stores,
        kinds: Sequence[AnyKind],
        *,
        settings: KernelSettings,
        clock: Clock,
        pool: str = "rooms",
        shards: int = 2,
        keep_s: float = _KEEP_S,
        reactions: Sequence[AnyReaction] = (),
    ) -> None:
        self._stores = stores
        self._reactions = reactions
        self._kinds = kinds
        self._settings = settings
        self._clock = clock
        self._pool = pool
        self._count = shards
        self._keep_s = keep_s
        self.pools = {kind.name: pool for kind in kinds}
        self.shards: dict[str, Shard] = {}
        self._courier_region: Region | None = None
        self._regions: list[Region] = []

    async def start(self) -> None:
        """Start every shard."""
        names = shard_names(self._pool, self._count)
        await rebalance(self._stores.maps, self, self._pool, names)
        self._courier_region = await self.region("courier")
        for name in names:
            await self.start_shard(name)

    async def start_shard(self, name: str, *, life: str = "1") -> Shard:
        """Start one shard, a new life of it if it had one."""
        assert self._courier_region is not None
        shard = Shard(
            name,
            self._kinds,
            self._stores,
            settings=self._settings,
            clock=self._clock,
            holder=Holder(f"{name}/{life}", "local", 0, 0),
            courier=courier_of(self._courier_region),
            keep_s=self._keep_s,
            reactions=self._reactions,
        )
        self.shards[name] = shard
        await shard.start()
        return shard

    async def scale(self, shards: int) -> None:
        """Change the number of shards while everything runs."""
        wanted = shard_names(self._pool, shards)
        for name in wanted:
            if name not in self.shards:
                await self.start_shard(name)
        await rebalance(self._stores.maps, self, self._pool, wanted)
        for name in self.shards.keys() - set(wanted):
            await self.shards.pop(name).stop()

    def time_moved(self) -> None:
        """The platform's time has jumped: every shard is told."""
        for shard in self.shards.values():
            shard.time_moved()

    async def release(self, shard: str, partitions: Sequence[int]) -> None:
        """See `handoff.ShardControl`."""
        if shard not in self.shards:
            raise ShardGone(shard)
        await self.shards[shard].release(partitions)

    async def adopt(self, shard: str) -> None:
        """See `handoff.ShardControl`."""
        if shard not in self.shards:
            raise ShardGone(shard)
        await self.shards[shard].adopt()

    async def region(
        self, name: str, on_deliveries: Callable[[list[protocol.TopicDelivery]], None] | None = None
    ) -> Region:
        """A region of this cluster, started."""
        region = Region(
            name,
            self,
            self.pools,
            settings=self._settings,
            clock=self._clock,
            on_deliveries=on_deliveries,
        )
        await region.start()
        self._regions.append(region)
        return region

    async def stop(self) -> None:
        """Stop regions and shards."""
        for shard in self.shards.values():
            await shard.stop()
        for region in self._regions:
            await region.close()

    async def read_map(self, pool: str) -> PartitionMap:
        """See `region.ShardDirectory`."""
        present = await self._stores.maps.read(pool)
        if present is None:
            raise Unavailable("The shards are not set up yet.")
        return present

    def client(self, shard: str) -> ShardClient:
        """See `region.ShardDirectory`."""
        return _Direct(self, shard)

    def workplace(self, shard: str) -> WorkClient:
        """The address at which a runner asks a shard for work."""
        return _Direct(self, shard)


class _Direct:
    """Calls whichever life of the shard is the present one."""

    def __init__(self, cluster: LocalCluster, name: str) -> None:
        self._cluster = cluster
        self._name = name

    async def subscribe(self, request: bytes) -> bytes:
        return await self._cluster.shards[self._name].subscribe(request)

    async def submit(self, request: bytes) -> bytes:
        return await self._cluster.shards[self._name].submit(request)

    async def fetch(self, request: bytes) -> bytes:
        return await self._cluster.shards[self._name].fetch(request)

    async def work(self, request: bytes) -> bytes:
        return await self._cluster.shards[self._name].work(request)
