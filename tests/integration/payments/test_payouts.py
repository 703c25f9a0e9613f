"""From a payer's card to a therapist's bank: the API, shards, a runner, Stripe on the wire, and its webhooks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.delivering import Weather
from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till
from tests.integration.payments.test_reconciling import reconciled
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
TESS = token("tess", "therapist")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    async with a_till(mongo_port, tmp_path_factory.mktemp("payouts"), weather=Weather(doubled=0.5)) as made:
        yield made


async def balance(till: Till, available: int) -> None:
    """Until so much is due."""
    found: dict[str, Any] = {}

    async def met() -> bool:
        nonlocal found
        found = await till.home.ok("GET", "/api/payouts/balance", bearer=TESS)
        return bool(found["available"] == available)

    try:
        await eventually(met, "")
    except AssertionError:
        raise AssertionError(f"{available} does not become due: {found}") from None


async def floated(till: Till) -> None:
    """Somebody else's session is paid, so that Stripe holds enough in spite of its fees."""
    line = {"description": "x", "quantity": 1, "unit_amount": 5_000}
    body = {"payer_id": "bea", "currency": "EUR", "lines": [line]}
    bill = (await till.home.ok("POST", "/api/bills", body, bearer=token("zoe", "therapist")))["bill_id"]
    payment = await till.pay("bea", bill, provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    await till.becomes(bill, status="paid")


async def becomes(till: Till, payout_id: str, status: str) -> dict[str, Any]:
    """The payout, once it is so."""
    found: dict[str, Any] = {}

    async def met() -> bool:
        nonlocal found
        found = await till.home.ok("GET", f"/api/payouts/{payout_id}", bearer=TESS)
        return bool(found["status"] == status)

    await eventually(met, f"{payout_id} does not become {status}")
    return found


async def account(till: Till, *, enabled: bool) -> dict[str, Any]:
    """The account, once it takes payouts, or none any more."""
    found: dict[str, Any] = {}

    async def met() -> bool:
        nonlocal found
        found = await till.home.ok("GET", "/api/payouts/account", bearer=TESS)
        return bool(found["payouts_enabled"] is enabled)

    await eventually(met, "the account does not become so")
    return found


async def test_a_share_goes_to_a_bank_comes_back_and_goes_again(till: Till) -> None:
    home, admin, run = till.home, till.home.admin(), {"therapist_id": "tess"}
    connect, mishaps = till.stripe.account.connect, till.stripe.account.mishaps
    bill, _ = await till.paid("ada", 20_000)
    await balance(till, 20_000)
    await floated(till)

    body = {"provider": "stripe", "return_url": "https://care.test/"}
    opened = await home.ok("POST", "/api/payouts/account", body, bearer=TESS)
    assert opened["url"].startswith("https://connect.stripe.test/setup/acct_")
    shown = await home.ok("GET", "/api/payouts/account?therapist_id=tess", bearer=admin)
    assert "url" not in shown
    problem = await home.refused(412, "failed_precondition", "POST", "/api/payouts/run", run, bearer=admin)
    assert problem["details"]["reason"] == "account"
    ref = opened["url"].rpartition("/")[2]
    connect.complete(ref)
    await account(till, enabled=True)

    mishaps.next += ["lost_answer", "failing"]
    (made,) = (await home.ok("POST", "/api/payouts/run", run, bearer=admin))["items"]
    again = (await home.ok("POST", "/api/payouts/run", {}, bearer=admin))["items"]
    assert (made["amount"], again) == (20_000, [])
    done = await becomes(till, made["payout_id"], "paid")
    assert done["items"] == [{"bill_id": bill, "gross": 20_000, "share": 20_000, "fee": 0}]
    assert connect.held(ref, "eur") == 20_000
    pdf = await home.call("GET", f"/api/payouts/{made['payout_id']}/statement.pdf", bearer=TESS)
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")

    connect.bank_refuses(ref)
    back = await becomes(till, made["payout_id"], "reversed")
    assert (back["reason"], back["reversed_amount"], connect.held(ref, "eur")) == ("bank", 20_000, 0)
    assert (await account(till, enabled=False))["requirements"] == ["external_account"]
    await balance(till, 20_000)
    connect.complete(ref)
    await account(till, enabled=True)
    (second,) = (await home.ok("POST", "/api/payouts/run", {}, bearer=admin))["items"]
    await becomes(till, second["payout_id"], "paid")
    listed = (await home.ok("GET", "/api/payouts", bearer=TESS))["items"]
    assert [one["payout_id"] for one in listed] == [second["payout_id"], made["payout_id"]]

    refund = {"bill_id": bill, "amount": 5_000}
    await home.ok("POST", "/api/payments/refund", refund, bearer=TESS)
    await till.becomes(bill, refunded=5_000)
    await balance(till, -5_000)
    await till.balanced()
    found = await reconciled(till, "stripe")
    assert found["differences"] == []
    assert sum(one["amount"] - one["amount_reversed"] for one in till.stripe.account.books.all("transfer")) == 20_000


async def test_strangers_find_nothing_of_payouts_and_partners_hear_no_name(till: Till) -> None:
    known = (await till.home.ok("GET", "/api/payouts", bearer=TESS))["items"][0]["payout_id"]
    asked: list[tuple[str, str, Any]] = [
        ("GET", f"/api/payouts/{known}", None),
        ("GET", f"/api/payouts/{known}/statement.pdf", None),
        ("GET", "/api/payouts?therapist_id=tess", None),
        ("GET", "/api/payouts/balance?therapist_id=tess", None),
        ("GET", "/api/payouts/account?therapist_id=tess", None),
        ("POST", "/api/payouts/account", {"provider": "manual", "therapist_id": "tess"}),
        ("POST", "/api/payouts/run", {"therapist_id": "tess"}),
    ]
    for method, path, body in asked:
        for role in ("client", "therapist", "moderator"):
            answer = await till.home.call(method, path, body, bearer=token("eve", role))
            assert answer.status_code in (403, 404), (method, path, role, answer.text)
        assert (await till.home.call(method, path, body)).status_code == 401
    sent = " ".join(f"{one.path} {one.text}" for one in till.stripe.account.seen)
    assert "tess" not in sent


async def test_cash_is_paid_out_by_hand(till: Till) -> None:
    bill = {"payer_id": "bob", "currency": "EUR", "lines": [{"description": "x", "quantity": 1, "unit_amount": 900}]}
    made = await till.home.ok("POST", "/api/bills", bill, bearer=token("una", "therapist"))
    await till.home.ok(
        "POST", f"/api/bills/{made['bill_id']}/pay", {"provider": "manual"}, bearer=token("una", "therapist")
    )

    async def run() -> bool:
        items = (await till.home.ok("POST", "/api/payouts/run", {"therapist_id": "una"}, bearer=till.home.admin()))[
            "items"
        ]
        return [(one["amount"], one["status"], one["provider"]) for one in items] == [(900, "paid", "manual")]

    await eventually(run, "the share does not become due")
