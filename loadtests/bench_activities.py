"""Calls to partners beside letters and beside the textbook's way: what does one cost, and how soon does it go?

    python -m loadtests.bench_activities [--rate 300] [--seconds 8] [--runs 3]

Everything in this process over a real mongod: shards, a region, a runner with a partner that answers at once. Each
phase gives 1,000 entities in turn a command, `--rate` times a second on a clock.

*command*: the command alone, one turn. *letter*: its event sends a letter, which is a turn of another entity.
*activity*: its event owes an activity; the answer is a turn of its entity. *textbook*: a document is inserted, claimed
by a worker with findAndModify, and deleted (majority-committed all three), beside the command. *saturated*: `--window`
activities under way at any time. CPU is of this process and of mongod, for each one; "handed over" is from the
command's ack to the begin of the call.
"""

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
from pydantic import SecretStr
from pymongo import ReturnDocument, WriteConcern
from typing_extensions import override

from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import WorkClient
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import (
    SYSTEM,
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Letter,
    Principal,
    Recorded,
)
from actors.kernel.effects.activity_ids import mark_of
from common.clock import SystemClock
from common.lib.collector import calm_collector
from common.logs import configure_logging
from config.settings import ActivitySettings, Settings
from loadtests.bench_kernel import uvloop_runner
from loadtests.lib.workloads import percentile
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from store.embedded.server import EmbeddedMongo
from store.mongo.client import Database, open_client
from store.ports.maps import PartitionMap
from store.stores import open_stores

ENTITIES: Final = 1000
PAYLOAD: Final = b"x" * 100
POOL: Final = "rooms"
_DRAIN_S: Final = 60.0


class Owe(Command[None], frozen=True, tag="owe"):
    """Do it, and owe what `what` says."""

    number: int
    what: str


class Told(Command[None], frozen=True, tag="told"):
    """What a letter says."""

    number: int


class Owed(Event, frozen=True, kw_only=True, array_like=True, tag="owed"):
    """It was asked for."""

    number: int
    what: str


class WasTold(Event, frozen=True, kw_only=True, array_like=True, tag="was_told"):
    """The letter has come."""

    number: int


class Debtor:
    """An entity that does what it is told."""

    def decide(self, command: Owe | Told, context: Context, version: int) -> Decision:
        """One event."""
        del context, version
        if isinstance(command, Told):
            return Decision(events=[WasTold(number=command.number)])
        return Decision(events=[Owed(number=command.number, what=command.what)])

    def apply(self, event: Owed | WasTold, seq: int, at_ms: int) -> None:
        """It has no state."""


class DebtorKind(Kind[Debtor, Owe | Told, Owed | WasTold]):
    """`debtor:<number>`."""

    name = "debtor"
    commands = Owe | Told
    events = Owed | WasTold

    @override
    def create(self, key: str) -> Debtor:
        return Debtor()

    @override
    def snapshot(self, entity: Debtor) -> bytes:
        return b""

    @override
    def restore(self, key: str, state: bytes) -> Debtor:
        return Debtor()

    @override
    def admit(self, entity: Debtor, by: Principal) -> None:
        return None

    @override
    def show(self, entity_id: str, recorded: Recorded[Owed | WasTold], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[Owed | WasTold], part: None) -> Effects | None:
        event = recorded.event
        if isinstance(event, WasTold) or not event.what:
            return None
        if event.what == "letter":
            told = msgspec.msgpack.encode(Told(event.number))
            return Effects(letters=[Letter(entity_of(event.number + 1), told)])
        activity = Activity(connector="bench", key=f"{event.number}", payload=PAYLOAD, owner="ann")
        return Effects(activities=[activity])


class Nothing(Connector):
    """A partner that answers at once. `begun` holds when each call began."""

    name = "bench"
    remembers_s = FOR_EVER_S
    capacity = Capacity(at_once=400, call_s=20.0)

    def __init__(self) -> None:
        self.begun: dict[bytes, float] = {}
        self._wanted = 0
        self._reached = asyncio.Event()

    @override
    async def carry_out(self, call: Call) -> bytes:
        self.begun[call.key.mark] = time.perf_counter()
        if len(self.begun) >= self._wanted:
            self._reached.set()
        return b""

    async def reached(self, count: int) -> None:
        """Wait until it was called so often."""
        self._wanted = count
        self._reached.clear()
        if len(self.begun) < count:
            async with asyncio.timeout(_DRAIN_S):
                await self._reached.wait()

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        return None


@dataclass(frozen=True)
class Places:
    """Where there is work, in this process."""

    cluster: LocalCluster

    async def read_map(self, pool: str) -> PartitionMap:
        """See `activities.runner.Workplaces`."""
        return await self.cluster.read_map(pool)

    def workplace(self, shard: str) -> WorkClient:
        """See `activities.runner.Workplaces`."""
        return self.cluster.workplace(shard)


@dataclass
class Bench:
    """The parts, and what is being counted."""

    region: Region
    partner: Nothing
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
        before, started_s = self._cpu(), time.perf_counter()
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
        before, started_s = self._cpu(), time.perf_counter()
        until_s = started_s + seconds

        async def one() -> None:
            while time.perf_counter() < until_s:
                await self.owe("activity")

        await asyncio.gather(*(one() for _ in range(window)))
        await self.partner.reached(len(self.acked))
        return self._report("saturated", len(self.acked), before, time.perf_counter() - started_s)

    def _report(self, name: str, count: int, before: tuple[float, float], seconds: float) -> dict[str, Any]:
        app_s, mongod_s = (after - was for after, was in zip(self._cpu(), before, strict=True))
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

    def _cpu(self) -> tuple[float, float]:
        mine, its = psutil.Process().cpu_times(), self.mongod.cpu_times()
        return mine.user + mine.system, its.user + its.system


def entity_of(number: int) -> str:
    """In turn."""
    return f"debtor:{number % ENTITIES}"


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
    partner = Nothing()
    runner = Runner(
        "bench",
        Places(cluster),
        [POOL],
        await cluster.region("runner"),
        Payloads(stores.vault),
        [partner],
        settings=ActivitySettings(),
        clock=clock,
    )
    await runner.start()
    client = open_client(settings.mongo.url.get_secret_value(), timeout_s=10)
    one = Bench(region, partner, await _jobs(client[settings.mongo.database]), mongod)
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
    configure_logging("WARNING", "console")
    data_dir = Path(tempfile.mkdtemp(prefix="cwb-"))
    try:
        with uvloop_runner() as loop:
            loop.run(_with_mongod(args, data_dir))
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    main()
