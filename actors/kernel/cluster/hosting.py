"""The interface between Ray's actors and the composition root: the hosted shard, and the specification of its
process."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from actors.kernel.caller.shard_client import ShardClient
from actors.kernel.contract.entity import AnyKind
from actors.kernel.contract.reactions import AnyReaction
from common.clock import Clock
from config.settings import Settings
from store.ports.stores import Stores


class ClusterSpec(Protocol):
    """Everything that a process needs to host or to reach shards; pickled to wherever it runs."""

    @property
    def settings(self) -> Settings:
        """The whole tree, complete."""
        ...

    @property
    def pools(self) -> Mapping[str, Sequence[str]]:
        """The kinds of each pool by name: `{"rooms": ["room", "user"]}`."""
        ...

    def shards(self, pool: str) -> int:
        """The number of shards of the pool."""
        ...

    def kinds(self, pool: str) -> list[AnyKind]:
        """The kinds that a shard of this pool hosts."""
        ...

    def reactions(self, pool: str) -> Sequence[AnyReaction]:
        """The rules that a shard of this pool evaluates: those for the events of its kinds."""
        ...

    async def attended(self, pool: str, stores: Stores) -> Coroutine[Any, Any, None] | None:
        """The task that runs beside a shard of this pool for as long as its process runs; None: there is none. Awaited
        before the first command: what that needs to know is known then."""
        ...

    @property
    def volatile_shards(self) -> Sequence[str]:
        """The names of the shards that keep nothing in the journal."""
        ...

    def volatile(self, shard: str, stores: Stores, clock: Clock) -> "HostedShard":
        """One of them, not started yet."""
        ...

    async def open(self) -> Stores:
        """Connect to the database."""
        ...


class HostedMetrics(Protocol):
    """The metrics of a shard."""

    @property
    def registry(self) -> CollectorRegistry:
        """The registry of its metrics."""
        ...

    def levels(self, stats: dict[str, object]) -> None:
        """Bring the levels up to date."""
        ...


class HostedShard(ShardClient, Protocol):
    """A shard as an actor hosts it: it can be called, started, stopped and asked for its state."""

    @property
    def metrics(self) -> HostedMetrics:
        """Its metrics."""
        ...

    def stats(self) -> dict[str, object]:
        """Its line in `carewire status`."""
        ...

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End in good order."""
        ...


def kinds_to_pools(recipe: ClusterSpec) -> dict[str, str]:
    """Which pool hosts a kind."""
    return {kind: pool for pool, kinds in recipe.pools.items() for kind in kinds}
