"""Payments through the whole program, started by it, with a Stripe of our own in this process.

    python -m loadtests.whole.paying.bench_payments [--seconds 10] [--djstripe PYTHON] [--parts] [--json FILE]

*Paying*: `POST /api/bills/{bill_id}/pay` with a saved card, 20 a second, from when each was due to `succeeded`; and how
much of that is not Stripe's own time. *Slow partner*: the same while Stripe takes 300 ms for each answer. *Saturated*:
16 always under way; payments a second with everything journaled, and the webhooks of them taken. *Webhooks*: 300 a
second, from when each was due to its ack, about payments of ours, each of which is read again; then about nobody's.
*Quotes*: 20 a second. *Live*: payers type cards at Stripe, 50 a second; from there to `payment_updated` at their
sockets. *Runner*: its memory, with the connectors of Stripe, PayPal and Razorpay.

The peer is dj-stripe 2.11 on Django with SQLite, which is sent the webhooks of the saturated phase, each once, and does
nothing else: its webhooks a second, by how many a payment has, are its payments a second. It wants a Python of its own,
for it needs stripe 15: `python -m venv DIR; DIR/bin/pip install dj-stripe==2.11.0 'stripe<16' waitress`. `--parts` runs
`parts.payments.bench_bill` and `parts.payments.bench_books` too.

The server has all cores but the last, this process the last. Floors stand beside the figures; exits with 1 when one is
missed or something failed.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import uvloop

from loadtests.lib.servers import Server, carewire
from loadtests.lib.workloads import percentile
from loadtests.whole.bench_bookings import on_a_clock
from loadtests.whole.paying.beside import peer_rate
from loadtests.whole.paying.counter import PayCounter, TimedStripe, delivering
from tests.fakes.paypal.server import CLIENT_ID, CLIENT_SECRET, PaypalServer
from tests.fakes.paypal.signing import WEBHOOK_ID, Signing
from tests.fakes.razorpay.account import KEY_ID, KEY_SECRET
from tests.fakes.razorpay.server import WEBHOOK_SECRET as RAZORPAY_SECRET
from tests.fakes.razorpay.server import RazorpayServer
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY
from tests.fakes.stripe.webhooks import WEBHOOK_SECRET

PAY_RATE: Final = 20.0
WEBHOOK_RATE: Final = 300.0
LIVE_RATE: Final = 50.0
SLOW_S: Final = 0.3
SLOW_RATE: Final = 5.0
WARMUP_S: Final = 3.0
AT_ONCE: Final = 16
PAYERS: Final = 40
DRAIN_S: Final = 10.0
RUNNER: Final = "ServeReplica:carewire:ActivityRunner"
FLOORS: Final[Mapping[str, float]] = {
    "pay_above_p50_ms": 60.0,
    "pay_p99_ms": 250.0,
    "pay_slow_p99_ms": 2000.0,
    "webhook_p99_ms": 50.0,
    "quote_p99_ms": 10.0,
    "live_p99_ms": 500.0,
    "runner_mb": 140.0,
}
"""At most."""
PARTS: Final = ("bench_bill", "bench_books")


class Bench:
    """What was found, phase by phase. `failed`: what did not end as it should."""

    def __init__(self, server: Server, counter: PayCounter, seconds: float) -> None:
        self._server, self._counter, self._seconds = server, counter, seconds
        self._warmup_s = min(WARMUP_S, seconds)
        self.found: dict[str, float] = {}
        self.failed: list[str] = []

    async def paying(self) -> None:
        """At the usual rate, and with a slow partner."""
        times = await self._paid(PAY_RATE, self._seconds, self._warmup_s)
        own = self._counter.stripe.own_ns
        self._note("pay", [took for _, took in times])
        self._note("pay_above", [took - own.get(bill, 0) / 1e6 for bill, took in times])
        self._counter.stripe.delay_s = SLOW_S
        try:
            self._note("pay_slow", [took for _, took in await self._paid(SLOW_RATE, self._seconds / 2, 0.0)])
        finally:
            self._counter.stripe.delay_s = 0.0

    async def saturated(self) -> None:
        """As fast as it goes."""
        bills = await self._counter.bills(int(40 * self._seconds))
        by_process = self._server.cpu_by_process_s()
        waiting, began_s, cpu_s = iter(bills), time.perf_counter(), self._server.cpu_s()

        async def worker() -> None:
            for payer, bill in waiting:
                await self._pay(payer, bill)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        lasted_s = time.perf_counter() - began_s
        for name, total_s in sorted(self._server.cpu_by_process_s().items()):
            if (each_ms := (total_s - by_process.get(name, 0.0)) / len(bills) * 1000) > 0.2:
                print(f"  {each_ms:6.2f} ms CPU a payment  {name}", flush=True)
        self.found["payments_per_s"] = round(len(bills) / lasted_s, 1)
        self.found["payment_cpu_ms"] = round((self._server.cpu_s() - cpu_s) / len(bills) * 1000, 1)

    async def webhooks(self) -> None:
        """About payments of ours; then about those of others."""
        intents = list(self._counter.stripe.account.books.all("payment_intent"))[:400]
        for name, told in (("webhook", intents), ("webhook_of_others", [{"id": "pi_others", "metadata": {}}])):

            def body(number: int, name: str = name, told: Sequence[Mapping[str, Any]] = told) -> bytes:
                about = {**told[number % len(told)], "object": "payment_intent"}
                event: dict[str, Any] = {
                    "id": f"evt_{name}_{number}",
                    "object": "event",
                    "type": "payment_intent.succeeded",
                }
                event |= {"created": int(time.time()), "livemode": False, "data": {"object": about}}
                return json.dumps(event).encode()

            bodies = [body(number) for number in range(int(WEBHOOK_RATE * (self._seconds + self._warmup_s)))]

            async def send(number: int, bodies: Sequence[bytes] = bodies) -> None:
                if (status := await self._counter.webhook(bodies[number])) != 200:
                    self.failed.append(f"a webhook was answered {status}")

            self._note(name, await clocked(WEBHOOK_RATE, self._seconds, self._warmup_s, send))
            await asyncio.sleep(2.0)

    async def quotes(self) -> None:
        """What a session costs."""
        self._note("quote", await clocked(PAY_RATE, self._seconds / 2, 1.0, lambda _: self._counter.quote()))

    async def live(self) -> None:
        """From the partner to the payer's socket."""
        bills = await self._counter.bills(int(LIVE_RATE * self._seconds), begun="stripe")
        intents, books = self._counter.intents(), self._counter.stripe.account.books
        typed_ns: dict[str, int] = {}
        waiting = iter(bills)

        async def types(due_ns: int) -> None:
            _, bill = next(waiting)
            typed_ns[bill] = due_ns
            self._counter.others.types_card(books.objects[intents[bill]]["client_secret"])

        await on_a_clock(LIVE_RATE, self._seconds, types)
        heard_ns, until_s = self._counter.heard_ns, time.monotonic() + DRAIN_S
        while not typed_ns.keys() <= heard_ns.keys() and time.monotonic() < until_s:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
        self._note("live", [(heard_ns[bill] - at) / 1e6 for bill, at in typed_ns.items() if bill in heard_ns])
        if missing := sum(bill not in heard_ns for bill in typed_ns):
            self.failed.append(f"{missing} payers heard nothing")

    async def runner(self) -> None:
        """Once each provider was asked for something."""
        for provider in ("paypal", "razorpay"):
            await self._counter.bills(1, begun=provider)
        process = next(one for one in self._server.processes() if RUNNER in " ".join(one.cmdline()))
        memory = process.memory_full_info()
        self.found |= {"runner_mb": round(memory.pss / 2**20, 1), "runner_rss_mb": round(memory.rss / 2**20, 1)}

    async def _paid(self, rate: float, seconds: float, warmup_s: float) -> list[tuple[str, float]]:
        bills = await self._counter.bills(int(rate * (seconds + warmup_s)))

        async def one(number: int) -> None:
            await self._pay(*bills[number])

        times = await clocked(rate, seconds, warmup_s, one)
        return [(bill, took) for (_, bill), took in zip(bills[-len(times) :], times, strict=True)]

    async def _pay(self, payer: str, bill: str) -> None:
        try:
            status = await self._counter.pay(payer, bill)
        except RuntimeError as error:
            status = str(error)
        if status != "succeeded":
            self.failed.append(f"a payment was {status}")

    def _note(self, name: str, times_ms: Sequence[float]) -> None:
        for share in (50, 99):
            self.found[f"{name}_p{share}_ms"] = round(percentile(list(times_ms), share / 100), 1)
        print(f"{name}: p50 {self.found[f'{name}_p50_ms']}, p99 {self.found[f'{name}_p99_ms']} ms", flush=True)


async def clocked(rate: float, seconds: float, warmup_s: float, act: Callable[[int], Awaitable[None]]) -> list[float]:
    """Milliseconds of each, from when it was due, by its number; those of the warm-up left out."""
    took: dict[int, float] = {}
    warm = int(rate * warmup_s)

    async def one(due_ns: int) -> None:
        number = len(took)
        took[number] = 0.0
        await act(number)
        took[number] = (time.perf_counter_ns() - due_ns) / 1e6

    await on_a_clock(rate, (warm + int(rate * seconds)) / rate, one)
    return [took[number] for number in sorted(took) if number >= warm]


async def all_of_it(args: argparse.Namespace, cpus: list[int]) -> Bench:
    """Every phase, then the peer."""
    async with AsyncExitStack() as stack:
        stripe, paypal, razorpay = TimedStripe(), PaypalServer(signing=Signing()), RazorpayServer()
        for fake in (stripe, paypal, razorpay):
            await fake.start()
            stack.push_async_callback(fake.stop)
        server = carewire(
            cpus[:-1] or cpus,
            FEATURES__ML="false",
            FEATURES__SEARCH="false",
            FEATURES__VIDEO="false",
            PAYMENTS__STRIPE__SECRET_KEY=SECRET_KEY,
            PAYMENTS__STRIPE__PUBLISHABLE_KEY=PUBLISHABLE_KEY,
            PAYMENTS__STRIPE__WEBHOOK_SECRETS=WEBHOOK_SECRET,
            PAYMENTS__STRIPE__BASE_URL=stripe.url,
            PAYMENTS__PAYPAL__CLIENT_ID=CLIENT_ID,
            PAYMENTS__PAYPAL__CLIENT_SECRET=CLIENT_SECRET,
            PAYMENTS__PAYPAL__WEBHOOK_ID=WEBHOOK_ID,
            PAYMENTS__PAYPAL__BASE_URL=paypal.url,
            PAYMENTS__RAZORPAY__KEY_ID=KEY_ID,
            PAYMENTS__RAZORPAY__KEY_SECRET=KEY_SECRET,
            PAYMENTS__RAZORPAY__WEBHOOK_SECRETS=RAZORPAY_SECRET,
            PAYMENTS__RAZORPAY__BASE_URL=razorpay.url,
        )
        await asyncio.to_thread(server.__enter__)
        stack.callback(server.__exit__)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        os.sched_setaffinity(0, cpus[-1:])
        counter = PayCounter(server, session, stripe, PAYERS)
        deliveries, bodies = delivering(counter)
        stack.push_async_callback(deliveries.close)
        await counter.open()
        stack.callback(counter.close)
        bench = Bench(server, counter, args.seconds)
        await bench.quotes()
        await bench.paying()
        before = len(bodies)
        await bench.saturated()
        sent = bodies[before:]
        await bench.live()
        await bench.webhooks()
        await deliveries.settled()
        await bench.runner()
        if args.djstripe is not None:
            bench.found |= await peer_rate(args.djstripe, sent, stripe, cpus[:-1] or cpus)
    return bench


def judged(bench: Bench) -> bool:
    """Prints what was found. Whether all is well."""
    found = bench.found
    good = not bench.failed
    for name, value in found.items():
        floor = FLOORS.get(name)
        good = good and (floor is None or value <= floor)
        print(f"{name:28} {value:>10}" + (f"   (floor {floor:g})" if floor is not None else ""))
    if "peer_payments_per_s" in found:
        good = good and found["payments_per_s"] >= found["peer_payments_per_s"]
        print(f"{found['payments_per_s'] / found['peer_payments_per_s']:.2f} of the peer's payments a second (floor 1)")
    for one in sorted(set(bench.failed)):
        print(f"{bench.failed.count(one)} times: {one}")
    return good


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each phase")
    parser.add_argument("--djstripe", type=Path, metavar="PYTHON", help="the Python that has the peer")
    parser.add_argument("--parts", action="store_true", help="what needs no server, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped on the way out
    cpus = sorted(os.sched_getaffinity(0))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        bench = runner.run(all_of_it(args, cpus))
    os.sched_setaffinity(0, cpus)
    good = judged(bench)
    if args.json is not None:
        args.json.write_bytes(msgspec.json.encode(bench.found))
    for name in PARTS if args.parts else ():
        good = (
            not subprocess.run([sys.executable, "-m", f"loadtests.parts.payments.{name}"], check=False).returncode
            and good
        )
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
