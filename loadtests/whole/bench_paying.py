"""Payments over REST at a Stripe on the wire: the whole program, started here, with real clients.

    python -m loadtests.whole.bench_paying [--rate 20] [--seconds 20] [--delay-ms 0] [--webhooks 300] [--changes 50]

*Paying*: `POST /api/bills/{bill_id}/pay` by a saved method on a clock, from when each was due until it is `succeeded`
(by the answer, or by `GET` where that says `creating`), beside what the partner itself takes for the same: an intent
that is made and confirmed in one call. `--delay-ms`: how long each answer of the partner takes beside that.
*Quotes*: `POST /api/pricing/quote` of a tariff of ten rules. *Webhooks*: events that are signed, of objects that are
none of ours, until they are acknowledged. *Changes*: staff gives a cent back at the partner's dashboard; until
`refund_updated` is on the payer's socket.

The fake and the client are processes beside the server and share its cores. Rate limits are off. Floors: a payment
60 ms (p50) and 250 ms (p99) above the partner, a quote 10 ms, a webhook 50 ms, a change 500 ms (p99); exits with 1 when
one is missed, or when anything failed or is missing.
"""

import argparse
import asyncio
import hashlib
import hmac
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec
import uvloop

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.load_socket import LoadSocket
from loadtests.lib.servers import ROOT, Server, carewire
from loadtests.lib.workloads import percentile
from loadtests.whole.bench_bookings import on_a_clock

PAYERS: Final = 50
WARMUP: Final = 40
QUOTES_PER_S: Final = 50.0
PATIENCE_S: Final = 20.0
FLOORS_MS: Final = {
    "payment_above_p50_ms": 60.0,
    "payment_above_p99_ms": 250.0,
    "quote_p99_ms": 10.0,
    "webhook_p99_ms": 50.0,
    "change_p99_ms": 500.0,
}
_TARIFF: Final = {
    "currency": "EUR",
    "services": [{"service_id": "talk", "amount": 10_000}],
    "rules": [
        {"rule_id": f"r{number}", "label": f"Rule {number}", "when": {"from": "00:00", "to": "24:00"}, "percent": 1}
        for number in range(10)
    ],
}
_QUOTE: Final = {"therapist_id": "doc", "service_id": "talk", "start": "2099-11-20T19:00:00Z"}


class Partner:
    """The fake of Stripe, a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        assert process.stdout is not None
        self.keys: dict[str, str] = json.loads(process.stdout.readline())

    def tell(self, **what: object) -> None:
        """See `tests.demo.stripe.py`."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(what) + b"\n")
        self._process.stdin.flush()


@contextmanager
def partner(delay_ms: float) -> Iterator[Partner]:
    """One that runs."""
    command = [sys.executable, "-m", "tests.demo.stripe", "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Partner(process)
        finally:
            process.kill()


@dataclass
class Till:
    """The clients of the REST API. `paid`: payments, by the partner's id and by ours. `failed`: what went wrong, and
    how often."""

    server: Server
    session: aiohttp.ClientSession
    partner: Partner
    methods: list[str] = field(default_factory=list)
    paid: list[tuple[str, str]] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    def token(self, user: str, role: str) -> str:
        """A good one."""
        return mint(self.server.secret or "", user=user, role=role, now_ms=SystemClock().now_ms(), ttl_s=3600)

    async def ask(self, method: str, path: str, body: object, user: str, role: str = "client") -> Any:
        """The answer; None (and counted) where it is a refusal."""
        headers = {"Authorization": f"Bearer {self.token(user, role)}", "Content-Type": "application/json"}
        url, data = f"http://127.0.0.1:{self.server.http_port}{path}", msgspec.json.encode(body)
        async with self.session.request(method, url, data=data if method != "GET" else None, headers=headers) as found:
            text = await found.read()
        if found.status >= 300:
            self.failed[f"{method} {path.partition('?')[0][:24]} {found.status} {text[:160]!r}"] += 1
            return None
        return msgspec.json.decode(text)

    async def set_up(self) -> None:
        """A tariff, and of each payer a method."""
        await self.ask("PUT", "/api/pricing/doc", _TARIFF, "doc", "therapist")
        for number in range(PAYERS):
            body = {"provider": "stripe", "token": "pm_card_visa"}
            made = await self.ask("POST", "/api/payments/methods", body, f"payer{number}")
            self.methods.append(made["method_id"] if made else "")

    async def bills(self, count: int) -> list[tuple[str, int]]:
        """Bills, each with the number of its payer."""
        made: list[tuple[str, int]] = []
        line = {"description": "Session", "quantity": 1, "unit_amount": 10_000}
        for number in range(count):
            payer = number % PAYERS
            body = {"payer_id": f"payer{payer}", "currency": "EUR", "lines": [line]}
            if bill := await self.ask("POST", "/api/bills", body, "doc", "therapist"):
                made.append((bill["bill_id"], payer))
        return made

    async def pay(self, bill: str, payer: int) -> None:
        """Until it has succeeded. Then it is among the `paid`."""
        user = f"payer{payer}"
        payment = await self.ask("POST", f"/api/bills/{bill}/pay", {"method_id": self.methods[payer]}, user)
        until_s = time.monotonic() + PATIENCE_S
        while payment is not None and payment["status"] != "succeeded" and time.monotonic() < until_s:
            await asyncio.sleep(0.01)
            payment = await self.ask("GET", f"/api/payments/{payment['payment_id']}", None, user)
        if payment is None or payment["status"] != "succeeded":
            self.failed["not paid"] += 1
            return
        self.paid.append((payment["provider_ref"], payment["payment_id"]))

    async def by_hand(self, number: int) -> None:
        """The same at the partner, without us: an intent that is made and confirmed in one call."""
        form = {
            "amount": "10000",
            "currency": "eur",
            "confirm": "true",
            "payment_method": "pm_card_visa",
            "automatic_payment_methods[enabled]": "true",
            "automatic_payment_methods[allow_redirects]": "never",
        }
        headers = {
            "Authorization": f"Bearer {self.partner.keys['secret_key']}",
            "Stripe-Version": "2026-10-28.endive",
            "Idempotency-Key": f"by-hand-{number}",
        }
        url = f"{self.partner.keys['url']}/v1/payment_intents"
        async with self.session.post(url, data=form, headers=headers) as found:
            if found.status != 200:
                self.failed[f"by hand: {found.status} {(await found.text())[:160]}"] += 1

    async def webhook(self, number: int) -> None:
        """An event of an object that is none of ours."""
        body = msgspec.json.encode(
            {
                "id": f"evt_bench{number}",
                "object": "event",
                "type": "product.updated",
                "created": int(time.time()),
                "data": {"object": {"object": "product", "id": f"prod_bench{number}"}},
            }
        )
        at = str(int(time.time()))
        secret = self.partner.keys["webhook_secret"].encode()
        mac = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={at},v1={mac}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.server.http_port}/api/webhooks/stripe"
        async with self.session.post(url, data=body, headers=headers) as found:
            if found.status != 200:
                self.failed[f"webhook: {found.status}"] += 1


async def timed(rate: float, count: int, act: Callable[[int], Awaitable[object]]) -> list[float]:
    """Milliseconds of each, from when it was due."""
    took_ms: list[float] = []
    numbers = itertools.count()

    async def one(due_ns: int) -> None:
        await act(next(numbers))
        took_ms.append((time.perf_counter_ns() - due_ns) / 1e6)

    await on_a_clock(rate, count / rate, one)
    return took_ms


async def changes(till: Till, rate: float, count: int) -> list[float]:
    """From what staff does at the partner until the payer hears of it."""
    sent_ns: dict[bytes, int] = {}
    took_ms: list[float] = []
    heard = asyncio.Event()

    def on_event(packet: bytes) -> None:
        if not packet.startswith(b'42["refund_updated"') or b'"status":"succeeded"' not in packet:
            return
        at = packet.index(b'"payment_id":"') + 14
        if due_ns := sent_ns.pop(packet[at : packet.index(b'"', at)], 0):
            took_ms.append((time.perf_counter_ns() - due_ns) / 1e6)
        if not sent_ns:
            heard.set()

    sockets: list[LoadSocket] = []
    for payer in range(PAYERS):
        auth = msgspec.json.encode({"token": till.token(f"payer{payer}", "client")})
        sockets.append(LoadSocket(auth, lambda packet: None, lambda *_: None, on_event=on_event))
        await sockets[-1].open(till.server.port)
    chosen = iter(till.paid)

    async def one(due_ns: int) -> None:
        ref, payment = next(chosen)
        sent_ns[payment.encode()] = due_ns
        heard.clear()
        till.partner.tell(back=ref, amount=1)

    try:
        await on_a_clock(rate, min(count, len(till.paid)) / rate, one)
        with suppress(TimeoutError):
            await asyncio.wait_for(heard.wait(), PATIENCE_S)
    finally:
        for socket in sockets:
            socket.close()
    till.failed["changes that nobody heard of"] += len(sent_ns)
    return took_ms


async def run(till: Till, args: argparse.Namespace) -> dict[str, float]:
    """All four, one after the other: figures by name."""
    await till.set_up()
    till.partner.tell(webhooks=f"http://127.0.0.1:{till.server.http_port}/api/webhooks/stripe")
    count = max(1, int(args.rate * args.seconds))
    bills = await till.bills(WARMUP + count)

    async def pay(number: int) -> None:
        await till.pay(*bills[number])

    async def quote(number: int) -> None:
        await till.ask("POST", "/api/pricing/quote", _QUOTE, f"payer{number % PAYERS}")

    found: dict[str, float] = {}

    def note(name: str, took_ms: list[float]) -> None:
        for share, label in ((0.5, "p50"), (0.99, "p99")):
            found[f"{name}_{label}_ms"] = round(percentile(took_ms, share), 1)

    await timed(args.rate, WARMUP, pay)
    del bills[:WARMUP]
    cpu_s = till.server.cpu_s()
    note("payment", await timed(args.rate, count, pay))
    found["server_ms_each"] = round((till.server.cpu_s() - cpu_s) / count * 1000, 1)
    note("partner", await timed(args.rate, count, till.by_hand))
    for label in ("p50", "p99"):
        found[f"payment_above_{label}_ms"] = round(found[f"payment_{label}_ms"] - found[f"partner_{label}_ms"], 1)
    await timed(QUOTES_PER_S, WARMUP, quote)
    note("quote", await timed(QUOTES_PER_S, max(1, int(QUOTES_PER_S * args.seconds)), quote))
    note("webhook", await timed(args.webhooks, max(1, int(args.webhooks * args.seconds)), till.webhook))
    note("change", await changes(till, args.changes, count))
    return found


async def measured(server: Server, stripe: Partner, args: argparse.Namespace) -> tuple[dict[str, float], Counter[str]]:
    """The figures, and what failed."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        till = Till(server, session, stripe)
        return await run(till, args), +till.failed


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=20.0, help="payments a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each part")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="before each answer of the partner")
    parser.add_argument("--webhooks", type=float, default=300.0, help="a second")
    parser.add_argument("--changes", type=float, default=50.0, help="at the partner, a second")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped on the way out
    with partner(args.delay_ms) as stripe:
        keys = {
            "PAYMENTS__STRIPE__SECRET_KEY": stripe.keys["secret_key"],
            "PAYMENTS__STRIPE__PUBLISHABLE_KEY": stripe.keys["publishable_key"],
            "PAYMENTS__STRIPE__WEBHOOK_SECRETS": stripe.keys["webhook_secret"],
            "PAYMENTS__STRIPE__BASE_URL": stripe.keys["url"],
        }
        cpus = sorted(os.sched_getaffinity(0))
        with carewire(cpus, **keys) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found, failed = runner.run(measured(server, stripe, args))
    for name, value in found.items():
        floor = FLOORS_MS.get(name)
        print(f"{name:24} {value:>9}" + (f"   (floor {floor:g})" if floor is not None else ""))
    for what, often in failed.items():
        print(f"FAILED {often} times: {what}")
    return int(bool(failed) or any(found[name] > floor for name, floor in FLOORS_MS.items()))


if __name__ == "__main__":
    sys.exit(main())
