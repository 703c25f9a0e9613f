"""What Ray hosts of a media worker."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

import ray

from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.cluster.remote.calls import RemoteDirectory
from actors.kernel.cluster.remote.processes import log_process
from common.lib.collector import calm_collector
from common.logs import get_logger
from config.settings import Settings
from serve_app.capabilities.meetings.recordings.keeping import RecordingStore
from serve_app.capabilities.meetings.workers.process import MediaProcess
from store.blobs.opening import open_blobs
from store.mongo.client import open_client
from store.platform_time import ProcessClock
from store.stores import open_stores

_log = get_logger(__name__)
_CLOSE_S: Final = 3.0


class MediaActor:
    """Started by its first call."""

    def __init__(self, name: str, settings: Settings, pools: Mapping[str, str]) -> None:
        log_process(name, settings)
        self._name, self._settings, self._pools = name, settings, dict(pools)
        self._opened = AsyncExitStack()
        self._starting: asyncio.Task[MediaProcess] | None = None

    async def start(self) -> None:
        """Start if need be; it is there when this returns."""
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        await asyncio.shield(self._starting)

    async def stop(self) -> None:
        """Hang up, and store what is still to be stored."""
        if self._starting is not None:
            await (await self._starting).stop()
            await self._opened.aclose()

    async def _start(self) -> MediaProcess:
        settings = self._settings
        assert settings.mongo.url is not None
        stores = await open_stores(settings)
        self._opened.callback(stores.close)
        time = ProcessClock(stores.platform_time, settable=settings.clock.settable)
        clock = await time.start()
        self._opened.push_async_callback(time.stop)
        tls = settings.cluster.node_tls()
        region = Region(
            self._name,
            RemoteDirectory(stores.maps, tls),
            self._pools,
            settings=settings.kernel,
            clock=clock,
            metrics=RegionMetrics(),
        )
        await region.start()
        self._opened.push_async_callback(region.close)
        client = open_client(settings.mongo.url.get_secret_value(), timeout_s=settings.mongo.timeout_s)
        self._opened.callback(client.close)
        database = client[settings.mongo.database]
        blobs = await self._opened.enter_async_context(open_blobs(settings.files, database, stores.vault, clock))
        recordings = RecordingStore(database, blobs, region, clock)
        self._opened.push_async_callback(recordings.close)
        alone = settings.ray.address is None
        host = "127.0.0.1" if alone else ray.util.get_node_ip_address()  # type: ignore[no-untyped-call] # Ray's own
        process = MediaProcess(
            name=self._name,
            settings=settings,
            database=database,
            entities=region,
            recordings=recordings,
            host=host,
            ended=self._end,
        )
        await process.start()
        calm_collector()
        return process

    def _end(self) -> None:
        """Nobody wants it any more: it stops, and so does its process."""
        self._ending = asyncio.get_running_loop().create_task(self._end_now())

    async def _end_now(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.stop()
        except Exception:  # whatever it is: everybody else goes on  # noqa: BLE001
            _log.exception("media.not_stopped_well")
        os._exit(0)
