"""The context of a shard, which every part of it is handed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from actors.kernel.history.runtime import KindRuntime
from actors.kernel.shard.metrics import ShardMetrics
from common.clock import Clock
from common.lib.tasks import Tasks
from config.settings import KernelSettings
from store.ports.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardBounds:
    """The bounds of a shard: how much it does at once, and how much it keeps."""

    commands: int = 1000  # in a turn: it must not hold the event loop for long
    commands_of_one: int = 250  # of one entity in a turn: the others on its shard wait no longer than for these
    parts: int = 20_000  # of all entities together, in memory; a message is one, and takes some 700 bytes


USUAL_BOUNDS: Final = ShardBounds()


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
    bounds: ShardBounds = USUAL_BOUNDS

    def runtime_of(self, entity_id: str) -> KindRuntime | None:
        """The kind of this entity; None when the shard does not host it."""
        return self.runtimes.get(entity_id.partition(":")[0])
