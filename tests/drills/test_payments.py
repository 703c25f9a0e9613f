"""The whole program takes very many payments and gives some of them back, by a Stripe on the wire that loses answers,
breaks and is away, with webhooks that are lost, doubled and late, while everything that can die dies at random times.

`make drill payments` takes 2,000. The seed decides what happens, in which order and when. At the end the books of both
are laid side by side.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.fakes.delivering import Deliveries, Weather, posting
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY
from tests.fakes.stripe.payer import Others
from tests.fakes.stripe.server import StripeServer
from tests.fakes.stripe.webhooks import WEBHOOK_SECRET, deliver
from tests.system.harness import System, wait_until

SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
PAYMENTS: Final = int(os.environ.get("DRILL_SIZE", "0")) or 100
LASTS_S: Final = min(400.0, 60.0 + PAYMENTS / 5)  # for which payments are begun, evenly
VICTIMS: Final = ("activities-", "care-0", "mongod", "api-")
DEATHS: Final = 3  # of each
AWAY_S: Final = 6.0
AT_ONCE: Final = 12  # payments under way
PAYERS: Final = 20
PATIENCE_S: Final = 180.0
pytestmark = pytest.mark.timeout(1500)


@dataclass
class Drill:
    """What is drilled, and what happened to it. `paid`, `back`: of each bill, what was to be taken and given back."""

    system: System
    stripe: StripeServer
    deliveries: Deliveries
    dice: random.Random
    paid: dict[str, int] = field(default_factory=dict)
    back: dict[str, int] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    def deeds(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """All that is done to it, in the order of the seed."""
        deeds: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            (f"kill {victim}", lambda victim=victim: self.kill(victim))  # type: ignore[misc]
            for victim in VICTIMS
            for _ in range(DEATHS)
        ]
        deeds += [("partner away", self.away), ("partner away", self.away), ("partner slow", self.slow)]
        self.dice.shuffle(deeds)
        return deeds

    async def torment(self) -> None:
        """All of it, one after the other, over the time in which payments are made."""
        for what, deed in self.deeds():
            await asyncio.sleep(self.dice.uniform(0.2, LASTS_S / 20))
            await deed()
            self.happened[what] += 1

    async def kill(self, name: str) -> None:
        """Once the API tells where it is: the one before may have been the API."""

        async def found() -> int | None:
            with suppress(httpx.HTTPError):
                for row in await self.system.status():
                    if row["name"].startswith(name) and row["status"] != "unreachable":
                        return int(row["pid"])
            return None

        pid: int = await wait_until(found, within_s=90.0, what=f"{name} is found", every_s=0.3)
        with suppress(ProcessLookupError):  # it has ended since
            os.kill(pid, signal.SIGKILL)

    async def away(self) -> None:
        """The partner refuses every connection."""
        await self.stripe.stop()
        await asyncio.sleep(AWAY_S)
        await self.stripe.start()

    async def slow(self) -> None:
        """Every answer of the partner takes its time."""
        self.stripe.delay_s = 1.0
        await asyncio.sleep(AWAY_S)
        self.stripe.delay_s = 0.0


@pytest.fixture
async def drill(tmp_path: Path) -> AsyncIterator[Drill]:
    async with AsyncExitStack() as stack:
        stripe = StripeServer()
        await stripe.start()
        stack.push_async_callback(stripe.stop)
        stripe.account.mishaps.chance = 0.05
        system = System(
            tmp_path / "data",
            PAYMENTS__STRIPE__SECRET_KEY=SECRET_KEY,
            PAYMENTS__STRIPE__PUBLISHABLE_KEY=PUBLISHABLE_KEY,
            PAYMENTS__STRIPE__WEBHOOK_SECRETS=WEBHOOK_SECRET,
            PAYMENTS__STRIPE__BASE_URL=stripe.url,
            PAYMENTS__POLL_S=10,
            ACTIVITIES__LONGEST_RETRY_S=2,
            ACTIVITIES__BREAKER_PAUSE_S=0.5,
        )
        post = await stack.enter_async_context(posting(f"{system.http_url}/api/webhooks/stripe"))
        weather = Weather(doubled=0.2, lost=0.2, longest_s=2.0, tries=100)
        deliveries = deliver(stripe.account, post, seed=SEED, weather=weather)
        stack.push_async_callback(deliveries.close)
        stack.callback(system.stop)
        await asyncio.to_thread(system.start)
        yield Drill(system, stripe, deliveries, random.Random(SEED))


async def asked(
    http: httpx.AsyncClient, method: str, path: str, body: object = None, *, key: str = "", ready: Any = None
) -> dict[str, Any]:
    """The answer, once there is one, whatever dies meanwhile: the key makes a repeat the same deed."""
    headers = {"Idempotency-Key": key} if key else {}
    said: list[object] = []

    async def done() -> Any:
        try:
            answer = await http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            said.append(repr(error))
            return None
        said.append((answer.status_code, answer.text))
        fits = answer.status_code < 300 and (ready is None or ready(answer.json()))
        return answer.json() if fits else None

    try:
        found: dict[str, Any] = await wait_until(done, within_s=PATIENCE_S, what=f"{method} {path}", every_s=0.3)
    except AssertionError as error:
        raise AssertionError(f"{error}: {said[-1]}") from None
    return found


async def pays(drill: Drill, number: int, staff: httpx.AsyncClient, payer: httpx.AsyncClient, name: str) -> None:
    """A bill, its payment by a card that is typed in at Stripe, and of every fourth a part back."""
    amount = 1_000 + number
    line = {"description": "Session", "quantity": 1, "unit_amount": amount}
    body = {"payer_id": name, "currency": "EUR", "lines": [line]}
    bill = (await asked(staff, "POST", "/api/bills", body, key=f"bill-{number}"))["bill_id"]
    drill.paid[bill], drill.back[bill] = amount, 0
    made = await asked(payer, "POST", "/api/payments/intent", {"bill_id": bill, "provider": "stripe"})
    path = f"/api/payments/{made['payment_id']}"
    begun = await asked(payer, "GET", path, ready=lambda one: one["status"] != "creating")
    Others(drill.stripe.account).types_card(begun["client"]["client_secret"])
    await asked(staff, "GET", f"/api/bills/{bill}", ready=lambda one: one["status"] == "paid")
    if number % 4 == 0:
        drill.back[bill] = amount // 3
        refund = {"bill_id": bill, "amount": amount // 3}
        await asked(staff, "POST", "/api/payments/refund", refund, key=f"refund-{number}")


async def all_pay(drill: Drill) -> None:
    """Each of them, evenly spread."""
    began_s, turns = time.monotonic(), asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(drill.system.http("tess", "therapist"))
        names = [f"payer{number}" for number in range(PAYERS)]
        payers = [await stack.enter_async_context(drill.system.http(name)) for name in names]

        async def one(number: int) -> None:
            async with turns:
                who = number % PAYERS
                await pays(drill, number, staff, payers[who], names[who])

        under_way = []
        for number in range(PAYMENTS):
            if (pause_s := began_s + number * LASTS_S / PAYMENTS - time.monotonic()) > 0:
                await asyncio.sleep(pause_s)
            under_way.append(asyncio.ensure_future(one(number)))
        await asyncio.gather(*under_way)


def at_stripe(drill: Drill) -> tuple[Mapping[str, list[int]], Mapping[str, int]]:
    """What Stripe has taken for each bill, charge by charge, and what it has given back."""
    taken: dict[str, list[int]] = defaultdict(list)
    back: dict[str, int] = defaultdict(int)
    books = drill.stripe.account.books
    of = {one["id"]: one["metadata"]["carewire_bill"] for one in books.all("payment_intent")}
    for charge in books.all("charge", captured=True):
        taken[of[charge["payment_intent"]]].append(charge["amount_captured"])
    for refund in books.all("refund"):
        if refund["status"] in ("succeeded", "pending"):
            back[of[refund["payment_intent"]]] += refund["amount"]
    return taken, back


async def settled(drill: Drill, root: httpx.AsyncClient) -> None:
    """Our book of Stripe's account is Stripe's: nothing that was asked for is still to be done."""
    await drill.deliveries.settled()
    held = drill.stripe.account.books

    def same(found: dict[str, Any]) -> bool:
        ours = {one["account"]: one["balance"] for one in found["items"]}
        return bool(ours.get("provider:stripe", 0) == held.balance("eur")) and at_stripe(drill)[1] == {
            bill: amount for bill, amount in drill.back.items() if amount
        }

    await asked(root, "GET", "/api/ledger/accounts", ready=same)


async def numbers(root: httpx.AsyncClient) -> list[str]:
    """Of all invoices, in their order."""
    found: list[str] = []
    cursor = ""
    while True:
        page = await asked(root, "GET", f"/api/invoices?limit=200{cursor}")
        found += [one["number"] for one in page["items"]]
        if "next_cursor" not in page:
            return sorted(found)
        cursor = f"&cursor={page['next_cursor']}"


async def test_nobody_is_charged_twice_nothing_is_lost_and_both_books_agree_whatever_dies(drill: Drill) -> None:
    began_s = time.monotonic()
    print(f"\nseed {SEED}: {PAYMENTS} payments over {LASTS_S:.0f} s")
    await asyncio.gather(all_pay(drill), drill.torment())
    paid_s = time.monotonic() - began_s
    async with drill.system.http("root", "admin") as root:
        await settled(drill, root)
        taken, back = at_stripe(drill)
        assert taken == {bill: [amount] for bill, amount in drill.paid.items()}, "a bill was charged otherwise"
        trial = await asked(root, "GET", "/api/ledger/trial-balance")
        assert trial["balanced"], trial
        for bill, amount in drill.paid.items():
            found = await asked(root, "GET", f"/api/bills/{bill}")
            assert (found["captured"], found["refunded"], found["due"]) == (amount, back.get(bill, 0), 0), found
            assert found["payment"]["status"] == "succeeded"

        async def all_issued() -> bool:
            return len(await numbers(root)) >= PAYMENTS

        await wait_until(all_issued, within_s=PATIENCE_S, what="all invoices", every_s=1.0)
        issued = [int(number.rpartition("-")[2]) for number in await numbers(root)]
        assert issued == list(range(1, PAYMENTS + 1)), "numbers have a gap, or are taken twice"
    seen = drill.stripe.account.seen
    print(f"{PAYMENTS} payments in {paid_s:.0f} s, {time.monotonic() - began_s:.0f} s in all; {len(seen)} requests")
    print(f"webhooks: {drill.deliveries.taken} taken of {len(drill.stripe.account.books.events)} events")
    print(f"{dict(drill.happened)}")
