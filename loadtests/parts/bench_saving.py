"""What it costs to save a keystroke in a worksheet, and what of that is the journal:
`python -m loadtests.parts.bench_saving [--worksheets 100] [--updates 40] [--seconds 8]`.

Region, shard and the rules of worksheets in this process, without sockets; once on storage in memory, once on a mongod
(sealed, stored by a majority with its journal on disk before the answer), in one run. Some characters are typed at the
end of a text, each update of about 30 bytes. *At once*: one update under way in each worksheet; CPU of this process,
and of mongod. *Paced*: 200 updates a second over all worksheets; latency from when each was due to its answer.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psutil
from pycrdt import Doc, Text
from pydantic import SecretStr

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.worksheets.assignment.commands import Assign
from actors.worksheets.assignment.contents import Given, pack
from actors.worksheets.document.commands import Write
from actors.worksheets.schema.fields import Schema, TopField
from common.clock import SystemClock
from common.lib.collector import calm_collector
from config.settings import Settings
from loadtests.lib.workloads import percentile
from loadtests.parts.running import benchmark
from serve_app.cluster.spec import CarewireSpec
from store.embedded.server import EmbeddedMongo
from store.memory import memory_stores
from store.ports.stores import Stores

RATE: Final = 200
POOL: Final = "care"
_ROOT: Final = "text:story"
_SCHEMA: Final = Schema(fields=[TopField(id="story", type="long_text", label="What happened?")])


class Diary:
    """One worksheet, and who fills it in."""

    def __init__(self, region: Region, number: int) -> None:
        self._region = region
        self._entity = f"assignment:asg_bench{number}"
        self._by = Principal(f"ada{number}", "client")
        self._doc: Doc[Any] = Doc()
        self._text = self._doc.get(_ROOT, type=Text)
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        """It is given."""
        secret = pack(Given(title="Diary", schema=_SCHEMA))
        assign = Assign(
            worksheet="wks_1",
            worksheet_version=1,
            client=self._by.user,
            therapist=f"tess-{self._by.user}",
            secret=secret,
        )
        await self._region.submit(self._entity, assign, by=SYSTEM)

    async def write(self) -> None:
        """Some characters, one update after the other."""
        async with self._turn:
            before = self._doc.get_state()
            self._text.insert(len(str(self._text)), "and then ")
            await self._region.submit(self._entity, Write(attempt=1, update=self._doc.get_update(before)), by=self._by)


def _mongod_s() -> float:
    spent = (one.cpu_times() for one in psutil.Process().children(recursive=True) if one.name() == "mongod")
    return float(sum(times.user + times.system for times in spent))


async def _measured(name: str, stores: Stores, settings: Settings, args: argparse.Namespace) -> float:
    """Prints what was found. CPU of an update, in us."""
    kinds = CarewireSpec(settings).kinds(POOL)
    cluster = LocalCluster(stores, kinds, settings=settings.kernel, clock=SystemClock(), pool=POOL, shards=1)
    await cluster.start()
    try:
        diaries = [
            Diary(region, number) for region in [await cluster.region("bench")] for number in range(args.worksheets)
        ]
        await asyncio.gather(*(diary.begin() for diary in diaries))
        await asyncio.gather(*(_often(diary, 5) for diary in diaries))  # keys are made, code is warm
        own_s, mongod_s = time.process_time(), _mongod_s()
        await asyncio.gather(*(_often(diary, args.updates) for diary in diaries))
        each_us = 1e6 / (args.updates * args.worksheets)
        own_us, mongod_us = (time.process_time() - own_s) * each_us, (_mongod_s() - mongod_s) * each_us
        took_ms = await _paced(diaries, args.seconds)
    finally:
        await cluster.stop()
    p50, p99 = percentile(took_ms, 0.5), percentile(took_ms, 0.99)
    print(
        f"{name}: {own_us:.0f} us CPU an update and {mongod_us:.0f} of mongod; "
        f"at {RATE}/s answered after {p50:.1f} ms (p50), {p99:.1f} (p99)",
        flush=True,
    )
    return float(own_us + mongod_us)


async def _often(diary: Diary, count: int) -> None:
    for _ in range(count):
        await diary.write()


async def _paced(diaries: Sequence[Diary], seconds: float) -> list[float]:
    """Milliseconds from when each was due."""
    took_ms: list[float] = []

    async def one(diary: Diary, due_s: float) -> None:
        await diary.write()
        took_ms.append((time.perf_counter() - due_s) * 1000)

    started_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(RATE * seconds)):
            due_s = started_s + number / RATE
            if (ahead_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(ahead_s)
            group.create_task(one(diaries[number % len(diaries)], due_s))
    return took_ms


async def _both(args: argparse.Namespace, directory: Path) -> None:
    settings = Settings(data_dir=directory)
    calm_collector()  # as shards do
    bare_us = await _measured("in memory", memory_stores(), settings, args)
    port = 27500 + os.getpid() % 400
    async with EmbeddedMongo(settings.mongo.model_copy(update={"port": port}), directory) as mongo:
        found = settings.mongo.model_copy(update={"url": SecretStr(mongo.url)})
        settings = settings.model_copy(update={"mongo": found})
        stores = await CarewireSpec(settings).open()
        durable_us = await _measured("durable", stores, settings, args)
        stores.close()
    print(f"the journal's part: {durable_us - bare_us:.0f} us of {durable_us:.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worksheets", type=int, default=100)
    parser.add_argument("--updates", type=int, default=40, help="of each worksheet")
    parser.add_argument("--seconds", type=float, default=8.0, help="of the pace")
    args = parser.parse_args()
    with benchmark() as (runner, directory):
        runner.run(_both(args, directory))


if __name__ == "__main__":
    main()
