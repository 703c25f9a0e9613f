"""Therapists earn, and are paid by a Stripe on the wire that loses answers, breaks and is away, and by banks
that refuse now and then, while everything that can die dies at random times.

`make drill payouts` takes 1,000 bills. The seed decides what happens, in which order and when. At the end each euro
that was earned and not given back lies in its therapist's account at Stripe, once; and the books of both are laid side
by side.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.drills.money.tormented import LASTS_S, PATIENCE_S, SEED, SIZE, Torment, asked, tormented
from tests.system.harness import wait_until

AT_ONCE: Final = 8  # bills under way
THERAPISTS: Final = 10
FUNDS: Final = 100_000_000
"""What lies at Stripe before: clients pay in cash here."""
OVER: Final = ("paid", "failed", "reversed")
pytestmark = pytest.mark.timeout(1500)


@dataclass
class PayoutDrill:
    """`earned`: of each therapist, what is theirs in the end. `accounts`: theirs at Stripe."""

    world: Torment
    earned: Counter[str] = field(default_factory=Counter)
    accounts: dict[str, str] = field(default_factory=dict)
    people: dict[str, httpx.AsyncClient] = field(default_factory=dict)


@pytest.fixture
async def drill(tmp_path: Path) -> AsyncIterator[PayoutDrill]:
    async with AsyncExitStack() as stack:
        made = PayoutDrill(await stack.enter_async_context(tormented(tmp_path)))
        made.world.stripe.account.books.move("charge", {"id": "ch_funds", "currency": "eur"}, FUNDS, 0)
        for number in range(THERAPISTS):
            name = f"doc{number}"
            made.people[name] = await stack.enter_async_context(made.world.system.http(name, "therapist"))
        yield made


async def opens(drill: PayoutDrill, name: str) -> None:
    """A therapist has an account that takes payouts."""
    http, body = drill.people[name], {"provider": "stripe", "return_url": "https://care.test/"}
    opened = await asked(http, "POST", "/api/payouts/account", body, ready=lambda one: "url" in one)
    drill.accounts[name] = opened["url"].rpartition("/")[2]
    drill.world.stripe.account.connect.complete(drill.accounts[name])
    await asked(http, "GET", "/api/payouts/account", ready=lambda one: one["payouts_enabled"])


async def paid(http: httpx.AsyncClient, bill: str) -> None:
    """Cash is booked in. Whoever got no answer is told that nothing is left to pay: the bill says so, too."""

    async def done() -> bool:
        with suppress(httpx.HTTPError):
            await http.post(f"/api/bills/{bill}/pay", json={"provider": "manual"})
            return bool((await http.get(f"/api/bills/{bill}")).json().get("status") == "paid")
        return False

    await wait_until(done, within_s=PATIENCE_S, what=f"{bill} is paid", every_s=0.3)


async def earns(drill: PayoutDrill, number: int) -> None:
    """A bill that is paid in cash; of every fifth a part goes back, some time later."""
    name, amount = f"doc{number % THERAPISTS}", 1_000 + number
    http, line = drill.people[name], {"description": "Session", "quantity": 1, "unit_amount": amount}
    body = {"payer_id": "ada", "currency": "EUR", "lines": [line]}
    bill = (await asked(http, "POST", "/api/bills", body, key=f"bill-{number}"))["bill_id"]
    await paid(http, bill)
    drill.earned[name] += amount
    if number % 5 == 0:
        await asyncio.sleep(drill.world.dice.uniform(0.0, 2.0))
        refund = {"bill_id": bill, "amount": amount // 3}
        await asked(http, "POST", "/api/payments/refund", refund, key=f"refund-{number}")
        drill.earned[name] -= amount // 3


async def all_earn(drill: PayoutDrill) -> None:
    """Each of them, evenly spread; meanwhile staff pays what is due, and now and then a bank refuses."""
    began_s, turns, dice = time.monotonic(), asyncio.Semaphore(AT_ONCE), drill.world.dice
    connect = drill.world.stripe.account.connect

    async def one(number: int) -> None:
        async with turns:
            await earns(drill, number)

    async def staff() -> None:
        async with drill.world.system.http("root", "admin") as root:
            while True:
                await asked(root, "POST", "/api/payouts/run", {})
                await asyncio.sleep(dice.uniform(0.5, 3.0))

    async def banks() -> None:
        while True:
            await asyncio.sleep(dice.uniform(5.0, 15.0))
            ref = dice.choice(list(drill.accounts.values()))
            connect.bank_refuses(ref)
            await asyncio.sleep(dice.uniform(1.0, 5.0))
            connect.complete(ref)

    paying = [asyncio.ensure_future(staff()), asyncio.ensure_future(banks())]
    try:
        under_way = []
        for number in range(SIZE):
            if (pause_s := began_s + number * LASTS_S / SIZE - time.monotonic()) > 0:
                await asyncio.sleep(pause_s)
            under_way.append(asyncio.ensure_future(one(number)))
        await asyncio.gather(*under_way)
    finally:
        for task in paying:
            task.cancel()
        ended = await asyncio.gather(*paying, return_exceptions=True)
    failed = [error for error in ended if not isinstance(error, asyncio.CancelledError)]
    assert failed == []
    for ref in drill.accounts.values():
        connect.complete(ref)


async def all_paid(drill: PayoutDrill, root: httpx.AsyncClient) -> None:
    """Until nothing is due, and no payout is under way."""
    said: list[Any] = []

    async def done() -> bool:
        await asked(root, "POST", "/api/payouts/run", {})
        left = {name: await asked(http, "GET", "/api/payouts/balance") for name, http in drill.people.items()}
        under_way = [one for one in await payouts(root) if one["status"] not in OVER]
        said[:] = [{name: one for name, one in left.items() if one["available"] or one["pending"]}, under_way]
        return not (said[0] or under_way)

    try:
        await wait_until(done, within_s=PATIENCE_S, what="everything is paid out", every_s=1.0)
    except AssertionError as error:
        raise AssertionError(f"{error}: {said}") from None


async def payouts(root: httpx.AsyncClient) -> list[dict[str, Any]]:
    """All of them."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await asked(root, "GET", f"/api/payouts?limit=100{cursor}")
        found += page["items"]
        if "next_cursor" not in page:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_each_share_is_paid_out_once_and_both_books_agree_whatever_dies(drill: PayoutDrill) -> None:
    began_s, books = time.monotonic(), drill.world.stripe.account.books
    print(f"\nseed {SEED}: {SIZE} bills of {THERAPISTS} therapists over {LASTS_S:.0f} s")
    await asyncio.gather(*(opens(drill, name) for name in drill.people))
    await asyncio.gather(all_earn(drill), drill.world.torment())
    async with drill.world.system.http("root", "admin") as root:
        await drill.world.deliveries.settled()
        await all_paid(drill, root)
        held = {name: drill.world.stripe.account.connect.held(ref, "eur") for name, ref in drill.accounts.items()}
        assert held == dict(drill.earned), "somebody was paid otherwise than they earned"
        shown, transfers = await payouts(root), list(books.all("transfer"))
        refs = [one["provider_ref"] for one in shown if "provider_ref" in one]
        assert sorted(refs) == sorted(one["id"] for one in transfers), "a payout was made twice, or is not known"
        kept = {one["id"]: one["amount"] - one["amount_reversed"] for one in transfers}
        for one in shown:
            assert kept.get(one.get("provider_ref", ""), 0) == (one["amount"] if one["status"] == "paid" else 0), one
        accounts = {
            one["account"]: one["balance"] for one in (await asked(root, "GET", "/api/ledger/accounts"))["items"]
        }
        assert FUNDS + accounts["provider:stripe"] == books.balance("eur")
        trial = await asked(root, "GET", "/api/ledger/trial-balance")
        assert trial["balanced"], trial
    statuses = Counter(one["status"] for one in shown)
    print(f"{SIZE} bills, {len(shown)} payouts {dict(statuses)}, {time.monotonic() - began_s:.0f} s in all")
    print(f"{len(drill.world.stripe.account.seen)} requests; {dict(drill.world.happened)}")
