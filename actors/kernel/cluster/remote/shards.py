"""The shards of a cluster: made, placed, listed and stopped."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import ray
from ray.exceptions import RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.kernel.cluster.handoff import rebalance
from actors.kernel.cluster.hosting import ClusterSpec
from actors.kernel.cluster.remote.actors import ShardActor, VolatileActor
from actors.kernel.cluster.remote.calls import NAMESPACE, RemoteControl
from actors.kernel.contract.partitions import shard_names
from common.logs import get_logger
from store.ports.stores import Stores

_log = get_logger(__name__)
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
