"""Lives of bills through the whole program: payers type cards, prove who they are or do not, staff and banks give money
back, disputes come and are won or lost; webhooks are lost, doubled and late, and answers of Stripe lost or broken. At
rest each bill says what Stripe says of it, and both books agree.

`make drill whole-lives` takes 200. The seed decides what happens.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.drills.money.tormented import PATIENCE_S, SEED, SIZE, Torment, asked, tormented
from tests.fakes.stripe.faults import StripeFault
from tests.fakes.stripe.payer import Others
from tests.system.harness import wait_until

AT_ONCE: Final = 12  # lives
PAYERS: Final = 20
LONGEST: Final = 12
TOTAL: Final = 10_000
CARDS: Final = (
    "pm_card_visa",
    "pm_card_visa_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
)
STEPS: Final = (
    *("pay", "card", "proves") * 3,
    *("refund", "by_hand", "bank", "dispute", "closes", "cancel", "void", "pause"),
)
pytestmark = pytest.mark.timeout(1500)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Torment]:
    async with tormented(tmp_path) as made:
        yield made


@dataclass
class LivingBill:
    """A bill, those who ask for something of it, and what others do at Stripe. Each step says what came of it."""

    world: Torment
    staff: httpx.AsyncClient
    payer: httpx.AsyncClient
    id: str

    async def step(self, what: str, value: int) -> str:
        """One thing that happens. What is refused, or not possible now, changes nothing."""
        try:
            return await self._asked(what, value) or self._done(what, value) or "-"
        except StripeFault:
            return "not possible"

    async def _asked(self, what: str, value: int) -> str:
        """At our doors."""
        match what:
            case "pay":
                wanted = {"bill_id": self.id, "provider": "stripe"}
                answer = await self.payer.post("/api/payments/intent", json=wanted)
            case "cancel":
                shown = (await self.payer.get(f"/api/bills/{self.id}")).json()
                payment = shown.get("payment", {}).get("payment_id", "pay_none")
                answer = await self.payer.post(f"/api/payments/{payment}/cancel")
            case "void":
                answer = await self.staff.post(f"/api/bills/{self.id}/void", json={})
            case "refund":
                back = {"bill_id": self.id, "amount": 1 + value * 300}
                answer = await self.staff.post("/api/payments/refund", json=back)
            case "pause":
                await asyncio.sleep(self.world.dice.uniform(0.0, 2.0))
                return ""
            case _:
                return ""
        return f"{answer.status_code}"

    def _done(self, what: str, value: int) -> str:
        """At Stripe."""
        account, others = self.world.stripe.account, Others(self.world.stripe.account)
        books, intent = account.books, next(iter(intents_of(self.world, self.id)), {})
        mine, status = {"payment_intent": intent.get("id", "")}, intent.get("status")
        match what:
            case "card" if intent:
                return str(others.types_card(intent["client_secret"], CARDS[value % len(CARDS)])["status"])
            case "proves" if status == "requires_action":
                return str(others.proves(intent["id"], well=value % 3 > 0)["status"])
            case "by_hand" if status == "succeeded":
                return str(others.gives_back(intent["id"], 1 + value * 100)["status"])
            case "bank" if (refund := next(books.all("refund", status="pending", **mine), None)) is not None:
                return str(others.settles(refund["id"], ("succeeded", "failed")[value % 2])["status"])
            case "dispute" if status == "succeeded" and not next(books.all("dispute", **mine), None):
                return str(others.disputes(intent["id"])["status"])
            case "closes" if (one := next(books.all("dispute", status="needs_response", **mine), None)) is not None:
                return str(account.returns.close(one["id"], ("won", "lost")[value % 2])["status"])
        return ""


async def lives(world: Torment, number: int, staff: httpx.AsyncClient, payer: httpx.AsyncClient, name: str) -> str:
    """A bill, and what befalls it: its id."""
    dice = random.Random(SEED * 100_003 + number)
    line = {"description": "Session", "quantity": 1, "unit_amount": TOTAL}
    body = {"payer_id": name, "currency": "EUR", "lines": [line]}
    made = await asked(staff, "POST", "/api/bills", body, key=f"bill-{number}")
    bill = LivingBill(world, staff, payer, str(made["bill_id"]))
    for _ in range(dice.randrange(3, LONGEST)):
        what, value = dice.choice(STEPS), dice.randrange(12)
        world.happened[f"{what} {await bill.step(what, value)}"] += 1
    return bill.id


def intents_of(world: Torment, bill: str) -> list[dict[str, Any]]:
    """Stripe's payments of a bill, the newest first."""
    return [one for one in world.stripe.account.books.all("payment_intent") if one["metadata"]["carewire_bill"] == bill]


def at_stripe(world: Torment, bill: str) -> Mapping[str, Any]:
    """What Stripe has of a bill: its payments, what was captured, what is back, what is disputed or lost."""
    books, intents = world.stripe.account.books, intents_of(world, bill)
    refs = {one["id"] for one in intents}
    back = [one for one in books.all("refund") if one["payment_intent"] in refs and one["status"] == "succeeded"]
    disputes = [one for one in books.all("dispute") if one["payment_intent"] in refs]
    return {
        "payments": {one["id"]: (one["status"], one["amount_received"]) for one in intents},
        "refunded": sum(one["amount"] for one in back),
        "disputes": {one["id"]: one["status"] for one in disputes},
    }


async def differences(world: Torment, root: httpx.AsyncClient, bills: list[str]) -> list[Any]:
    """Where bills and books do not say what Stripe says."""
    found: list[Any] = []
    for bill in bills:
        history = await asked(root, "GET", f"/api/bills/{bill}/history")
        seen = {
            "payments": {
                one["provider_ref"]: (one["status"], one["captured"])
                for one in history["payments"]
                if "provider_ref" in one
            },
            "refunded": sum(one["amount"] for one in history["refunds"] if one["status"] == "succeeded"),
            "disputes": {one["provider_ref"]: one["status"] for one in history["disputes"]},
        }
        if seen != (theirs := at_stripe(world, bill)):
            found.append((bill, seen, theirs))
    accounts = (await asked(root, "GET", "/api/ledger/accounts"))["items"]
    posted = [one for one in accounts if one["account"] == "provider:stripe"]
    ours, theirs_ = sum(one["balance"] for one in posted), world.stripe.account.books.balance("eur")
    if ours != theirs_:
        found.append(("balance", ours, theirs_))
    return found


async def test_every_life_ends_as_stripe_says(world: Torment) -> None:
    began_s, turns = time.monotonic(), asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(world.system.http("tess", "therapist"))
        root = await stack.enter_async_context(world.system.http("root", "admin"))
        names = [f"payer{number}" for number in range(PAYERS)]
        payers = [await stack.enter_async_context(world.system.http(name)) for name in names]

        async def one(number: int) -> str:
            async with turns:
                who = number % PAYERS
                return await lives(world, number, staff, payers[who], names[who])

        bills = await asyncio.gather(*(one(number) for number in range(SIZE)))
        await world.deliveries.settled()
        left: list[Any] = []

        async def at_rest() -> bool:
            left[:] = await differences(world, root, bills)
            return not left

        try:
            await wait_until(at_rest, within_s=PATIENCE_S, what="all bills say what Stripe says", every_s=3.0)
        except AssertionError as error:
            raise AssertionError(f"{error}: {len(left)} differ: {left[:3]}") from None
        trial = await asked(root, "GET", "/api/ledger/trial-balance")
        assert trial["balanced"], trial
    print(f"\nseed {SEED}: {SIZE} lives in {time.monotonic() - began_s:.0f} s")
    print(", ".join(f"{what}: {count}" for what, count in sorted(world.happened.items())))
