"""The operators' view of activities, as a replica of the API gets it: from the shards through Ray, and from runners."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Gauge

from actors.kernel.caller.shard_client import ShardGone
from actors.kernel.cluster.remote.calls import RemoteShard
from actors.kernel.contract.activities import ActivityRow
from common.errors import Unavailable
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.overview import ConnectorOverview
from serve_app.cluster.pools import Pools
from serve_app.cluster.runner import KIND, WORKER
from serve_app.processes.health import Finding
from serve_app.processes.monitor import ProcessMonitor

_ANSWER_S: Final = 3.0
T = TypeVar("T")


class RemoteActivityShards:
    """Every shard of every pool, asked at once (`operations.activities.ActivityShards`)."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        found = await self._ask(lambda shard: shard.activities(connector, after, limit))
        return [row for rows in found for row in _answer(rows)]

    async def retry_activity(self, mark: bytes) -> ActivityRow | None:
        return _first(await self._ask(lambda shard: shard.retry_activity(mark)))

    async def drop_activity(self, mark: bytes) -> ActivityRow | None:
        return _first(await self._ask(lambda shard: shard.drop_activity(mark)))

    async def _ask(self, question: Callable[[RemoteShard], Awaitable[T]]) -> list[T | Unavailable]:
        """The answer of each, or that there is none: what one has done already is told, whoever else is silent."""
        shards = [self._pools.shard(name) for name in await self._pools.entity_shards()]
        return await asyncio.gather(*(_asked(question(shard)) for shard in shards))


async def _asked(answer: Awaitable[T]) -> T | Unavailable:
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await answer
    except (ShardGone, TimeoutError):
        return Unavailable("Not every shard answers just now. Please try again in a moment.")


def _answer(said: T | Unavailable) -> T:
    if isinstance(said, Unavailable):
        raise said
    return said


class ProcessFigures:
    """The figures of shards and runners (`operations.activities.Figures`). Those that do not answer are left out."""

    def __init__(self, census: ProcessMonitor, pools: Pools) -> None:
        self._census = census
        self._pools = pools

    async def of_shards(self) -> Sequence[Mapping[str, object]]:
        seen = await self._census.shards(await self._pools.entity_shards())
        return [one.stats for one in seen if one.stats is not None]

    async def of_runners(self) -> Sequence[Mapping[str, object]]:
        seen = [*await self._census.of_kind(KIND), *await self._census.of_kind(WORKER)]
        return [one.stats for one in seen if one.stats is not None and "connectors" in one.stats]


class ActivityHealth:
    """The part `activities` of `/health`; and the gauge, set whenever somebody looks. `runners`: as many as there
    should be."""

    def __init__(self, operations: ActivityOperations, runners: int) -> None:
        self._operations = operations
        self._runners = runners
        self._gauges: tuple[Gauge, Gauge] | None = None

    def watch_levels(self, registry: CollectorRegistry) -> None:
        """Show how many there are, in the state that they are in."""
        self._gauges = (
            Gauge("carewire_activities", "Activities that are not over.", ["connector", "state"], registry=registry),
            Gauge(
                "carewire_activity_oldest_seconds",
                "Age of the oldest activity that is not over.",
                ["connector"],
                registry=registry,
            ),
        )

    async def look(self) -> Finding:
        """Degraded where a partner is down, or nobody serves what waits. Never down: everything else works."""
        seen = await self._operations.overview()
        connectors = seen.connectors.values()
        if self._gauges is not None:
            _show(*self._gauges, list(connectors))
        degraded = seen.degraded or seen.runners < self._runners
        details = {
            "waiting": sum(connector.waiting for connector in connectors),
            "parked": sum(connector.parked for connector in connectors),
            "dead": sum(connector.dead for connector in connectors),
            "oldest_s": round(max((connector.oldest_s for connector in connectors), default=0.0), 1),
            "connectors": {
                connector.connector: {
                    "status": connector.status,
                    "breaker": connector.breaker,
                    "waiting": connector.waiting,
                    "parked": connector.parked,
                }
                for connector in connectors
            },
        }
        return Finding("degraded" if degraded else "ok", details)


def _show(levels: Gauge, oldest: Gauge, connectors: Sequence[ConnectorOverview]) -> None:
    for connector in connectors:
        levels.labels(connector.connector, "waiting").set(connector.waiting)
        levels.labels(connector.connector, "parked").set(connector.parked)
        levels.labels(connector.connector, "dead").set(connector.dead)
        oldest.labels(connector.connector).set(connector.oldest_s)


def _first(found: Sequence[ActivityRow | Unavailable | None]) -> ActivityRow | None:
    """The one that has it. Raises Unavailable: none, but it may be with one that is silent."""
    for row in found:
        if isinstance(row, ActivityRow):
            return row
    return next((row for row in map(_answer, found) if row is not None), None)
