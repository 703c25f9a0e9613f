"""Our books beside what the providers say: all that agrees is matched, and each thing that does not is named."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from common.clock import to_rfc3339
from serve_app.activities.daily import begin_daily
from serve_app.capabilities.connecting import daily_of
from tests.fakes.delivering import Weather
from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
DEAF = Weather(lost=1.0)
HOUR_MS = 3_600_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    """No webhook arrives, and nothing is read again by itself within an hour."""
    async with a_till(mongo_port, tmp_path_factory.mktemp("reconciling"), weather=DEAF, poll_s=3600.0) as made:
        yield made


async def paid(till: Till, payer: str, provider: str) -> tuple[str, str]:
    """A bill that is paid, as the payer's browser told; the bill, and the provider's payment."""
    bill = await till.bill(payer)
    payment = await till.pay(payer, bill, provider=provider)
    body: dict[str, Any] = {"payment_id": payment["payment_id"]}
    if provider == "stripe":
        intent = till.others.types_card(payment["client"]["client_secret"])["id"]
    else:
        intent = payment["client"]["order_id"]
        till.paypal.account.approve(intent)
        body["result"] = {"order_id": intent}
    await till.home.ok("POST", "/api/payments/confirm", body, bearer=token(payer, "client"))
    await till.becomes(bill, status="paid")
    return bill, intent


async def reconciled(till: Till, provider: str) -> dict[str, Any]:
    """A reconciliation of what happened lately, once it is done."""
    now_ms = till.home.clock.platform_ms()
    body = {"provider": provider, "from": to_rfc3339(now_ms - HOUR_MS), "to": to_rfc3339(now_ms + 2 * HOUR_MS)}
    begun = await till.home.ok("POST", "/api/ledger/reconcile", body, bearer=till.home.admin())
    assert begun["job"]["kind"] == "reconcile"
    found: dict[str, Any] = {}

    async def done() -> bool:
        nonlocal found
        path = f"/api/ledger/reconciliations/{begun['run_id']}"
        found = await till.home.ok("GET", path, bearer=till.home.admin())
        return bool(found["status"] != "running")

    await eventually(done, "the reconciliation ends")
    assert found["status"] == "done"
    return found


async def test_books_that_agree_match_and_what_one_does_not_know_is_named(till: Till) -> None:
    intents = [(await paid(till, payer, "stripe"))[1] for payer in ("ada", "bea", "cleo")]
    found = await reconciled(till, "stripe")
    assert (found["matched"], found["differences"]) == (3, [])
    assert found["ledger_balance"] == found["provider_balance"] == till.stripe.account.books.balance("eur")

    refund = till.others.gives_back(intents[0], 700)
    found = await reconciled(till, "stripe")
    assert found["differences"] == [{"kind": "missing_here", "provider_ref": refund["id"], "ours": 0, "theirs": -700}]
    assert found["ledger_balance"] - found["provider_balance"] == 700

    books = till.stripe.account.books
    charged = next(one for one in books.movements if one["type"] == "charge" and one["amount"] == 10_000)
    books.movements.remove(charged)
    found = await reconciled(till, "stripe")
    assert {one["kind"] for one in found["differences"]} == {"missing_here", "missing_there"}
    missing = next(one for one in found["differences"] if one["kind"] == "missing_there")
    assert missing["provider_ref"] in intents
    assert (missing["ours"], missing["theirs"]) == (charged["net"], 0)
    books.movements.append({**charged, "amount": 9000, "net": charged["net"] - 1000})
    found = await reconciled(till, "stripe")
    changed = next(one for one in found["differences"] if one["kind"] == "amount")
    assert changed["ours"] - changed["theirs"] == 1000


async def test_where_a_provider_has_no_statement_each_payment_is_read_again(till: Till) -> None:
    await paid(till, "dora", "paypal")
    found = await reconciled(till, "paypal")
    assert (found["matched"], found["differences"]) == (1, [])
    assert "provider_balance" not in found


async def test_each_provider_is_reconciled_every_day_by_itself(till: Till) -> None:
    daily = [work for work in daily_of(till.home.settings) if work.kind == "reconcile"]
    assert {work.about["provider"] for work in daily} == {"stripe", "paypal", "razorpay"}
    for _ in range(2):
        await begin_daily(till.home.region, daily)
    path = "/api/operations/jobs?kind=reconcile&limit=100"

    async def done() -> bool:
        jobs = (await till.home.ok("GET", path, bearer=till.home.admin()))["jobs"]
        mine = [one for one in jobs if one["job_id"].startswith("job_0000000000")]
        return len(mine) == 3 and {one["state"] for one in mine} == {"done"}

    await eventually(done, "each is done once")


async def test_only_administrators_and_only_with_a_provider_that_is_there(till: Till) -> None:
    path, admin = "/api/ledger/reconcile", till.home.admin()
    for role in ("client", "therapist", "moderator"):
        await till.home.refused(403, "permission_denied", "POST", path, {"provider": "stripe"}, bearer=token("x", role))
    for body in (
        {"provider": "manual"},
        {"provider": "square"},
        {"provider": "stripe", "from": "2026-01-02T00:00:00Z"},
    ):
        await till.home.refused(400, "invalid_argument", "POST", path, body, bearer=admin)
    for run in ("run_01KAFZ0000000000000000000A", "run_x", "job_01KAFZ0000000000000000000A"):
        await till.home.refused(404, "not_found", "GET", f"/api/ledger/reconciliations/{run}", bearer=admin)
