"""Shards as Ray actors: the only file of `actors/` that imports Ray. Options, handles, and Ray's errors as ours.

A shard is a named, detached actor that Ray restarts for ever: its state is in the journal, or is told anew by whoever
knows it (a *volatile* shard), so a restart loses nothing. Calls are never retried by Ray, because a call may have run:
only the region, who holds the command ids, repeats.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import ray
from prometheus_client import generate_latest
from ray.exceptions import RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from typing_extensions import override

from actors.kernel.caller.direct import Address, DirectClient, DirectServer
from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient, ShardGone, WorkClient
from actors.kernel.cluster.courier import courier_of
from actors.kernel.cluster.handoff import rebalance
from actors.kernel.cluster.hosting import ClusterSpec, HostedShard
from actors.kernel.contract.activities import ActivityRow
from actors.kernel.contract.partitions import shard_names
from actors.kernel.shard.shard import Shard
from common.errors import Unavailable
from common.lib.collector import calm_collector
from common.logs import get_logger, log_to_file
from common.net.tls import NodeTls
from config.settings import Settings
from store.holders import this_process
from store.platform_time import ProcessClock
from store.ports.maps import PartitionMap, PartitionMaps
from store.ports.stores import Stores

if TYPE_CHECKING:
    from ray.actor import ActorHandle

_log = get_logger(__name__)
NAMESPACE: Final = "carewire"
_OPTIONS: Final[dict[str, Any]] = {
    "namespace": NAMESPACE,
    "lifetime": "detached",
    "get_if_exists": True,
    "max_restarts": -1,
    "max_task_retries": 0,
    "max_concurrency": 1000,
    "num_cpus": 0.05,
    "scheduling_strategy": "SPREAD",
}


H = TypeVar("H", bound=HostedShard)


class _Actor(Generic[H]):
    """An actor. What it hosts starts with the first call to it, in this life and in each after a restart."""

    def __init__(self, name: str, recipe: ClusterSpec) -> None:
        log_process(name, recipe.settings)
        self._name = name
        self._recipe = recipe
        self._starting: asyncio.Task[H] | None = None
        self._address: Address | None = None
        self._door: DirectServer | None = None

    async def start(self) -> dict[str, object]:
        """Start if need be; the shard's stats."""
        return (await self._shard()).stats()

    async def address(self) -> Address:
        """Where regions reach the shard in its present life."""
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

    def _workplace(self, shard: H) -> WorkClient | None:
        """Where runners ask for work; None: there is none here."""
        return None


class VolatileActor(_Actor[HostedShard]):
    """The actor of a shard that keeps nothing in the journal."""

    @override
    async def _make(self, stores: Stores) -> HostedShard:
        return self._recipe.volatile(self._name, stores)


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
        self._time = ProcessClock(stores.platform_time, settable=self._recipe.settings.clock.settable)
        clock = await self._time.start()
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
        return shard


def kinds_to_pools(recipe: ClusterSpec) -> dict[str, str]:
    """Which pool hosts a kind."""
    return {kind: pool for pool, kinds in recipe.pools.items() for kind in kinds}


async def ensure_shards(recipe: ClusterSpec, stores: Stores, *, resize: Mapping[str, int] | None = None) -> list[str]:
    """Make every shard of every pool that is not there yet; and the volatile shards. Idempotent: whoever starts first
    calls it. Which shards a pool has is written down in its partition map: the recipe's number counts where there is
    no map yet, and from then on `resize` (pool -> number of shards) alone changes it. Partitions move while everything
    runs, and shards that are left without any are stopped.

    Returns the shards' names, each started (its lease may still be waited for).
    """
    volatile = [_volatile(name, recipe).start.remote() for name in recipe.volatile_shards]  # beside the others
    control = RemoteControl()
    pools: dict[str, list[str]] = {}
    for pool in recipe.pools:  # all of them first: a shard of one pool writes letters to every other
        present = await stores.maps.read(pool)
        if present is None:
            present = await rebalance(stores.maps, control, pool, shard_names(pool, recipe.shards(pool)))
        pools[pool] = list(present.shards)
    wanted = {pool: shard_names(pool, number) for pool, number in (resize or {}).items()}
    await _start({*chain(*pools.values(), *wanted.values())}, recipe)
    for pool, shards in wanted.items():
        await rebalance(stores.maps, control, pool, shards)
    names = [await _settle(stores, pool, [*pools[pool], *wanted.get(pool, ())]) for pool in recipe.pools]
    await asyncio.gather(*volatile)
    return [*chain(*names), *recipe.volatile_shards]


async def _start(names: Iterable[str], recipe: ClusterSpec) -> None:
    actor: Any = ray.remote(ShardActor)
    nodes = await asyncio.to_thread(_nodes)
    handles = {name: actor.options(name=name, **_placed(name, nodes)).remote(name, recipe) for name in sorted(names)}
    started = await asyncio.gather(*(handle.start.remote() for handle in handles.values()), return_exceptions=True)
    for name, outcome in zip(handles, started, strict=True):
        if isinstance(outcome, RayActorError):  # it was stopped meanwhile, or died and is being restarted
            _log.warning("shard.not_started", shard=name)
        elif isinstance(outcome, BaseException):
            raise outcome


async def _settle(stores: Stores, pool: str, started: Sequence[str]) -> list[str]:
    """Stop the shards that the map gives nothing to by now. Those that stay."""
    present = await stores.maps.read(pool)
    stay = list(present.shards) if present is not None else []
    await stop_shards(sorted(set(started).difference(stay)))
    return stay


async def present_shards(recipe: ClusterSpec, stores: Stores) -> dict[str, list[str]]:
    """The shards of each pool, by the maps in force.

    Raises:
        Unavailable: the database does not answer.
    """
    found = {}
    for pool in recipe.pools:
        present = await stores.maps.read(pool)
        found[pool] = list(present.shards) if present is not None else []
    return found


def _nodes() -> list[str]:
    """The living nodes that take work, in an order that all who ask agree on. Blocking."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call] # Ray's own
    return sorted(node["NodeID"] for node in nodes if node["Alive"] and node["Resources"].get("CPU"))


def _placed(name: str, nodes: Sequence[str]) -> dict[str, Any]:
    """Neighbours in number go to different nodes: Ray's SPREAD is a preference, and may put a whole pool on one. Ray
    still places it elsewhere when that node has died or is full."""
    number = name.rpartition("-")[2]
    if len(nodes) < 2 or not number.isdigit():
        return _OPTIONS
    node = nodes[int(number) % len(nodes)]
    return _OPTIONS | {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=True)}


def _volatile(name: str, recipe: ClusterSpec) -> Any:
    actor: Any = ray.remote(VolatileActor)
    return actor.options(name=name, **_OPTIONS).remote(name, recipe)


def all_shards() -> list[str]:
    """Every shard that runs, whoever made it. Blocking."""
    return [
        str(actor["name"])
        for actor in ray.util.list_named_actors(all_namespaces=True)
        if actor["namespace"] == NAMESPACE
    ]


async def stop_shards(names: Sequence[str], *, timeout_s: float = 5.0) -> None:
    """Stop these shards gracefully, then for good (they are detached, and outlive whoever made them)."""
    for name in names:
        try:
            handle = await asyncio.to_thread(ray.get_actor, name, NAMESPACE)
        except ValueError:
            continue
        try:
            await asyncio.wait_for(handle.stop.remote(), timeout_s)
        except (RayError, TimeoutError):
            _log.warning("shard.not_stopped", shard=name)
        ray.kill(handle, no_restart=True)


def log_process(name: str, settings: Settings) -> None:
    """Let this process of Ray log to `carewire/<name>.log` among the logs of its node."""
    node: Any = ray._private.worker._global_node  # Ray has no public name for the folder; Serve finds it here as well
    log_to_file(Path(node.get_logs_dir_path()) / "carewire" / f"{name}.log", settings.log.level, process=name)


class RemoteControl:
    """Asks shards through Ray to give partitions away and to take them (`handoff.ShardControl`)."""

    async def release(self, shard: str, partitions: Sequence[int]) -> None:
        """See `handoff.ShardControl`."""
        await RemoteShard(shard).release(partitions)

    async def adopt(self, shard: str) -> None:
        """See `handoff.ShardControl`."""
        await RemoteShard(shard).adopt()


def workplace_of(shard: str, tls: NodeTls | None = None) -> WorkClient:
    """Where a runner asks this shard for work, in whatever life. A connection of its own: losing it gives all back."""
    return DirectClient(RemoteShard(shard).address, tls)


def client_of(shard: str, tls: NodeTls | None = None) -> ShardClient:
    """How to call this shard, in whatever life."""
    return DirectClient(RemoteShard(shard).address, tls)


class RemoteDirectory:
    """Finds shards by their names in Ray, and their partitions in the database (`region.ShardDirectory`)."""

    def __init__(self, maps: PartitionMaps, tls: NodeTls | None = None) -> None:
        self._maps = maps
        self._tls = tls

    async def read_map(self, pool: str) -> PartitionMap:
        """See `region.ShardDirectory`."""
        present = await self._maps.read(pool)
        if present is None:
            raise Unavailable("The shards are not set up yet. Please try again in a moment.", pool=pool)
        return present

    def client(self, shard: str) -> ShardClient:
        """See `region.ShardDirectory`."""
        return client_of(shard, self._tls)


class RemoteShard:
    """Asks one shard's actor, through Ray. Not for messages: those go the direct way."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._handle: ActorHandle[Any] | None = None

    async def address(self) -> Address:
        """See `ShardActor.address`."""
        address: Address = await self._call(lambda handle: handle.address.remote())
        return address

    async def stats(self) -> dict[str, object]:
        """See `ShardActor.stats`."""
        stats: dict[str, object] = await self._call(lambda handle: handle.stats.remote())
        return stats

    async def metrics(self) -> bytes:
        """See `ShardActor.metrics`."""
        return bytes(await self._call(lambda handle: handle.metrics.remote()))

    async def release(self, partitions: Sequence[int]) -> None:
        """See `Shard.release`."""
        await self._call(lambda handle: handle.release.remote(list(partitions)))

    async def adopt(self) -> None:
        """See `Shard.adopt`."""
        await self._call(lambda handle: handle.adopt.remote())

    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """See `Shard.activities`."""
        rows: list[ActivityRow] = await self._call(lambda handle: handle.activities.remote(connector, after, limit))
        return rows

    async def retry_activity(self, id_: bytes) -> ActivityRow | None:
        """See `Shard.retry_activity`."""
        row: ActivityRow | None = await self._call(lambda handle: handle.retry_activity.remote(id_))
        return row

    async def drop_activity(self, id_: bytes) -> ActivityRow | None:
        """See `Shard.drop_activity`."""
        row: ActivityRow | None = await self._call(lambda handle: handle.drop_activity.remote(id_))
        return row

    async def _call(self, method: Callable[[Any], Awaitable[Any]]) -> Any:
        try:
            if self._handle is None:  # asks the control plane, so not on the event loop
                self._handle = await asyncio.to_thread(ray.get_actor, self._name, NAMESPACE)
            return await method(self._handle)
        except (RayError, ValueError) as error:
            if not isinstance(error, ray.exceptions.ActorUnavailableError):
                self._handle = None
            raise ShardGone(type(error).__name__) from error
