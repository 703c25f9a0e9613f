"""Calls of shards through Ray. Not for messages: those go the direct way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import ray
from ray.exceptions import RayError

from actors.kernel.caller.direct import DirectClient, ShardAddress
from actors.kernel.caller.shard_client import ShardClient, ShardGone, WorkClient
from actors.kernel.contract.activities import ActivityRow
from common.errors import Unavailable
from common.net.tls import NodeTls
from store.ports.maps import PartitionMap, PartitionMaps

if TYPE_CHECKING:
    from ray.actor import ActorHandle

NAMESPACE: Final = "carewire"


class RemoteControl:
    """Asks shards through Ray to give partitions away and to take them (`handoff.ShardControl`)."""

    async def release(self, shard: str, partitions: Sequence[int]) -> None:
        """See `handoff.ShardControl`."""
        await RemoteShard(shard).release(partitions)

    async def adopt(self, shard: str) -> None:
        """See `handoff.ShardControl`."""
        await RemoteShard(shard).adopt()


def workplace_of(shard: str, tls: NodeTls | None = None) -> WorkClient:
    """The client by which a runner asks this shard for work, in whatever life. A connection of its own: losing it gives
    all back."""
    return DirectClient(RemoteShard(shard).address, tls)


def client_of(shard: str, tls: NodeTls | None = None) -> ShardClient:
    """The client of this shard, in whatever life."""
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

    async def address(self) -> ShardAddress:
        """See `ShardActor.address`."""
        address: ShardAddress = await self._call(lambda handle: handle.address.remote())
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
