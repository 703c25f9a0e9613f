"""The doors of payments: what strangers find there, that no card number gets in, that the books are shown as they are,
and what staff sees."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
CARDS = ("4242424242424242", "4242 4242 4242 4242", "pay with 5555-5555-5555-4444, please", "378282246310005")

NO_CARDS = ("1242424242424242", "4242424242424241", "x4242424242424242", "42424242424242421", "424242424242")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    async with a_till(mongo_port, tmp_path_factory.mktemp("doors")) as made:
        yield made


@pytest.mark.parametrize("role", ["client", "therapist", "moderator"])
async def test_a_stranger_finds_nothing_of_somebody_elses(till: Till, role: str) -> None:
    bill, payment = await till.paid("ada")
    line = {"description": "x", "quantity": 1, "unit_amount": 1}
    asked: list[tuple[str, str, Any]] = [
        ("GET", f"/api/bills/{bill}", None),
        ("GET", f"/api/bills/{bill}/history", None),
        ("PATCH", f"/api/bills/{bill}", {"lines": [line]}),
        ("POST", f"/api/bills/{bill}/pay", {}),
        ("POST", f"/api/bills/{bill}/retry", {}),
        ("POST", f"/api/bills/{bill}/void", {}),
        ("POST", f"/api/bills/{bill}/write-off", {}),
        ("GET", f"/api/payments/{payment}", None),
        ("POST", f"/api/payments/{payment}/cancel", None),
        ("POST", "/api/payments/intent", {"bill_id": bill}),
        ("POST", "/api/payments/create-intent", {"bill_id": bill}),
        ("POST", "/api/payments/confirm", {"payment_id": payment}),
        ("POST", "/api/payments/refund", {"bill_id": bill}),
        ("GET", "/api/payments/history?payer_id=ada", None),
        ("GET", "/api/payments/customers/ada", None),
        ("PATCH", "/api/payments/customers/ada", {"name": "Eve"}),
        ("DELETE", "/api/payments/customers/ada", None),
        ("POST", "/api/payments/customers/ada/merge", {"into": "eve"}),
        ("POST", "/api/payments/guarantor/accept", {"client_id": "ada"}),
        ("GET", "/api/ledger/trial-balance", None),
        ("GET", "/api/ledger/accounts", None),
        ("GET", "/api/ledger/entries", None),
        ("GET", "/api/payments/analytics?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", None),
        ("PUT", "/api/pricing/tess", {"currency": "EUR", "services": []}),
        ("PUT", "/api/pricing/tess/tiers/ada", {"tier": "reduced"}),
        ("POST", "/api/discounts", {"code": "X", "percent": 10}),
        ("PUT", "/api/tax/rules", {"rules": []}),
    ]
    before = await till.seen(bill)
    for method, path, body in asked:
        answer = await till.home.call(method, path, body, bearer=token("eve", role))
        assert answer.status_code in (403, 404), (method, path, answer.status_code, answer.text)
        anonymous = await till.home.call(method, path, body)
        assert anonymous.status_code == 401, (method, path)
    assert await till.seen(bill) == before


@pytest.mark.parametrize("text", CARDS)
async def test_a_card_number_anywhere_in_a_body_is_refused(till: Till, text: str) -> None:
    line = {"description": text, "quantity": 1, "unit_amount": 1}
    asked = [
        ("/api/bills", {"payer_id": "ada", "currency": "EUR", "lines": [line]}, "tess", "therapist"),
        ("/api/payments/customers", {"name": text}, "ada", "client"),
        ("/api/payments/refund", {"bill_id": "bil_1", "note": text}, "tess", "therapist"),
    ]
    for path, body, user, role in asked:
        problem = await till.home.refused(400, "invalid_argument", "POST", path, body, bearer=token(user, role))
        assert problem["details"]["reason"] == "card_data"
        assert text not in str(problem)


@pytest.mark.parametrize("text", NO_CARDS)
async def test_other_numbers_may_stand_in_a_text(till: Till, text: str) -> None:
    line = {"description": f"Order {text}", "quantity": 1, "unit_amount": 1}
    body = {"payer_id": "ada", "currency": "EUR", "lines": [line]}
    await till.home.ok("POST", "/api/bills", body, bearer=token("tess", "therapist"))


async def test_the_ledger_balances_and_its_figures_are_the_sum_of_their_groups(till: Till) -> None:
    bill, _ = await till.paid("bob", 20_000)
    refund = {"bill_id": bill, "amount": 5_000}
    await till.home.ok("POST", "/api/payments/refund", refund, bearer=token("tess", "therapist"))
    await till.becomes(bill, refunded=5_000)
    await till.balanced()
    trial = await till.home.ok("GET", "/api/ledger/trial-balance", bearer=till.home.admin())
    assert trial["balanced"]
    accounts = (await till.home.ok("GET", "/api/ledger/accounts", bearer=till.home.admin()))["items"]
    assert sum(one["balance"] for one in accounts) == 0
    held = {one["account"]: one["balance"] for one in accounts}
    assert held["provider:stripe"] == till.stripe.account.books.balance("eur")
    span = "from=2020-01-01T00:00:00Z&to=2020-12-31T00:00:00Z"
    nothing = await till.home.ok("GET", f"/api/payments/analytics?{span}", bearer=till.home.admin())
    assert (nothing["gross"], nothing["success_rate"]) == (0, None)
    year = (await till.seen(bill))["created_at"][:4]
    path = f"/api/payments/analytics?from={year}-01-01T00:00:00Z&to={year}-12-31T23:59:59Z&group_by=therapist"
    found = await till.home.ok("GET", path, bearer=till.home.admin())
    for name in ("gross", "refunds", "fees", "net", "payments"):
        assert found[name] == sum(group[name] for group in found["groups"])
    assert found["gross"] - found["refunds"] - found["fees"] == found["net"] == held["provider:stripe"]
    assert found["success_rate"] == 1.0
    entries = await till.home.ok("GET", "/api/ledger/entries?account=provider:stripe&limit=2", bearer=till.home.admin())
    assert len(entries["items"]) == 2
    assert entries["next_cursor"]


async def test_whose_money_staff_looked_at_is_in_the_record(till: Till) -> None:
    """Also where the words of the answer name nobody: then the operation says whose it is."""
    payer = "greta"
    bill, payment = await till.paid(payer)
    reads = (
        f"/api/bills/{bill}",
        f"/api/bills/{bill}/history",
        f"/api/bills?payer_id={payer}",
        f"/api/payments/{payment}",
        f"/api/payments/history?payer_id={payer}",
        f"/api/payments/customers/{payer}",
        f"/api/payments/methods?payer_id={payer}",
        f"/api/invoices?payer_id={payer}",
    )
    for path in reads:
        before = (await till.home.service.parts.audit.verify()).head.number
        await till.home.ok("GET", path, bearer=till.home.admin())
        entries = await till.home.database["audit"].find({"_id": {"$gt": before}}).to_list(None)
        assert {one["subject"] for one in entries} >= {payer}, (path, entries)


async def test_a_payment_that_meets_a_rule_is_held_until_staff_decides_and_its_payer_is_told_no_rule(
    till: Till,
) -> None:
    path, admin, kate = "/api/payments/fraud/rules", till.home.admin(), token("kate", "client")
    rules = [
        {"rule_id": "large-sums", "measure": "amount", "per": "payer", "above": 50_000, "action": "review"},
        {"rule_id": "many-tries", "measure": "attempts", "per": "address", "above": 3, "action": "block"},
    ]
    before = len(list(till.stripe.account.books.all("payment_intent")))
    for role in ("client", "therapist", "moderator"):
        await till.home.refused(403, "permission_denied", "GET", path, bearer=token("x", role))
        await till.home.refused(403, "permission_denied", "GET", "/api/payments/reviews", bearer=token("x", role))
    version = (await till.home.ok("PUT", path, {"rules": rules}, bearer=admin))["version"]
    try:
        bills = [await till.bill("kate", 60_000) for _ in range(4)]
        payments = [
            await till.home.call("POST", "/api/payments/intent", {"bill_id": bill, "provider": "stripe"}, bearer=kate)
            for bill in bills
        ]
        assert [one.status_code for one in payments] == [202, 202, 202, 412]
        assert payments[-1].json()["details"] == {"reason": "blocked"}
        assert not any(word in one.text for one in payments for word in ("large-sums", "many-tries", "above"))
        assert len(list(till.stripe.account.books.all("payment_intent"))) == before

        queue: list[dict[str, Any]] = []

        async def queued() -> bool:
            nonlocal queue
            queue = (await till.home.ok("GET", "/api/payments/reviews", bearer=admin))["items"]
            return len(queue) == 3

        await eventually(queued, "three payments wait for staff")
        assert {(one["payer_id"], one["rule_id"], one["amount"]) for one in queue} == {("kate", "large-sums", 60_000)}
        assert queue[0]["reason"] == "amount 60000 EUR by this payer, above 50000"
        for review, decision, status in ((queue[2], "approve", "approved"), (queue[1], "decline", "declined")):
            decided = await till.home.ok(
                "POST", f"/api/payments/reviews/{review['review_id']}", {"decision": decision}, bearer=admin
            )
            assert decided["status"] == status
        begun = await till.pay("kate", queue[2]["bill_id"], provider="stripe")
        till.others.types_card(begun["client"]["client_secret"])
        await till.becomes(queue[2]["bill_id"], status="paid")
        assert (await till.seen(queue[1]["bill_id"]))["payment"]["error"]["code"] == "blocked"
    finally:
        await till.home.ok("PUT", path, {"rules": [], "version": version}, bearer=admin)
    await till.balanced()
