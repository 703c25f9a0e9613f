"""The kernel alone: region -> shards (Ray actors) -> mongod -> fetch, with real storage and encryption, no sockets.

    python -m loadtests.parts.bench_kernel [--rooms 200] [--seconds 8] [--runs 3]

Workload: messages of 100 bytes into `--rooms` rooms in turn, each command named by its client; the region listens to
every room. *Saturated*: `--window` messages are always under way. *Paced*: 2,000 messages a second, on a clock (a late
start counts as latency). "Durable" means stored by a majority with its journal on disk, encrypted, before its ack.
"""

import argparse
import asyncio
import json
import logging
import os
import statistics
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from pydantic import SecretStr

from actors.kernel.caller.region import Region
from actors.kernel.cluster.hosting import kinds_to_pools
from actors.kernel.cluster.remote.calls import RemoteDirectory
from actors.kernel.cluster.remote.shards import ensure_shards, stop_shards
from actors.kernel.contract import protocol
from actors.kernel.contract.entity import Attach, Principal
from actors.rooms.room.commands import Create, Post
from common.clock import SystemClock
from common.lib.collector import calm_collector
from config.settings import Settings
from loadtests.parts.running import benchmark
from serve_app.cluster.spec import CarewireSpec
from store.embedded.server import EmbeddedMongo

BODY: Final = "x" * 100
ANN: Final = Principal("ann")


@dataclass(frozen=True)
class KernelOutcome:
    """What one phase measured. Latencies in ms from submission (or its scheduled time) to the ack."""

    name: str
    messages: int
    seconds: float
    latencies_ms: list[float]
    delivered: int
    cpu_s: dict[str, float]

    def report(self) -> dict[str, object]:
        """One line of the result."""
        latencies = sorted(self.latencies_ms)
        return {
            "phase": self.name,
            "messages_per_s": round(self.messages / self.seconds),
            "delivered_per_s": round(self.delivered / self.seconds),
            "ack_p50_ms": round(latencies[len(latencies) // 2], 1),
            "ack_p99_ms": round(latencies[int(len(latencies) * 0.99)], 1),
            "cpu_us_per_message": {part: round(seconds / self.messages * 1e6) for part, seconds in self.cpu_s.items()},
        }


class KernelLoad:
    """Messages into rooms through one region."""

    def __init__(self, region: Region, rooms: int, heard: list[int]) -> None:
        self._region = region
        self._rooms = [f"room:bench{number}" for number in range(rooms)]
        self._heard = heard
        self._sent = 0
        self._latencies: list[float] = []

    async def prepare(self) -> None:
        """Make the rooms, and listen to them."""
        await asyncio.gather(*(self._prepare(room) for room in self._rooms))

    async def _prepare(self, room: str) -> None:
        await self._region.submit(room, Create(), by=ANN)
        await self._region.submit(room, Attach(), by=ANN, listen=True)

    async def saturated(self, window: int, seconds: float) -> KernelOutcome:
        """`window` messages under way at any time."""
        return await self._measured("saturated", *(self._loop(seconds) for _ in range(window)))

    async def paced(self, rate: int, seconds: float) -> KernelOutcome:
        """`rate` messages a second, whatever becomes of them."""
        return await self._measured(f"{rate}/s", self._on_a_clock(rate, seconds))

    async def _measured(self, name: str, *work: Coroutine[Any, Any, None]) -> KernelOutcome:
        self._latencies.clear()
        heard, cpu_s, started_s = self._heard[0], cpu_seconds(), time.perf_counter()
        await asyncio.gather(*work)
        seconds = time.perf_counter() - started_s
        return KernelOutcome(
            name=name,
            messages=len(self._latencies),
            seconds=seconds,
            latencies_ms=list(self._latencies),
            delivered=self._heard[0] - heard,
            cpu_s={part: seconds - cpu_s.get(part, 0.0) for part, seconds in cpu_seconds().items()},
        )

    async def _loop(self, seconds: float) -> None:
        until_s = time.perf_counter() + seconds
        while time.perf_counter() < until_s:
            await self._post(time.perf_counter())

    async def _on_a_clock(self, rate: int, seconds: float) -> None:
        started_s = time.perf_counter()
        running = []
        for number in range(int(rate * seconds)):
            due_s = started_s + number / rate
            if (pause_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(pause_s)
            running.append(asyncio.ensure_future(self._post(due_s)))
        await asyncio.gather(*running)

    async def _post(self, due_s: float) -> None:
        self._sent += 1
        client_id = f"c{self._sent}"
        room = self._rooms[self._sent % len(self._rooms)]
        await self._region.submit(
            room, Post(body=BODY, client_id=client_id), by=ANN, command_id=f"ann:{os.getpid()}:{client_id}"
        )
        self._latencies.append((time.perf_counter() - due_s) * 1000)


def cpu_seconds() -> dict[str, float]:
    """CPU time of this process (the region) and of those below it, by what they are."""
    spent = dict.fromkeys(("region", "shards", "mongod", "ray", "all"), 0.0)
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        try:
            times, name = process.cpu_times(), process.name()
        except psutil.Error:
            continue
        part = "region" if process.pid == me.pid else "mongod" if name == "mongod" else "ray"
        part = "shards" if name.startswith("ray::ShardActor") else part
        spent[part] += times.user + times.system
        spent["all"] += times.user + times.system
    return spent


async def bench(args: argparse.Namespace, settings: Settings) -> list[dict[str, object]]:
    """Every phase, `args.runs` times."""
    recipe = CarewireSpec(settings)
    stores = await recipe.open()
    names = await ensure_shards(recipe, stores)
    heard = [0]

    def count(deliveries: list[protocol.TopicDelivery]) -> None:
        heard[0] += len(deliveries)

    region = Region(
        "bench",
        RemoteDirectory(stores.maps, settings.cluster.node_tls()),
        kinds_to_pools(recipe),
        settings=settings.kernel,
        clock=SystemClock(),
        on_deliveries=count,
    )
    await region.start()
    load = KernelLoad(region, args.rooms, heard)
    await load.prepare()
    calm_collector()  # as gateways do
    await load.saturated(args.window, 2.0)  # warm up
    results = []
    for _ in range(args.runs):
        for outcome in (
            await load.paced(200, args.seconds),
            await load.paced(2000, args.seconds),
            await load.saturated(args.window, args.seconds),
        ):
            results.append(outcome.report())
            print(json.dumps(results[-1]), flush=True)
    await region.close()
    await stop_shards(names)
    stores.close()
    return results


def main() -> None:
    """Start mongod and Ray, measure, and take everything down again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--window", type=int, default=2000)
    args = parser.parse_args()
    with benchmark() as (runner, data_dir):
        runner.run(_with_everything(args, data_dir))


async def _with_everything(args: argparse.Namespace, data_dir: Path) -> None:
    import ray

    settings = Settings(data_dir=data_dir)
    mongo = EmbeddedMongo(settings.mongo.model_copy(update={"port": 27500 + os.getpid() % 400}), data_dir)
    async with mongo:
        mongo_settings = settings.mongo.model_copy(update={"url": SecretStr(mongo.url)})
        settings = settings.model_copy(update={"mongo": mongo_settings})
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        ray.init(
            address="local",
            namespace="carewire",
            num_cpus=4,
            include_dashboard=False,
            object_store_memory=100 * 2**20,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        try:
            results = await bench(args, settings)
        finally:
            ray.shutdown()
    for phase in sorted({str(result["phase"]) for result in results}):
        rates = [float(str(one["messages_per_s"])) for one in results if one["phase"] == phase]
        p99s = [float(str(one["ack_p99_ms"])) for one in results if one["phase"] == phase]
        print(
            f"{phase}: {min(rates):.0f}-{max(rates):.0f} messages/s (median {statistics.median(rates):.0f}),"
            f" ack p99 {min(p99s):.1f}-{max(p99s):.1f} ms"
        )


if __name__ == "__main__":
    main()
