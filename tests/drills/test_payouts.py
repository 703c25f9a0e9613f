"""The whole program pays therapists out, by a Stripe on the wire that loses answers, breaks and is away, while all that
can die dies at random times. At the end what Stripe has transferred to each account is what their sessions took.

`make drill payouts` makes 40 of them, to four therapists. The seed decides what happens, in which order and when.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.drills.test_payments import Drill, a_drill, asked
from tests.fakes.stripe.payer import Others

SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
THERAPISTS: Final = 4
ROUNDS: Final = max(2, int(os.environ.get("DRILL_SIZE", "0")) // THERAPISTS)
LASTS_S: Final = 45.0 + 10.0 * ROUNDS
FLOAT: Final = 1_000_000
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
async def drill(tmp_path: Path) -> AsyncIterator[Drill]:
    async with a_drill(tmp_path, SEED, LASTS_S) as made:
        yield made


async def sells(drill: Drill, staff: httpx.AsyncClient, payer: httpx.AsyncClient, amount: int, key: str) -> None:
    """A session that is paid with a card that is typed in at Stripe."""
    line = {"description": "Session", "quantity": 1, "unit_amount": amount}
    body = {"payer_id": "ada", "currency": "EUR", "lines": [line]}
    bill = (await asked(staff, "POST", "/api/bills", body, key=f"bill-{key}"))["bill_id"]
    made = await asked(payer, "POST", "/api/payments/intent", {"bill_id": bill, "provider": "stripe"})
    path = f"/api/payments/{made['payment_id']}"
    begun = await asked(payer, "GET", path, ready=lambda one: one["status"] != "creating")
    Others(drill.stripe.account).types_card(begun["client"]["client_secret"])
    await asked(staff, "GET", f"/api/bills/{bill}", ready=lambda one: one["status"] == "paid")


async def opens(drill: Drill, staff: httpx.AsyncClient) -> str:
    """An account at Stripe that takes payouts, whether or not the webhook arrives that tells so: its id."""
    body = {"provider": "stripe", "return_url": "https://care.test/"}
    await asked(staff, "POST", "/api/payouts/account", body)
    shown = await asked(staff, "GET", "/api/payouts/account", ready=lambda one: one.get("url"))
    ref = str(shown["url"].rpartition("/")[2])
    drill.stripe.account.connect.complete(ref)
    await asked(staff, "GET", "/api/payouts/account", ready=lambda one: one["payouts_enabled"])
    return ref


async def is_paid_out(drill: Drill, name: str, number: int, root: httpx.AsyncClient) -> tuple[str, int]:
    """One therapist: an account, sessions, and a payout after each. Their account, and what their sessions took."""
    took = 0
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(drill.system.http(name, "therapist"))
        payer = await stack.enter_async_context(drill.system.http("ada"))
        ref = await opens(drill, staff)
        for turn in range(ROUNDS):
            amount = 1_000 + 100 * number + turn
            await sells(drill, staff, payer, amount, f"{name}-{turn}")
            took += amount
            await asked(staff, "GET", "/api/payouts/balance", ready=lambda one: one["available"] > 0)
            run = {"therapist_id": name}
            for _ in range(2):  # twice, as by somebody who got no answer
                await asked(root, "POST", "/api/payouts/run", run, key=f"run-{name}-{turn}")
            await asyncio.sleep(drill.dice.uniform(0.0, LASTS_S / ROUNDS / 2))
    return ref, took


def transferred(drill: Drill) -> dict[str, list[int]]:
    """What Stripe has transferred to each account, less what came back."""
    found: dict[str, list[int]] = defaultdict(list)
    for one in drill.stripe.account.books.all("transfer"):
        found[one["destination"]].append(one["amount"] - one["amount_reversed"])
    return found


async def test_every_therapist_is_paid_once_what_their_sessions_took_whatever_dies(drill: Drill) -> None:
    began_s = time.monotonic()
    names = [f"therapist{number}" for number in range(THERAPISTS)]
    print(f"\nseed {SEED}: {THERAPISTS} therapists, {ROUNDS} payouts each, over {LASTS_S:.0f} s")
    async with AsyncExitStack() as stack:
        root = await stack.enter_async_context(drill.system.http("root", "admin"))
        other = await stack.enter_async_context(drill.system.http("zoe", "therapist"))
        payer = await stack.enter_async_context(drill.system.http("ada"))
        await sells(drill, other, payer, FLOAT, "float")  # so that Stripe holds enough in spite of its fees
        tormented = asyncio.ensure_future(drill.torment())
        paid = await asyncio.gather(*(is_paid_out(drill, name, number, root) for number, name in enumerate(names)))
        await tormented
        for name in names:

            def done(found: dict[str, Any]) -> bool:
                return len(found["items"]) == ROUNDS and all(one["status"] == "paid" for one in found["items"])

            path = f"/api/payouts?therapist_id={name}"
            await asked(root, "GET", path, ready=done)

        held = transferred(drill)
        assert {ref: sum(held[ref]) for ref, _ in paid} == dict(paid), "somebody was paid otherwise than they earned"
        assert {len(held[ref]) for ref, _ in paid} == {ROUNDS}, "a payout was made twice, or never"
        trial = await asked(root, "GET", "/api/ledger/trial-balance")
        assert trial["balanced"], trial
        await drill.deliveries.settled()

        def same(found: dict[str, Any]) -> bool:
            ours = {one["account"]: one["balance"] for one in found["items"]}
            return bool(ours.get("provider:stripe", 0) == drill.stripe.account.books.balance("eur"))

        await asked(root, "GET", "/api/ledger/accounts", ready=same)
    print(f"{THERAPISTS * ROUNDS} payouts in {time.monotonic() - began_s:.0f} s; {dict(drill.happened)}")
