"""The peer of activities: arq on Redis, in this process, its jobs doing nothing.

Redis writes each change to its log before it answers (`appendfsync always`), as MongoDB does here; arq's worker runs as
many jobs at a time as our partner stands, and looks for new ones each `poll_s`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import psutil
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func

_AT_ONCE: Final = 400


class PeerArq:
    """Enqueues jobs and knows when each began."""

    def __init__(self, redis: ArqRedis, server: psutil.Process) -> None:
        self._redis = redis
        self.server = server
        self.begun: dict[str, float] = {}
        self.acked: dict[str, float] = {}

    async def begin(self, _: dict[Any, Any], name: str) -> None:
        """What a job does."""
        self.begun[name] = time.perf_counter()

    async def enqueue(self) -> None:
        """One job, taken by Redis when this returns."""
        name = f"job-{len(self.acked)}"
        self.acked[name] = 0.0
        await self._redis.enqueue_job("begin", name)
        self.acked[name] = time.perf_counter()

    async def all_begun(self, within_s: float) -> None:
        """Raises TimeoutError: some have not."""
        async with asyncio.timeout(within_s):
            while len(self.begun) < len(self.acked):  # noqa: ASYNC110 - the peer tells nobody
                await asyncio.sleep(0.005)

    def waits_ms(self) -> list[float]:
        """From the end of `enqueue` to the begin of the job."""
        return [max(0.0, self.begun[name] - acked) * 1000 for name, acked in self.acked.items()]

    def forget(self) -> None:
        """Count anew."""
        self.begun.clear()
        self.acked.clear()


@asynccontextmanager
async def peer_arq(data_dir: Path, port: int, *, poll_s: float) -> AsyncIterator[PeerArq]:
    """Redis in this folder, a worker, and who enqueues.

    Raises:
        FileNotFoundError: there is no `redis-server` on the PATH.
    """
    server = await asyncio.create_subprocess_exec(
        *("redis-server", "--port", f"{port}", "--dir", f"{data_dir}", "--save", "", "--bind", "127.0.0.1"),
        *("--appendonly", "yes", "--appendfsync", "always", "--loglevel", "warning"),
    )
    try:
        redis = await create_pool(RedisSettings(port=port))  # it waits until it is there
        peer = PeerArq(redis, psutil.Process(server.pid))
        worker = Worker(
            [func(peer.begin, name="begin", keep_result=0)],  # type: ignore[arg-type] # it takes the name of more
            redis_pool=redis,
            max_jobs=_AT_ONCE,
            poll_delay=poll_s,
            handle_signals=False,
        )
        working = asyncio.create_task(worker.async_run())
        try:
            yield peer
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await worker.close()
    finally:
        server.terminate()
        await server.wait()
