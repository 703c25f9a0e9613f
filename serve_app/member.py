"""What every Serve replica of Carewire has in common: its name, its figures, and its place in the registry."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import psutil
import ray
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from pymongo.errors import PyMongoError
from ray import serve

from config.settings import Settings
from serve_app.names import take_name
from serve_app.peers import Peer
from store.client import open_client
from store.processes import Process, ProcessRegistry, keep_registered


class Member:
    """One replica among the processes of Carewire. `registry` is where its metrics go."""

    def __init__(self, kind: str, settings: Settings) -> None:
        assert settings.mongo.url is not None
        self.kind = kind
        self.name = kind
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.client = open_client(settings.mongo.url.get_secret_value(), timeout_s=settings.mongo.timeout_s)
        self.processes = ProcessRegistry(self.client[settings.mongo.database])
        self._host = "127.0.0.1" if settings.ray.address is None else ray.util.get_node_ip_address()  # type: ignore[no-untyped-call] # Ray's own
        self._began = time.monotonic()
        self._start = secrets.token_hex(8)
        self._peer: Peer | None = None
        self._process: Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def take_name(self) -> str:
        """A name that no other living process has. To be called first."""
        rank = serve.get_replica_context().rank.rank
        self.name = await take_name(self.processes, self.kind, rank, self._start)
        return self.name

    async def join(self, stats: Callable[[], Mapping[str, object]]) -> None:
        """Be found, from now on. `stats` is what `carewire status` shows beside pid and memory."""
        self._peer = Peer(
            self.name,
            self.kind,
            host=self._host,
            metrics=lambda: generate_latest(self.registry),
            stats=lambda: {**self._own_stats(), **stats()},
        )
        self._process = replace(await self._peer.start(), start=self._start)
        with suppress(PyMongoError):  # an old server version, or one that is away: `keep_registered` goes on trying
            await self.processes.prepare()
        self._keeping = asyncio.create_task(keep_registered(self.processes, self._process))

    async def leave(self) -> None:
        """Be found no more."""
        if self._keeping is not None:
            self._keeping.cancel()
        if self._peer is not None:
            await self._peer.close()
        if self._process is not None:
            with suppress(PyMongoError):
                await self.processes.remove(self._process)
        self.client.close()

    def _own_stats(self) -> dict[str, object]:
        memory_mb = psutil.Process().memory_info().rss // 2**20
        return {"uptime_s": round(time.monotonic() - self._began), "memory_mb": memory_mb}
