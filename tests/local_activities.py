"""What the API and a runner see of the shards of a cluster in one process."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from typing_extensions import override

from actors.kernel.caller.shard_client import WorkClient
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.activities import ActivityRow
from actors.kernel.shard.shard import Shard
from common.errors import Unavailable
from serve_app.activities.looking import ActivityFigures, ActivityShards
from serve_app.activities.runner import Runner, Workplaces
from store.ports.maps import PartitionMap


class LocalActivities(ActivityShards, ActivityFigures, Workplaces):
    """What the API and a runner see of the shards of a `LocalCluster`."""

    def __init__(self, cluster: LocalCluster) -> None:
        self._cluster = cluster
        self.runners: list[Runner] = []

    @override
    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        return [
            row for shard in self._cluster.shards.values() for row in await shard.activities(connector, after, limit)
        ]

    @override
    async def retry_activity(self, mark: bytes) -> ActivityRow | None:
        return await self._first(lambda shard: shard.retry_activity(mark))

    @override
    async def drop_activity(self, mark: bytes) -> ActivityRow | None:
        return await self._first(lambda shard: shard.drop_activity(mark))

    async def _first(self, ask: Callable[[Shard], Awaitable[ActivityRow | None]]) -> ActivityRow | None:
        """What one says that has it. Raises Unavailable: nobody has, and one does not know yet."""
        doubt: Unavailable | None = None
        for shard in self._cluster.shards.values():
            try:
                if (row := await ask(shard)) is not None:
                    return row
            except Unavailable as error:
                doubt = error
        if doubt is not None:
            raise doubt
        return None

    @override
    async def of_shards(self) -> Sequence[Mapping[str, object]]:
        return [shard.stats() for shard in self._cluster.shards.values()]

    @override
    async def of_runners(self) -> Sequence[Mapping[str, object]]:
        return [runner.stats() for runner in self.runners]

    @override
    async def read_map(self, pool: str) -> PartitionMap:
        return await self._cluster.read_map(pool)

    @override
    def workplace(self, shard: str) -> WorkClient:
        return self._cluster.workplace(shard)
