"""The process that keeps the index, for benchmarks: without Ray, a process of its own as in the whole program."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import uvloop
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from common.clock import SystemClock
from common.lib.allocator import share_arenas
from common.logs import configure_logging
from config.settings import Settings
from serve_app.capabilities.search.process.engines import open_engine
from serve_app.capabilities.search.process.process import SearchContext, SearchProcess
from serve_app.cluster.alone.search import kinds_of
from serve_app.edge.conventions.roots import root_of
from store.mongo.client import open_client
from store.mongo.kernel.feed import JournalFeed
from store.stores import open_stores

_READY: Final = b"ready\n"


def settings_at(url: str, data_dir: Path) -> Settings:
    """Of a database, and a folder for keys and the index."""
    settings = Settings(_env_file=None, data_dir=data_dir)  # type: ignore[call-arg] # pydantic-settings adds it
    return settings.model_copy(update={"mongo": settings.mongo.model_copy(update={"url": SecretStr(url)})})


class Keeper:
    """One that runs, seen from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, url: str, data_dir: Path) -> "Keeper":
        """Until it answers."""
        return await cls.run(__spec__.name, url, str(data_dir))

    @classmethod
    async def run(cls, *module: str) -> "Keeper":
        """Another process that says when it answers, and what it used when it ends."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", *module, stdin=pipe, stdout=pipe)
        assert process.stdout is not None
        if await process.stdout.readline() != _READY:
            raise RuntimeError("the keeper of the index did not begin")
        return cls(process)

    def rest(self) -> None:
        """It gets no processor."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It gets one again."""
        self._process.send_signal(signal.SIGCONT)

    async def end(self) -> dict[str, Any]:
        """What it used since it was ready: `cpu_s`; and its memory at the end: `pss_mb`."""
        self.go_on()
        out, _ = await self._process.communicate(b"\n")
        told: dict[str, Any] = json.loads(out)
        return told


async def keep(url: str, data_dir: Path) -> None:
    """Until standard input ends."""
    settings, clock = settings_at(url, data_dir), SystemClock()
    name, kinds = settings.mongo.database, kinds_of(settings)
    stores = await open_stores(settings, [], clock)
    client = open_client(url, timeout_s=10)
    nobody: Any = None  # no entity is asked for what is said in rooms

    def feed(of: Iterable[str]) -> JournalFeed:
        return JournalFeed(url, name, of)

    context = SearchContext(
        settings=settings,
        clock=clock,
        region=nobody,
        stores=stores,
        database=client[name],
        kinds=kinds,
        root=await root_of(settings.auth, client[name], stores.vault),
        registry=CollectorRegistry(),
        feed=feed,
    )
    process = SearchProcess(context, open_engine(settings, clock))
    await process.start("127.0.0.1", None, None)
    before_s = _cpu_s()
    os.write(1, _READY)
    await asyncio.to_thread(sys.stdin.readline)
    told = {"cpu_s": _cpu_s() - before_s, "pss_mb": pss_mb()}
    await process.stop()
    client.close()
    stores.close()
    os.write(1, json.dumps(told).encode())


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def pss_mb() -> float:
    """Memory of this process, what it shares counted in parts."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    configure_logging("WARNING", "console")
    share_arenas()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(keep(sys.argv[1], Path(sys.argv[2])))
