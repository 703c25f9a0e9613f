"""Calls to partners beside letters and beside the textbook's way: what does one cost, and how soon does it go?

    python -m loadtests.parts.bench_activities [--rate 300] [--seconds 8] [--runs 3]

Everything in this process over a real mongod: shards, a region, a runner with a partner that answers at once. Each
phase gives 1,000 entities in turn a command, `--rate` times a second on a clock.

*command*: the command alone, one turn. *letter*: its event sends a letter, which is a turn of another entity.
*activity*: its event owes an activity; the answer is a turn of its entity. *textbook*: a document is inserted, claimed
by a worker with findAndModify, and deleted (majority-committed all three), beside the command. *saturated*: `--window`
activities under way at any time. CPU is of this process and of mongod, for each one; "handed over" is from the
command's ack to the begin of the call.

The peer, where a `redis-server` is on the PATH: arq on Redis, at the same pace and saturated. It looks for jobs each
half second by default; `arq, eager` has it look each 10 ms.
"""

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from pydantic import SecretStr
from pymongo import ReturnDocument, WriteConcern

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.activities.activity_ids import mark_of
from common.clock import SystemClock
from common.lib.collector import calm_collector
from config.settings import ActivitySettings, Settings
from loadtests.lib.debtors import PAYLOAD, DebtorKind, InstantPartner, Owe, Places, entity_of
from loadtests.lib.workloads import percentile
from loadtests.parts.running import benchmark
from loadtests.peers.peer_arq import PeerArq, peer_arq
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from store.embedded.server import EmbeddedMongo
from store.mongo.client import Database, open_client
from store.stores import open_stores

POOL: Final = "rooms"
_PEER_S: Final = 60.0


@dataclass
class ActivityBench:
    """The parts, and what is being counted."""

    region: Region
    partner: InstantPartner
    jobs: Any  # the textbook's collection
    mongod: psutil.Process
    number: int = 0
    acked: dict[bytes, float] = field(default_factory=dict)

    async def owe(self, what: str) -> None:
        """One command."""
        self.number = number = self.number + 1
        await self.region.submit(entity_of(number), Owe(number, what), by=SYSTEM)
        self.acked[mark_of(entity_of(number), f"{number}")] = time.perf_counter()

    async def textbook(self) -> None:
        """A command, and a job in a collection: inserted, claimed, deleted."""
        await self.owe("")
        await self.jobs.insert_one({"payload": PAYLOAD, "state": "new", "due": time.time()})
        claimed = await self.jobs.find_one_and_update(
            {"state": "new", "due": {"$lte": time.time()}},
            {"$set": {"state": "claimed"}},
            sort=[("due", 1)],
            return_document=ReturnDocument.AFTER,
        )
        if claimed is not None:
            await self.jobs.delete_one({"_id": claimed["_id"]})

    async def paced(self, name: str, work: Callable[[], Awaitable[None]], rate: int, seconds: float) -> dict[str, Any]:
        """`rate` times a second, whatever becomes of them."""
        self.acked.clear()
        self.partner.begun.clear()
        before, started_s = _cpu(self.mongod), time.perf_counter()
        running = []
        count = int(rate * seconds)
        for number in range(count):
            if (pause_s := started_s + number / rate - time.perf_counter()) > 0:
                await asyncio.sleep(pause_s)
            running.append(asyncio.ensure_future(work()))
        await asyncio.gather(*running)
        await self.partner.reached(count if name == "activity" else 0)
        return self._report(name, count, before, time.perf_counter() - started_s)

    async def saturated(self, window: int, seconds: float) -> dict[str, Any]:
        """So many under way at any time."""
        self.acked.clear()
        self.partner.begun.clear()
        before, started_s = _cpu(self.mongod), time.perf_counter()
        until_s = started_s + seconds

        async def one() -> None:
            while time.perf_counter() < until_s:
                await self.owe("activity")

        await asyncio.gather(*(one() for _ in range(window)))
        await self.partner.reached(len(self.acked))
        return self._report("saturated", len(self.acked), before, time.perf_counter() - started_s)

    def _report(self, name: str, count: int, before: tuple[float, float], seconds: float) -> dict[str, Any]:
        app_s, mongod_s = (after - was for after, was in zip(_cpu(self.mongod), before, strict=True))
        report: dict[str, Any] = {
            "phase": name,
            "per_s": round(count / seconds),
            "app_ms_each": round(app_s / count * 1000, 3),
            "mongod_ms_each": round(mongod_s / count * 1000, 3),
        }
        if self.partner.begun:
            waits = [max(0.0, begun - self.acked[mark]) * 1000 for mark, begun in self.partner.begun.items()]
            report["handed_over_p50_ms"] = round(percentile(waits, 0.5), 1)
            report["handed_over_p99_ms"] = round(percentile(waits, 0.99), 1)
        return report


def ratios(results: Sequence[dict[str, Any]]) -> dict[str, float]:
    """What the phases cost beyond the command alone, beside each other; the best of the runs of each."""
    least: dict[str, float] = {}
    for one in results:
        cost = one["app_ms_each"] + one["mongod_ms_each"]
        least[one["phase"]] = min(cost, least.get(one["phase"], cost))
    whole = {name: least[name] for name in ("letter", "activity", "textbook")}
    return {
        "activity / letter": round(whole["activity"] / whole["letter"], 2),
        "activity / textbook": round(whole["activity"] / whole["textbook"], 2),
    }


async def bench(args: argparse.Namespace, settings: Settings, mongod: psutil.Process) -> None:
    """Every phase, `args.runs` times."""
    assert settings.mongo.url is not None
    clock = SystemClock()
    stores = await open_stores(settings, [])
    cluster = LocalCluster(stores, [DebtorKind()], settings=settings.kernel, clock=clock, pool=POOL)
    await cluster.start()
    region = await cluster.region("bench")
    partner = InstantPartner()
    runner = Runner(
        name="bench",
        workplaces=Places(cluster),
        pools=[POOL],
        region=await cluster.region("runner"),
        payloads=Payloads(stores.vault),
        connectors=[partner],
        settings=ActivitySettings(),
        clock=clock,
    )
    await runner.start()
    client = open_client(settings.mongo.url.get_secret_value(), timeout_s=10)
    one = ActivityBench(region, partner, await _jobs(client[settings.mongo.database]), mongod)
    calm_collector()
    for what in ("", "letter", "activity"):
        await one.paced(what, lambda what=what: one.owe(what), args.rate, 2.0)  # type: ignore[misc]
    results = []
    for _ in range(args.runs):
        for report in (
            await one.paced("command", lambda: one.owe(""), args.rate, args.seconds),
            await one.paced("letter", lambda: one.owe("letter"), args.rate, args.seconds),
            await one.paced("activity", lambda: one.owe("activity"), args.rate, args.seconds),
            await one.paced("textbook", one.textbook, args.rate, args.seconds),
            await one.paced("activity", lambda: one.owe("activity"), 20, args.seconds) | {"phase": "idle"},
            await one.saturated(args.window, args.seconds),
        ):
            results.append(report)
            print(json.dumps(report), flush=True)
    print(json.dumps(ratios(results)))
    await runner.close()
    await cluster.stop()
    client.close()
    stores.close()


async def bench_peer(args: argparse.Namespace, data_dir: Path) -> None:
    """arq, once with its own pause between two looks, once with a short one."""
    if shutil.which("redis-server") is None:
        print("arq: there is no redis-server here")
        return
    for name, poll_s in (("arq", 0.5), ("arq, eager", 0.01)):
        async with peer_arq(Path(tempfile.mkdtemp(dir=data_dir)), args.port + 1, poll_s=poll_s) as peer:
            await _paced(peer, args.rate, 1.0)
            for rate, phase in ((args.rate, "paced"), (20, "idle")):
                print(json.dumps(await _paced(peer, rate, args.seconds) | {"phase": f"{name}, {phase}"}), flush=True)
            report = await _saturated(peer, args.window, args.seconds) | {"phase": f"{name}, saturated"}
            print(json.dumps(report), flush=True)


async def _paced(peer: PeerArq, rate: int, seconds: float) -> dict[str, Any]:
    return await _measured(peer, _at_rate(peer, rate, seconds))


async def _at_rate(peer: PeerArq, rate: int, seconds: float) -> None:
    started_s, running = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        if (pause_s := started_s + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(pause_s)
        running.append(asyncio.ensure_future(peer.enqueue()))
    await asyncio.gather(*running)


async def _saturated(peer: PeerArq, window: int, seconds: float) -> dict[str, Any]:
    until_s = time.perf_counter() + seconds

    async def one() -> None:
        while time.perf_counter() < until_s:
            if len(peer.acked) - len(peer.begun) < window:  # as many under way as with us
                await peer.enqueue()
            else:
                await asyncio.sleep(0.001)

    return await _measured(peer, _all(one() for _ in range(window)))


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)


async def _measured(peer: PeerArq, work: Coroutine[Any, Any, None]) -> dict[str, Any]:
    peer.forget()
    before, started_s = _cpu(peer.server), time.perf_counter()
    await work
    await peer.all_begun(_PEER_S)
    seconds, count, waits = time.perf_counter() - started_s, len(peer.acked), peer.waits_ms()
    app_s, redis_s = (after - was for after, was in zip(_cpu(peer.server), before, strict=True))
    return {
        "per_s": round(count / seconds),
        "app_ms_each": round(app_s / count * 1000, 3),
        "redis_ms_each": round(redis_s / count * 1000, 3),
        "handed_over_p50_ms": round(percentile(waits, 0.5), 1),
        "handed_over_p99_ms": round(percentile(waits, 0.99), 1),
    }


def _cpu(server: psutil.Process) -> tuple[float, float]:
    """Of this process and of the database, in seconds."""
    mine, its = psutil.Process().cpu_times(), server.cpu_times()
    return mine.user + mine.system, its.user + its.system


async def _jobs(database: Database) -> Any:
    jobs = database.get_collection("jobs", write_concern=WriteConcern("majority", j=True))
    await jobs.create_index([("state", 1), ("due", 1)])
    return jobs


async def _with_mongod(args: argparse.Namespace, data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    async with EmbeddedMongo(settings.mongo.model_copy(update={"port": args.port}), data_dir) as mongo:
        url = settings.mongo.model_copy(update={"url": SecretStr(mongo.url)})
        mongod = next(one for one in psutil.Process().children(recursive=True) if one.name() == "mongod")
        await bench(args, settings.model_copy(update={"mongo": url}), mongod)


def main() -> None:
    """Start mongod, measure, and take it down again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--window", type=int, default=400)
    parser.add_argument("--port", type=int, default=27460, help="of mongod")
    args = parser.parse_args()
    with benchmark() as (runner, data_dir):
        runner.run(_with_mongod(args, data_dir))
        runner.run(bench_peer(args, data_dir))


if __name__ == "__main__":
    main()
