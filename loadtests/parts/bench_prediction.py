"""Benchmark of the Predictor deployment: batched beside unbatched, the cache on and off, in one run.

Workload: 200 concurrent callers, each asking again as soon as it is answered (throughput), then 200 requests a second
at an even pace (latency); requests differ, so that the cache is hit only where a run says so. One replica. Reported:
requests/s, p50 and p99 in ms, the replica's CPU time a request (which a busy machine changes least), failed requests;
the spread is over the rounds.

    python -m loadtests.parts.bench_prediction [--seconds 6] [--rounds 3]
"""

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
import ray
from ray import serve

from config.ml import MlSettings
from serve_app.capabilities.prediction.client import PredictorClient
from serve_app.cluster.predictor import predictor

CALLERS = 200
RATE = 200.0
COMPLAINTS = (
    ["high fever", "dry cough", "aching all over"],
    ["tummy ache", "throwing up since last night"],
    ["pounding headache on one side", "light hurts my eyes"],
    ["feeling down", "can't sleep"],
    ["chest tightness when I climb stairs"],
    ["runny nose", "sneezing"],
    ["burning when I pee"],
    ["worry all the time", "heart racing"],
)
ALONE: dict[str, Any] = {
    "bundle_size": 1,
    "bundle_wait_ms": 0.0,
    "calls_in_flight": 512,
    "cache_size": 0,
}  # every request its own call
VARIANTS: dict[str, dict[str, Any]] = {
    "batched, no cache": {"cache_size": 0},
    "unbatched, no cache": ALONE | {"batch_size": 1, "batch_wait_ms": 0.0},
    "batched in the replica only": ALONE,
    "batched, cache": {},
}


@dataclass(slots=True)
class PredictionTally:
    """What one run counted."""

    took_ms: list[float] = field(default_factory=list)
    failed: int = 0

    def line(self, seconds: float) -> tuple[float, float, float, int]:
        """Requests/s, p50 ms, p99 ms, failed."""
        took = sorted(self.took_ms) or [float("nan")]
        return len(took) / seconds, took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.99))], self.failed


class Asker:
    """Asks one question after the other; `repeat` of them differ."""

    def __init__(self, client: PredictorClient, repeat: int) -> None:
        self._client, self._repeat, self._count = client, repeat, itertools.count()

    async def ask(self, tally: PredictionTally) -> None:
        """One request, timed and counted."""
        number = next(self._count) % self._repeat
        body: dict[str, object] = {
            "symptoms": COMPLAINTS[number % len(COMPLAINTS)],
            "age": 18 + (number // len(COMPLAINTS)) * 0.02 % 70,
            "sex": "female",
        }
        began = time.perf_counter()
        try:
            reply = await self._client.ask("predict", body)
        except Exception:  # a call that failed is counted, whatever failed  # noqa: BLE001
            tally.failed += 1
            return
        tally.failed += "error" in reply
        tally.took_ms.append((time.perf_counter() - began) * 1000)


async def closed_loop(asker: Asker, seconds: float) -> PredictionTally:
    """Every caller asks again as soon as it has its answer."""
    tally, until = PredictionTally(), time.perf_counter() + seconds

    async def caller() -> None:
        while time.perf_counter() < until:
            await asker.ask(tally)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return tally


async def even_pace(asker: Asker, seconds: float) -> PredictionTally:
    """`RATE` requests a second, whether or not earlier ones have been answered."""
    tally, began = PredictionTally(), time.perf_counter()
    running: list[asyncio.Task[None]] = []
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        running.append(asyncio.create_task(asker.ask(tally)))
    await asyncio.gather(*running)
    return tally


Load = Callable[[Asker, float], Awaitable[PredictionTally]]
LOADS: dict[str, Load] = {f"{CALLERS} callers": closed_loop, f"{RATE:g} requests/s": even_pace}


async def bench(name: str, client: PredictorClient, seconds: float, rounds: int) -> None:
    """All loads on one variant."""
    repeat = 256 if name.endswith(", cache") else 10**9
    asker = Asker(client, repeat)
    await closed_loop(asker, 1.0)  # warm
    for title, load in LOADS.items():
        began = _replica_cpu_s()
        rows = [(await load(asker, seconds)).line(seconds) for _ in range(rounds)]
        cpu_ms = (_replica_cpu_s() - began) * 1000 / max(1.0, sum(row[0] for row in rows) * seconds)
        rate, p50, p99 = (statistics.median(row[at] for row in rows) for at in range(3))
        spread = f"{min(row[2] for row in rows):.0f}-{max(row[2] for row in rows):.0f}"
        failed = sum(row[3] for row in rows)
        print(
            f"| {name} | {title} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {spread} | {cpu_ms:.2f} | {failed} |",
            flush=True,
        )


def _replica_cpu_s() -> float:
    """CPU seconds that the predictor's processes have used so far."""
    total = 0.0
    for process in psutil.process_iter(["cmdline", "cpu_times"]):
        if "ServeReplica:ml:Predictor" in " ".join(process.info["cmdline"] or ()):
            total += process.info["cpu_times"].user + process.info["cpu_times"].system
    return total


def main() -> None:
    """Run every variant and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        print("| variant | load | requests/s | p50 ms | p99 ms | p99 of rounds | CPU ms | failed |")
        print("|---" * 8 + "|", flush=True)
        for name, changes in VARIANTS.items():
            settings = MlSettings(replicas_max=1, max_ongoing_requests=512, deadline_s=30.0, **changes)
            handle = serve.run(predictor(settings), name="ml", route_prefix=None)
            asyncio.run(bench(name, PredictorClient(handle, settings), options.seconds, options.rounds))
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]  # Ray leaves it unannotated
        ray.shutdown()


if __name__ == "__main__":
    main()
