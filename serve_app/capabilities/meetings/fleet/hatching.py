"""How workers come to be, and how they are ended: detached actors of Ray, so they outlive whoever made them."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

import psutil

from common.clock import SystemClock
from common.logs import get_logger
from config.settings import Settings
from serve_app.capabilities.meetings.fleet.counting import Nodes
from serve_app.capabilities.meetings.workers.registry import MediaRegistry, WorkerRecord
from store.holders import host_name, started_ms

_log = get_logger(__name__)
_CPU: Final = 0.05


class NotHatched(RuntimeError):
    """No worker came to be."""


class Hatchery(Protocol):
    """Makes workers, and ends them."""

    async def hatch(self, name: str) -> None:
        """One of that name, which has said that it is there when this returns. Raises NotHatched."""
        ...

    async def end(self, record: WorkerRecord) -> None:
        """This life is over, whatever it does."""
        ...

    async def nodes(self) -> int:
        """On how many nodes there may be workers."""
        ...


class RayHatchery:
    """`pools`: which pool of shards hosts a kind."""

    def __init__(self, settings: Settings, registry: MediaRegistry, pools: Mapping[str, str]) -> None:
        self._settings, self._registry, self._pools = settings, registry, dict(pools)
        self._nodes = Nodes(_counted, SystemClock())

    async def hatch(self, name: str) -> None:
        """See `Hatchery`."""
        from ray.exceptions import RayError

        try:
            handle = await asyncio.to_thread(self._made, name)
            await handle.start.remote()
        except (RayError, ValueError) as error:
            _log.warning("media.not_started", worker=name, error=type(error).__name__)
            raise NotHatched(name) from error

    def _made(self, name: str) -> Any:
        import ray

        from actors.kernel.cluster.remote.calls import NAMESPACE
        from serve_app.capabilities.meetings.workers.actor import MediaActor

        actor: Any = ray.remote(MediaActor)
        options = {
            "name": name,
            "namespace": NAMESPACE,
            "lifetime": "detached",
            "get_if_exists": True,
            "max_restarts": 0,
            "max_task_retries": 0,
            "max_concurrency": 100,
            "num_cpus": _CPU,
            "scheduling_strategy": "SPREAD",
        }
        return actor.options(**options).remote(name, self._settings, self._pools)

    async def end(self, record: WorkerRecord) -> None:
        """See `Hatchery`."""
        kill_here(record)
        present = await self._registry.worker(record.name)
        if present is None or present.life == record.life:
            await asyncio.to_thread(_kill, record.name)

    async def nodes(self) -> int:
        """See `Hatchery`."""
        return await self._nodes.number()


def kill_here(record: WorkerRecord) -> None:
    """End the process of this life, if it is one of this machine."""
    if record.node == host_name() and started_ms(record.pid) == record.began:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(record.pid, signal.SIGKILL)


def cpu_s_of(record: WorkerRecord) -> float | None:
    """What the process of this life has used of the processor; None: it is not of this machine, or gone."""
    if record.node != host_name() or started_ms(record.pid) != record.began:
        return None
    with suppress(psutil.Error):
        times = psutil.Process(record.pid).cpu_times()
        return float(times.user + times.system)
    return None


def _kill(name: str) -> None:
    import ray

    from actors.kernel.cluster.remote.calls import NAMESPACE

    with suppress(ValueError):
        ray.kill(ray.get_actor(name, NAMESPACE), no_restart=True)


async def _counted() -> int | None:
    from ray.exceptions import RayError

    try:
        return await asyncio.to_thread(_nodes)
    except RayError as error:
        _log.warning("media.nodes_unknown", error=type(error).__name__)
        return None


def _nodes() -> int:
    import ray

    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call] # Ray's own
    return max(1, sum(1 for node in nodes if node["Alive"] and node["Resources"].get("CPU")))
