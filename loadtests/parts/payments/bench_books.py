"""The books in a mongod: debit and credit of very many postings, and a day's statement laid beside them.

    python -m loadtests.parts.payments.bench_books [--postings 1000000] [--transactions 100000]

*Trial balance*: as it is asked for; `first`, by whoever asks first once the job has made the sums (`sums_made`: in so
long, in the background); and the textbook's way, reading every posting and adding. *Reconciliation*: the job reads
a day's balance transactions of a Stripe in a process of its own, a page of 100 at a time, and compares them with
as many postings, until it is done; seconds, and by how much this process grows. Floors: 1 s, also the first time; 120
s; 100 MB. Exits with 1 when one is missed.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import psutil
from pydantic import SecretStr

from actors.jobs.activities import Step, StepDone
from actors.payments.ledger import INDEXES, POSTINGS
from common.clock import SystemClock
from config.capabilities.payments import StripeSettings
from config.settings import MongoSettings
from loadtests.lib.servers import free_ports
from loadtests.parts.payments.statement import AMOUNT, DAY_S, FEE, moved_s, source_of
from serve_app.capabilities.payments.connectors.stripe.provider import StripeProvider
from serve_app.capabilities.payments.ledger import reconciling
from serve_app.capabilities.payments.ledger.books import Books
from serve_app.capabilities.payments.ledger.keeping import KeepingSums
from serve_app.capabilities.payments.ledger.reconciling import Reconciling
from store.embedded.server import EmbeddedMongo
from store.mongo.client import Database, Document, open_client
from store.mongo.kernel.views import view_index

FLOORS: Final = {
    "trial_balance_s": 1.0,
    "trial_balance_first_s": 1.0,
    "reconciliation_s": 120.0,
    "reconciliation_mb": 100.0,
}
NOW: Final = 1_800_000_000_000
_BATCH: Final = 20_000


async def trial_balance(database: Database, count: int) -> dict[str, float]:
    """Seconds of the trial balance of so many postings."""
    await _fill(database, count)
    print(f"{count} postings are there", flush=True)
    began_s = time.perf_counter()
    await _worked(KeepingSums(database), "ledger_sums", {})
    made = time.perf_counter() - began_s
    began_s = time.perf_counter()
    await Books(database).trial_balance()
    first = time.perf_counter() - began_s
    best, found = await _best(lambda: Books(database).trial_balance())
    assert sum(debit - credit for debit, credit in found.values()) == 0
    reading, total = await _best(lambda: _added(database))
    assert total == 0
    return {
        "postings": count,
        "sums_made_s": round(made, 2),
        "trial_balance_first_s": round(first, 2),
        "trial_balance_s": round(best, 2),
        "trial_balance_textbook_s": round(reading, 2),
    }


async def reconciliation(database: Database, count: int) -> dict[str, float]:
    """A day with so many transactions, all of which agree."""
    for name, indexes in reconciling.INDEXES.items():
        await database[name].create_indexes(indexes)
    end_s = NOW // 1000
    await _paid(database, count, end_s)
    stripe = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtests.parts.payments.statement", f"{count}", f"{end_s}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert stripe.stdout is not None
    url = f"http://127.0.0.1:{int(await stripe.stdout.readline())}"
    settings, clock = StripeSettings(secret_key=SecretStr("sk_test_bench"), base_url=url), SystemClock()
    work = Reconciling(database, {"stripe": lambda: StripeProvider(settings, clock, 20.0)}, clock)
    own = psutil.Process()
    before, most = own.memory_info().rss, 0

    def grown() -> None:
        nonlocal most
        most = max(most, own.memory_info().rss - before)

    about = {"provider": "stripe", "from_ms": f"{NOW - DAY_S * 1000}", "to_ms": f"{NOW + 3_600_000}"}
    began_s, cpu_s = time.perf_counter(), time.process_time()
    found = await _worked(work, "reconcile", about, after=grown)
    lasted_s, used_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    await stripe.communicate()
    assert found == {"matched": count, "differences": 0}, found
    return {
        "transactions": count,
        "reconciliation_s": round(lasted_s, 1),
        "reconciliation_cpu_s": round(used_s, 1),
        "reconciliation_mb": round(most / 2**20, 1),
    }


async def _worked(
    work: Any, kind: str, about: dict[str, str], after: Callable[[], None] = lambda: None
) -> dict[str, int]:
    """A job, step by step, to its end: its result."""
    done = StepDone(cursor="", done=0, result={})
    while True:
        step = Step(
            job="job_bench", kind=kind, cursor=done.cursor, done=done.done, result=done.result, about=about, started=NOW
        )
        done = await work.step(step)
        after()
        if not done.cursor:
            return dict(done.result)


async def _fill(database: Database, count: int) -> None:
    dice = random.Random(1)
    for first in range(0, count, _BATCH):
        rows: list[Document] = []
        for number in range(first, min(first + _BATCH, count), 2):
            amount = dice.randrange(1, 20_000)
            for account, moved in (("provider:stripe", amount), (f"payable:t{number % 500}", -amount)):
                rows.append(_posting(number, account, moved, NOW + number, f"pi_{number}"))
        await database[POSTINGS].insert_many(rows, ordered=False)


async def _paid(database: Database, count: int, end_s: int) -> None:
    for first in range(0, count, _BATCH):
        rows: list[Document] = []
        for number in range(first, min(first + _BATCH, count)):
            at, source = moved_s(number, count, end_s) * 1000, source_of(number)
            parts = (("provider:stripe", AMOUNT - FEE), ("fees:stripe", FEE), (f"payable:t{number % 500}", -AMOUNT))
            rows += [_posting(number, account, moved, at, source) for account, moved in parts]
        await database[POSTINGS].insert_many(rows, ordered=False)


def _posting(number: int, account: str, moved: int, at: int, source: str) -> Document:
    id_ = f"bill:bil_{number}#3.0.{account}"
    fields = {"account": account, "currency": "EUR", "amount": moved, "kind": "charge", "at": at, "source": source}
    return {"_id": id_, "v": 3, "f": fields | {"order": f"{at:015d}|{id_}"}, "d": bytes(120)}


async def _best(action: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    best, found = float("inf"), None
    for _ in range(3):
        began_s = time.perf_counter()
        found = await action()
        best = min(best, time.perf_counter() - began_s)
    return best, found


async def _added(database: Database) -> int:
    total = 0
    async for one in database[POSTINGS].find({}, projection={"f.amount": 1}):
        total += one["f"]["amount"]
    return total


def told(found: dict[str, float]) -> dict[str, float]:
    """The same, printed."""
    for name, value in found.items():
        floor = FLOORS.get(name)
        print(f"{name:28} {value:>12}" + (f"   (floor {floor:g})" if floor is not None else ""), flush=True)
    return found


async def measured(postings: int, transactions: int) -> dict[str, float]:
    """Both, in one mongod."""
    with tempfile.TemporaryDirectory(prefix="carewire-bench-") as data:
        (port,) = free_ports(1)
        async with EmbeddedMongo(MongoSettings(port=port), Path(data)) as server:
            client = open_client(server.url, timeout_s=60)
            database = client["bench"]
            await database[POSTINGS].create_indexes([view_index(one) for one in INDEXES])
            found = told(await reconciliation(database, transactions))
            await database.client.drop_database(database)
            await database[POSTINGS].create_indexes([view_index(one) for one in INDEXES])
            found |= told(await trial_balance(database, postings))
            client.close()
    return found


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postings", type=int, default=1_000_000)
    parser.add_argument("--transactions", type=int, default=100_000)
    asked = parser.parse_args()
    found = asyncio.run(measured(asked.postings, asked.transactions))
    missed = [name for name, floor in FLOORS.items() if found[name] > floor]
    print("every floor is met" if not missed else f"missed: {', '.join(missed)}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
