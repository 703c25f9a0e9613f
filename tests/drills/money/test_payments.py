"""The whole program takes very many payments and gives some of them back, by a Stripe on the wire that loses answers,
breaks and is away, with webhooks that are lost, doubled and late, while everything that can die dies at random times.

`make drill payments` takes 2,000. The seed decides what happens, in which order and when. At the end the books of both
are laid side by side.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.drills.money.tormented import LASTS_S, PATIENCE_S, SEED, SIZE, Torment, asked, tormented
from tests.fakes.stripe.payer import Others
from tests.system.harness import wait_until

AT_ONCE: Final = 12  # payments under way
PAYERS: Final = 20
pytestmark = pytest.mark.timeout(1500)


@dataclass
class PaymentDrill:
    """`paid`, `back`: of each bill, what was to be taken and given back."""

    world: Torment
    paid: dict[str, int] = field(default_factory=dict)
    back: dict[str, int] = field(default_factory=dict)


@pytest.fixture
async def drill(tmp_path: Path) -> AsyncIterator[PaymentDrill]:
    async with tormented(tmp_path) as world:
        yield PaymentDrill(world)


async def pays(drill: PaymentDrill, number: int, staff: httpx.AsyncClient, payer: httpx.AsyncClient, name: str) -> None:
    """A bill, its payment by a card that is typed in at Stripe, and of every fourth a part back."""
    amount = 1_000 + number
    line = {"description": "Session", "quantity": 1, "unit_amount": amount}
    body = {"payer_id": name, "currency": "EUR", "lines": [line]}
    bill = (await asked(staff, "POST", "/api/bills", body, key=f"bill-{number}"))["bill_id"]
    drill.paid[bill], drill.back[bill] = amount, 0
    made = await asked(payer, "POST", "/api/payments/intent", {"bill_id": bill, "provider": "stripe"})
    path = f"/api/payments/{made['payment_id']}"
    begun = await asked(payer, "GET", path, ready=lambda one: one["status"] != "creating")
    Others(drill.world.stripe.account).types_card(begun["client"]["client_secret"])
    await asked(staff, "GET", f"/api/bills/{bill}", ready=lambda one: one["status"] == "paid")
    if number % 4 == 0:
        drill.back[bill] = amount // 3
        refund = {"bill_id": bill, "amount": amount // 3}
        await asked(staff, "POST", "/api/payments/refund", refund, key=f"refund-{number}")


async def all_pay(drill: PaymentDrill) -> None:
    """Each of them, evenly spread."""
    began_s, turns = time.monotonic(), asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(drill.world.system.http("tess", "therapist"))
        names = [f"payer{number}" for number in range(PAYERS)]
        payers = [await stack.enter_async_context(drill.world.system.http(name)) for name in names]

        async def one(number: int) -> None:
            async with turns:
                who = number % PAYERS
                await pays(drill, number, staff, payers[who], names[who])

        under_way = []
        for number in range(SIZE):
            if (pause_s := began_s + number * LASTS_S / SIZE - time.monotonic()) > 0:
                await asyncio.sleep(pause_s)
            under_way.append(asyncio.ensure_future(one(number)))
        await asyncio.gather(*under_way)


def at_stripe(drill: PaymentDrill) -> tuple[Mapping[str, list[int]], Mapping[str, int]]:
    """What Stripe has taken for each bill, charge by charge, and what it has given back."""
    taken: dict[str, list[int]] = defaultdict(list)
    back: dict[str, int] = defaultdict(int)
    books = drill.world.stripe.account.books
    of = {one["id"]: one["metadata"]["carewire_bill"] for one in books.all("payment_intent")}
    for charge in books.all("charge", captured=True):
        taken[of[charge["payment_intent"]]].append(charge["amount_captured"])
    for refund in books.all("refund"):
        if refund["status"] in ("succeeded", "pending"):
            back[of[refund["payment_intent"]]] += refund["amount"]
    return taken, back


async def settled(drill: PaymentDrill, root: httpx.AsyncClient) -> None:
    """Our book of Stripe's account is Stripe's: nothing that was asked for is still to be done."""
    await drill.world.deliveries.settled()
    held = drill.world.stripe.account.books

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


async def test_nobody_is_charged_twice_nothing_is_lost_and_both_books_agree_whatever_dies(drill: PaymentDrill) -> None:
    began_s = time.monotonic()
    print(f"\nseed {SEED}: {SIZE} payments over {LASTS_S:.0f} s")
    await asyncio.gather(all_pay(drill), drill.world.torment())
    paid_s = time.monotonic() - began_s
    async with drill.world.system.http("root", "admin") as root:
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
            return len(await numbers(root)) >= SIZE

        await wait_until(all_issued, within_s=PATIENCE_S, what="all invoices", every_s=1.0)
        issued = [int(number.rpartition("-")[2]) for number in await numbers(root)]
        assert issued == list(range(1, SIZE + 1)), "numbers have a gap, or are taken twice"
    seen = drill.world.stripe.account.seen
    print(f"{SIZE} payments in {paid_s:.0f} s, {time.monotonic() - began_s:.0f} s in all; {len(seen)} requests")
    print(f"webhooks: {drill.world.deliveries.taken} taken of {len(drill.world.stripe.account.books.events)} events")
    print(f"{dict(drill.world.happened)}")
