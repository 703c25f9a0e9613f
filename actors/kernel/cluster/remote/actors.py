"""The Ray actor of a shard. Its first call starts it, in each of its lives."""

import asyncio
import os
import socket
from collections.abc import Sequence
from typing import Generic, TypeVar

import ray
from prometheus_client import generate_latest
from typing_extensions import override

from actors.kernel.caller.direct import DirectServer, ShardAddress
from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import WorkClient
from actors.kernel.cluster.courier import courier_of
from actors.kernel.cluster.hosting import ClusterSpec, HostedShard, kinds_to_pools
from actors.kernel.cluster.remote.calls import RemoteDirectory
from actors.kernel.cluster.remote.processes import log_process
from actors.kernel.contract.activities import ActivityRow
from actors.kernel.shard.shard import Shard
from common.clock import Clock
from common.lib.collector import calm_collector
from store.holders import this_process
from store.platform_time import ProcessClock
from store.ports.stores import Stores

H = TypeVar("H", bound=HostedShard)


class _Actor(Generic[H]):
    """An actor. What it hosts starts with the first call to it, in this life and in each after a restart."""

    def __init__(self, name: str, recipe: ClusterSpec) -> None:
        log_process(name, recipe.settings)
        self._name = name
        self._recipe = recipe
        self._starting: asyncio.Task[H] | None = None
        self._address: ShardAddress | None = None
        self._door: DirectServer | None = None

    async def start(self) -> dict[str, object]:
        """Start if need be; the shard's stats."""
        return (await self._shard()).stats()

    async def address(self) -> ShardAddress:
        """The address of the shard in its present life, for regions."""
        await self._shard()
        assert self._address is not None
        return self._address

    async def stats(self) -> dict[str, object]:
        """See `Shard.stats`, and where the shard runs."""
        return {**(await self._shard()).stats(), "pid": os.getpid(), "node": socket.gethostname()}

    async def metrics(self) -> bytes:
        """The shard's metrics in the Prometheus text format."""
        shard = await self._shard()
        shard.metrics.levels(shard.stats())
        return generate_latest(shard.metrics.registry)

    async def stop(self) -> None:
        """Finish the turn in flight and give the lease up."""
        if self._starting is not None:
            await (await self._starting).stop()
        if self._door is not None:
            await self._door.close()

    async def _shard(self) -> H:
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.get_running_loop().create_task(self._start())
        return await asyncio.shield(self._starting)

    async def _start(self) -> H:
        shard = await self._make(await self._recipe.open())
        await shard.start()
        alone = self._recipe.settings.ray.address is None
        host = "127.0.0.1" if alone else ray.util.get_node_ip_address()  # type: ignore[no-untyped-call] # Ray's own
        tls = self._recipe.settings.cluster.node_tls()
        self._door = DirectServer(shard, self._name, tls, workplace=self._workplace(shard))
        self._address = await self._door.start(host, self._recipe.settings.cluster.port_range)
        calm_collector()
        return shard

    async def _make(self, stores: Stores) -> H:
        raise NotImplementedError

    async def _clock(self, stores: Stores) -> Clock:
        """The platform's time, in this process."""
        self._time = ProcessClock(stores.platform_time, settable=self._recipe.settings.clock.settable)
        return await self._time.start()

    def _workplace(self, shard: H) -> WorkClient | None:
        """The address at which runners ask for work; None: there is none here."""
        return None


class VolatileActor(_Actor[HostedShard]):
    """The actor of a shard that keeps nothing in the journal."""

    @override
    async def _make(self, stores: Stores) -> HostedShard:
        return self._recipe.volatile(self._name, stores, await self._clock(stores))


class ShardActor(_Actor[Shard]):
    """The actor of a shard of entities."""

    async def release(self, partitions: Sequence[int]) -> None:
        """See `Shard.release`."""
        await (await self._shard()).release(partitions)

    async def adopt(self) -> None:
        """See `Shard.adopt`."""
        await (await self._shard()).adopt()

    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """See `Shard.activities`."""
        return await (await self._shard()).activities(connector, after, limit)

    async def retry_activity(self, id_: bytes) -> ActivityRow | None:
        """See `Shard.retry_activity`."""
        return await (await self._shard()).retry_activity(id_)

    async def drop_activity(self, id_: bytes) -> ActivityRow | None:
        """See `Shard.drop_activity`."""
        return await (await self._shard()).drop_activity(id_)

    @override
    def _workplace(self, shard: Shard) -> WorkClient:
        return shard

    @override
    async def _make(self, stores: Stores) -> Shard:
        clock = await self._clock(stores)
        region = Region(
            f"{self._name}-letters",
            RemoteDirectory(stores.maps, self._recipe.settings.cluster.node_tls()),
            kinds_to_pools(self._recipe),
            settings=self._recipe.settings.kernel,
            clock=clock,
            metrics=RegionMetrics(),
        )
        await region.start()
        pool = self._name.rpartition("-")[0]
        shard = Shard(
            self._name,
            self._recipe.kinds(pool),
            stores,
            settings=self._recipe.settings.kernel,
            clock=clock,
            holder=this_process(),
            courier=courier_of(region),
            keep_s=self._recipe.settings.activities.keep_s,
            reactions=self._recipe.reactions(pool),
        )
        self._time.on_move(shard.time_moved)
        if (beside := await self._recipe.attended(pool, stores)) is not None:
            self._beside = asyncio.create_task(beside)
        return shard
