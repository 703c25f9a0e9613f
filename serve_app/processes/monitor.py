"""Everybody's figures: asks every process of Carewire, on every node, at once and with a time limit.

Shards are asked through Ray, the others over the listener that stands in the registry. A process that does not answer
is shown as such, with what it said last and how old that is, and holds nobody up; while the database is away, those
heard of last are asked.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from pymongo.errors import PyMongoError

from common.net.tls import NodeTls
from serve_app.processes.exposition import merge
from serve_app.processes.health import Finding
from serve_app.processes.peers import ask_process
from store.mongo.processes import Process, ProcessRegistry

T = TypeVar("T")

ANSWER_S: Final = 1.0


class ShardProbes(Protocol):
    """Questions to shards. Both methods may raise anything when a shard is away."""

    async def names(self) -> Sequence[str]:
        """All of them, there or not."""
        ...

    async def stats(self, shard: str) -> Mapping[str, object]:
        """The figures of a shard; `pid` and `node` are among them."""
        ...

    async def metrics(self, shard: str) -> bytes:
        """Its page of metrics."""
        ...


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """A process, and what it said of itself; None: it did not answer. Then `known` is what it said last, or what the
    registry has of it, and `age_s` how long ago that was."""

    name: str
    kind: str
    stats: Mapping[str, object] | None
    known: Mapping[str, object] = field(default_factory=dict)
    age_s: float | None = None

    def row(self) -> dict[str, object]:
        """As `/api/status` shows it. `age_s` is there where the figures are old."""
        status = "unreachable" if self.stats is None else "ok" if self.stats.get("serving", True) else "waiting"
        row: dict[str, object] = {"name": self.name, "kind": self.kind, "pid": None, "node": None} | dict(self.known)
        row |= dict(self.stats or {}) | {"name": self.name, "kind": self.kind, "status": status}
        return row if self.age_s is None else row | {"age_s": round(self.age_s, 1)}


class ProcessMonitor:
    """Whom to ask, and how. `others` are processes that have a way of their own: name, kind, how to ask."""

    def __init__(
        self,
        registry: ProcessRegistry,
        shards: ShardProbes,
        others: Sequence[tuple[str, str, Callable[[], Awaitable[Mapping[str, object]]]]] = (),
        clock: Callable[[], float] = time.monotonic,
        *,
        tls: NodeTls | None = None,
    ) -> None:
        self._registry = registry
        self._shards = shards
        self._others = others
        self._clock = clock
        self._tls = tls
        self._heard_of: list[Process] = []
        self._said: dict[tuple[str, str], tuple[float, Mapping[str, object]]] = {}

    async def sightings(self) -> list[ProcessStatus]:
        """Every process that is known of, in the order of kind and name."""
        asked = [
            *(self._see(shard, "shard", self._stats_of_shard(shard)) for shard in await self._shards.names()),
            *(self._see(name, kind, probe()) for name, kind, probe in self._others),
            *(
                self._see(peer.name, peer.kind, self._stats_of_peer(peer), {"pid": peer.pid, "node": peer.node})
                for peer in await self._peers()
            ),
        ]
        found = sorted(await asyncio.gather(*asked), key=lambda one: (one.kind, one.name))
        present = {(one.kind, one.name) for one in found}
        self._said = {key: said for key, said in self._said.items() if key in present}  # others are gone for good
        return found

    async def of_kind(self, kind: str) -> list[ProcessStatus]:
        """Only the processes of this kind that are in the registry."""
        peers = [peer for peer in await self._peers() if peer.kind == kind]
        return await asyncio.gather(*(self._see(peer.name, kind, self._stats_of_peer(peer)) for peer in peers))

    async def shards(self, names: Sequence[str]) -> list[ProcessStatus]:
        """Only these shards."""
        return await asyncio.gather(*(self._see(shard, "shard", self._stats_of_shard(shard)) for shard in names))

    async def metrics(self) -> bytes:
        """The metrics of all that answer, on one page."""
        asked = {shard: self._shards.metrics(shard) for shard in await self._shards.names()}
        asked |= {peer.name: ask_process(peer, "metrics", ANSWER_S, self._tls) for peer in await self._peers()}
        pages = await asyncio.gather(*(_in_time(work) for work in asked.values()))
        return merge({name: page for name, page in zip(asked, pages, strict=True) if page is not None})

    async def _peers(self) -> list[Process]:
        try:
            async with asyncio.timeout(ANSWER_S):
                self._heard_of = await self._registry.alive()
        except (PyMongoError, TimeoutError):
            pass  # the database is away; its absence is told by the health of `mongo`
        return self._heard_of

    async def _see(
        self,
        name: str,
        kind: str,
        answer: Awaitable[Mapping[str, object]],
        registered: Mapping[str, object] | None = None,
    ) -> ProcessStatus:
        known = registered or {}
        if (stats := await _in_time(answer)) is not None:
            self._said[kind, name] = self._clock(), stats
        elif (kind, name) in self._said:
            at_s, last = self._said[kind, name]
            return ProcessStatus(name=name, kind=kind, stats=None, known={**last, **known}, age_s=self._clock() - at_s)
        return ProcessStatus(name, kind, stats, known)

    async def _stats_of_shard(self, shard: str) -> Mapping[str, object]:
        return await self._shards.stats(shard)

    async def _stats_of_peer(self, peer: Process) -> Mapping[str, object]:
        stats: Mapping[str, object] = json.loads(await ask_process(peer, "stats", ANSWER_S, self._tls))
        return stats


def finding_of(sightings: Sequence[ProcessStatus]) -> Finding:
    """Of several processes of a kind: well if all answer and serve, down if none does."""
    well = sum(1 for sighting in sightings if sighting.stats is not None and sighting.stats.get("serving", True))
    details = {"running": well, "of": len(sightings)}
    return Finding("ok" if well == len(sightings) and well else "degraded" if well else "down", details)


def finding_of_models(sightings: Sequence[ProcessStatus]) -> Finding:
    """Of the predictors: degraded too where one has no model, so that only the safety rules answer."""
    finding = finding_of(sightings)
    told = [sighting.stats for sighting in sightings if sighting.stats is not None]
    bare = any(stats.get("rules_only") for stats in told)
    details = {**finding.details, "models": sorted({str(stats.get("model")) for stats in told}), "rules_only": bare}
    return Finding("degraded" if bare and finding.status == "ok" else finding.status, details)


async def _in_time(work: Awaitable[T]) -> T | None:
    try:
        return await asyncio.wait_for(work, ANSWER_S)
    except Exception:  # whatever it is: it did not answer  # noqa: BLE001
        return None
