"""What every part of a shard needs to know of the shard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from actors.kernel.history.runtime import KindRuntime
from actors.kernel.shard.metrics import ShardMetrics
from common.clock import Clock
from common.lib.tasks import Tasks
from config.settings import KernelSettings
from store.ports.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardContext:
    """The surroundings of one shard. `serving` says whether it holds its lease at this moment."""

    stores: Stores
    settings: KernelSettings
    clock: Clock
    metrics: ShardMetrics
    tasks: Tasks
    runtimes: Mapping[str, KindRuntime]
    serving: Callable[[], bool]

    def runtime_of(self, entity_id: str) -> KindRuntime | None:
        """The kind of this entity; None when the shard does not host it."""
        return self.runtimes.get(entity_id.partition(":")[0])
