"""The base of every Serve replica of Carewire: its name, its figures, and its place in the registry."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import psutil
import ray
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from pymongo.errors import PyMongoError
from ray import serve

from config.settings import Settings
from serve_app.processes.names import take_name
from serve_app.processes.peers import PeerProcess
from store.mongo.client import open_client
from store.mongo.processes import Process, ProcessRegistry, keep_registered

_COUNT_S: Final = 5.0


class ServeReplica:
    """One replica among the processes of Carewire. `registry` is where its metrics go; `fellows`, how many of its kind
    there are, with itself, as it last heard; `host` the address at which the others reach it: of this host alone,
    unless a cluster was joined."""

    def __init__(self, kind: str, settings: Settings, *, name: str = "") -> None:
        """`name` is what its names begin with, where that is not its kind: `activities-0` is a runner."""
        assert settings.mongo.url is not None
        self.kind = kind
        self.name = name or kind
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.client = open_client(settings.mongo.url.get_secret_value(), timeout_s=settings.mongo.timeout_s)
        self.processes = ProcessRegistry(self.client[settings.mongo.database])
        self.host = "127.0.0.1" if settings.ray.address is None else ray.util.get_node_ip_address()  # type: ignore[no-untyped-call] # Ray's own
        self._ports = settings.cluster.port_range
        self.tls = settings.cluster.node_tls()
        self._began = time.monotonic()
        self._start = secrets.token_hex(8)
        self._peer: PeerProcess | None = None
        self._process: Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self.fellows = 1

    async def take_name(self) -> str:
        """A name that no other living process has. To be called first."""
        rank = serve.get_replica_context().rank.rank
        self.name = await take_name(
            registry=self.processes, kind=self.kind, first=rank, start=self._start, tls=self.tls, prefix=self.name
        )
        return self.name

    async def join(self, stats: Callable[[], Mapping[str, object]]) -> None:
        """Be found, from now on. `stats` is what `carewire status` shows beside pid and memory."""
        self._peer = PeerProcess(
            self.name,
            self.kind,
            host=self.host,
            ports=self._ports,
            tls=self.tls,
            metrics=lambda: generate_latest(self.registry),
            stats=lambda: {**self._own_stats(), **stats()},
        )
        self._process = replace(await self._peer.start(), start=self._start)
        with suppress(PyMongoError):  # an old server version, or one that is away: `keep_registered` goes on trying
            await self.processes.prepare()
        self._keeping = asyncio.create_task(keep_registered(self.processes, self._process))
        self._counting = asyncio.create_task(self._count())

    async def leave(self) -> None:
        """Be found no more."""
        for task in (self._keeping, self._counting):
            if task is not None:
                task.cancel()
        if self._peer is not None:
            await self._peer.close()
        if self._process is not None:
            with suppress(PyMongoError):
                await self.processes.remove(self._process)
        self.client.close()

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(_COUNT_S)
            with suppress(PyMongoError):  # the database is away: there are as many as there were
                self.fellows = max(1, await self.processes.count(self.kind))

    def _own_stats(self) -> dict[str, object]:
        memory_mb = psutil.Process().memory_info().rss // 2**20
        return {"uptime_s": round(time.monotonic() - self._began), "memory_mb": memory_mb}
