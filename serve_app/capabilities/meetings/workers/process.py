"""The process of a media worker, put together: its unit on a port of its own, the connection on which it is asked, and
its place among the processes of Carewire. Who hosts it (an actor, a test) hands in the rest."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily
from pymongo.errors import PyMongoError

from actors.kernel.contract.ports import EntityClient
from common.errors import StartupError
from common.lib.tasks import Tasks
from config.settings import Settings
from realtime.media.unit import MediaUnit
from serve_app.capabilities.meetings.workers.listening import WorkerDoor
from serve_app.capabilities.meetings.workers.registry import MediaRegistry, WorkerRecord
from serve_app.capabilities.meetings.workers.reporter import Reporter
from serve_app.capabilities.meetings.workers.worker import MediaWorker, RecordingSink
from serve_app.processes.peers import PeerProcess
from store.holders import this_process
from store.mongo.client import Database
from store.mongo.processes import ProcessRegistry, keep_registered

KIND: Final = "media"
_LOOKS_S: Final = 5.0


class MediaProcess:
    """One worker. `host`: the address at which other processes of Carewire reach it. `ended`: is called once nobody
    wants it any more. `cpu_s`: the seconds of the processor that it has used so far."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        database: Database,
        entities: EntityClient,
        recordings: RecordingSink,
        host: str,
        ended: Callable[[], None],
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        self.name = name
        self._settings, self._host, self._ended = settings, host, ended
        self._registry = MediaRegistry(database)
        self._processes = ProcessRegistry(database)
        self._reporter = Reporter(entities)
        self.worker = MediaWorker(
            name=name, life=secrets.token_hex(8), reporter=self._reporter, recordings=recordings, cpu_s=cpu_s
        )
        self._door = WorkerDoor(self.worker, self._asked, self._end)
        self._tasks = Tasks(name)
        self._metrics = CollectorRegistry()
        self._asked_at = time.monotonic()
        self._busy_at = time.monotonic()
        self.record: WorkerRecord | None = None

    async def start(self) -> WorkerRecord:
        """Take a port, listen, and say that it is there.

        Raises:
            StartupError: no port is free.
            Unavailable: the database does not answer.
        """
        cluster = self._settings.cluster
        self.worker.carry(await _unit(self._settings, self._host, self.worker))
        address = await self._door.open(self._host, cluster.port_range, cluster.node_tls())
        me = this_process()
        self.record = WorkerRecord(
            name=self.name,
            life=self.worker.life,
            node=me.host,
            pid=os.getpid(),
            began=me.started_ms,
            address=address,
            key=self._door.key,
            host=self._settings.media.public_ip or self._settings.media.host,
            port=self.worker.unit.port,
        )
        _watch(self._metrics, self.worker)
        peer = PeerProcess(
            self.name,
            KIND,
            host=self._host,
            ports=cluster.port_range,
            metrics=lambda: generate_latest(self._metrics),
            stats=self._shown,
            tls=cluster.node_tls(),
        )
        self._peer, self._process = peer, await peer.start()
        self._tasks.spawn(keep_registered(self._processes, self._process))
        self._tasks.spawn(self.worker.watch())
        self._tasks.spawn(self._look())
        await self._registry.add(self.record)
        return self.record

    async def stop(self) -> None:
        """Hang up on everybody, and be there no more."""
        if self.record is None:
            return
        record, self.record = self.record, None
        await self._registry.remove(record)
        with suppress(PyMongoError):
            await self._processes.remove(self._process)
        self._door.close()
        await self._peer.close()
        await self.worker.unit.close()
        await self._tasks.cancel()
        await self._reporter.close()

    def _shown(self) -> dict[str, object]:
        stats = self.worker.stats()
        return {
            "pid": os.getpid(),
            "state": stats.state,
            "meetings": len(stats.rooms),
            "participants": stats.participants,
            "streams": stats.streams,
            "load": stats.load,
            "port": self.worker.unit.port,
        }

    def _asked(self) -> None:
        self._asked_at = time.monotonic()

    async def _look(self) -> None:
        """End where there has been neither a supervisor nor a meeting for long."""
        while True:
            await asyncio.sleep(_LOOKS_S)
            now = time.monotonic()
            if self.worker.stats().rooms:
                self._busy_at = now
            if now - max(self._asked_at, self._busy_at) > self._settings.media.orphan_s:
                self._end()
                return

    def _end(self) -> None:
        asyncio.get_running_loop().call_soon(self._ended)


async def _unit(settings: Settings, host: str, worker: MediaWorker) -> MediaUnit:
    """A unit on the first port of the range that is free. Raises StartupError."""
    media = settings.media
    announced = media.public_ip or (host if media.host in ("0.0.0.0", "::") else media.host)  # noqa: S104 # compared
    for port in range(media.port_range.first, media.port_range.last + 1):
        unit = MediaUnit(media.host, port, worker, public_ip=announced)
        try:
            await unit.start()
        except OSError:
            continue
        return unit
    raise StartupError(f"No UDP port of {media.ports} is free at {media.host}: widen CAREWIRE_MEDIA__PORTS.")


class _Packets:
    """What went in and out, as Prometheus asks for it."""

    def __init__(self, worker: MediaWorker) -> None:
        self._worker = worker

    def collect(self) -> list[CounterMetricFamily]:
        family = CounterMetricFamily("carewire_media_packets", "Packets of media.", labels=["direction"])
        family.add_metric(["in"], self._worker.unit.received)
        family.add_metric(["out"], self._worker.unit.sent)
        dropped = CounterMetricFamily("carewire_media_dropped", "Datagrams that were of no use.", labels=["reason"])
        for reason, count in self._worker.unit.dropped.items():
            dropped.add_metric([reason], count)
        return [family, dropped]


def _watch(registry: CollectorRegistry, worker: MediaWorker) -> None:
    ProcessCollector(registry=registry)
    streams = Gauge("carewire_media_streams", "Streams that are forwarded.", registry=registry)
    streams.set_function(lambda: worker.unit.streams)
    load = Gauge("carewire_media_load", "Share of a core that is used.", registry=registry)
    load.set_function(lambda: worker.stats().load)
    registry.register(_Packets(worker))
