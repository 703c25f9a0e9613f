"""What lasts, at its doors: methods that are kept, who pays for whom, subscriptions."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.stripe.billing import unpaid
from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    async with a_till(mongo_port, tmp_path_factory.mktemp("standing")) as made:
        yield made


async def test_a_method_is_saved_paid_with_shown_to_its_payer_alone_and_forgotten(till: Till) -> None:
    fay, tess = token("fay"), token("tess", "therapist")
    setup = (await till.home.ok("POST", "/api/payments/methods", {"provider": "stripe"}, bearer=fay))["setup"]
    assert setup["client_secret"]
    method = await till.home.ok(
        "POST", "/api/payments/methods", {"provider": "stripe", "token": "pm_card_visa"}, bearer=fay
    )
    assert (method["brand"], method["default"]) == ("visa", True)
    bill = await till.bill("fay")
    await till.home.ok("POST", f"/api/bills/{bill}/pay", {"method_id": method["method_id"]}, bearer=fay)
    await till.becomes(bill, status="paid")
    assert "method" in (await till.home.ok("GET", f"/api/bills/{bill}", bearer=fay))["payment"]
    assert "method" not in (await till.home.ok("GET", f"/api/bills/{bill}", bearer=tess))["payment"]
    valid = await till.home.ok("POST", f"/api/payments/methods/{method['method_id']}/validate", bearer=fay)
    assert valid["valid"]
    await till.home.ok("DELETE", f"/api/payments/methods/{method['method_id']}", bearer=fay)
    assert (await till.home.ok("GET", "/api/payments/methods", bearer=fay))["items"] == []


async def test_a_payment_that_failed_is_tried_again_by_the_same_method_or_by_another(till: Till) -> None:
    bill, flo = await till.bill("flo"), token("flo")
    methods = {
        name: (await till.home.ok("POST", "/api/payments/methods", {"provider": "stripe", "token": name}, bearer=flo))
        for name in ("pm_card_chargeCustomerFail", "pm_card_visa")
    }
    path, fails = f"/api/bills/{bill}", methods["pm_card_chargeCustomerFail"]["method_id"]
    for where, body in (("pay", {"method_id": fails}), ("retry", {})):
        problem = await till.home.refused(412, "failed_precondition", "POST", f"{path}/{where}", body, bearer=flo)
        assert problem["details"].items() >= {"reason": "card_declined", "decline_code": "generic_decline"}.items()
    other = {"method_id": methods["pm_card_visa"]["method_id"]}
    await till.home.ok("POST", f"{path}/retry", other, bearer=flo)
    await till.becomes(bill, status="paid", captured=10_000)
    keeps_none = {"provider": "paypal"}
    await till.home.refused(412, "failed_precondition", "POST", "/api/payments/methods", keeps_none, bearer=flo)


async def test_a_guarantor_pays_and_sees_neutral_words(till: Till) -> None:
    gus, mum = token("gus"), token("mum")
    await till.home.ok("PUT", "/api/payments/guarantor", {"payer_id": "mum"}, bearer=gus)
    await till.home.ok("POST", "/api/payments/guarantor/accept", {"client_id": "gus"}, bearer=mum)
    bill = await till.bill("mum", client_id="gus")
    seen = await till.home.ok("GET", f"/api/bills/{bill}", bearer=mum)
    assert seen["lines"][0]["description"] == "Service"
    client = await till.home.ok("GET", f"/api/bills/{bill}", bearer=gus)
    assert (client["total"], "lines" in client, "payment" in client) == (10_000, False, False)
    plan = {"plan_id": "pln_gus", "title": "Weekly", "currency": "EUR", "amount": 900, "interval": "week"}
    await till.home.ok("POST", "/api/plans", plan, bearer=till.home.admin())
    wanted = {"plan_id": "pln_gus", "client_id": "gus"}
    await till.home.refused(403, "permission_denied", "POST", "/api/subscriptions", wanted, bearer=token("eve"))
    made = await till.home.ok("POST", "/api/subscriptions", wanted, bearer=mum)
    assert (made["payer_id"], made["client_id"]) == ("mum", "gus")

    async def billed() -> bool:
        path = f"/api/bills?subscription_id={made['subscription_id']}"
        found = {who: (await till.home.ok("GET", path, bearer=token(who)))["items"] for who in ("mum", "gus", "eve")}
        shown = [("lines" in one, one["total"]) for who in ("mum", "gus") for one in found[who]]
        return bool(shown == [(True, 900), (False, 900)] and not found["eve"])

    await eventually(billed, "each of them finds the bill, and the client sees a little of it")
    mine, all_ = [made["subscription_id"]], "/api/subscriptions"

    async def listed(path: str, who: str) -> list[str]:
        return [one["subscription_id"] for one in (await till.home.ok("GET", path, bearer=who))["items"]]

    for who, path in ((mum, all_), (gus, all_), (mum, f"{all_}?payer_id=mum"), (gus, f"{all_}?client_id=gus")):
        assert await listed(path, who) == mine
    assert await listed(f"{all_}?client_id=gus&payer_id=mum", till.home.admin()) == mine
    assert await listed(all_, token("eve", "therapist")) == []
    for path in (f"{all_}?payer_id=mum", f"{all_}?client_id=gus"):
        await till.home.refused(404, "not_found", "GET", path, bearer=token("eve", "therapist"))


async def test_a_plan_is_subscribed_to_paid_by_a_saved_card_changed_and_ended(till: Till) -> None:
    kim, admin = token("kim"), till.home.admin()
    body = {
        "plan_id": "pln_four",
        "title": "Four a month",
        "currency": "EUR",
        "amount": 30_000,
        "interval": "month",
        "features": [{"feature": "sessions", "included": 4, "limit": "hard"}],
    }
    await till.home.ok("POST", "/api/plans", body, bearer=admin)
    await till.home.refused(403, "permission_denied", "POST", "/api/plans", body, bearer=kim)
    method = await till.home.ok(
        "POST", "/api/payments/methods", {"provider": "stripe", "token": "pm_card_visa"}, bearer=kim
    )
    made = await till.home.ok(
        "POST", "/api/subscriptions", {"plan_id": "pln_four", "method_id": method["method_id"]}, bearer=kim
    )
    path = f"/api/subscriptions/{made['subscription_id']}"

    async def active() -> bool:
        return bool((await till.home.ok("GET", path, bearer=kim))["status"] == "active")

    await eventually(active, "the subscription is not paid")
    preview = await till.home.ok("POST", f"{path}/preview", {"quantity": 2}, bearer=kim)
    assert preview["due_now"] == preview["credit"] + preview["debit"]
    changed = await till.home.ok("PATCH", path, {"quantity": 2, "at": preview["at"]}, bearer=kim)
    bill = await till.becomes(changed["latest_bill_id"], status="paid")
    assert (changed["quantity"], bill["total"]) == (2, preview["due_now"])
    year = int(bill["created_at"][:4])
    span = f"from={year}-01-02T00:00:00Z&to={year + 1}-01-01T00:00:00Z"
    figures = await till.home.ok("GET", f"/api/payments/analytics?{span}", bearer=admin)
    assert (figures["mrr"], figures["churn"]) == (60_000, None)
    use = {"feature": "sessions", "quantity": 3, "usage_id": "use_1"}
    for _ in range(2):
        await till.home.ok("POST", f"{path}/usage", use, bearer=admin)
    limits = await till.home.ok("GET", "/api/usage/limits?feature=sessions", bearer=kim)
    assert (limits["used"], limits["remaining"], limits["allowed"]) == (3, 5, True)
    metrics = await till.home.ok("GET", f"{path}/usage?feature=sessions", bearer=kim)
    assert (metrics["used"], metrics["overage"]) == (3, 0)
    ahead = await till.home.ok("POST", f"{path}/invoice", {"dry_run": True}, bearer=kim)
    assert (ahead["total"], ahead["at"], "bill_id" in ahead) == (60_000, changed["current_period_end"], False)
    billed = await till.home.ok("POST", f"{path}/invoice", {}, bearer=kim)  # nothing waits: the bill that is there
    assert (billed["bill_id"], billed["total"]) == (changed["latest_bill_id"], preview["due_now"])
    problem = await till.home.refused(
        412, "failed_precondition", "POST", f"{path}/usage", {**use, "quantity": 6, "usage_id": "use_2"}, bearer=admin
    )
    assert problem["details"]["reason"] == "usage_limit"
    in_use = await till.home.refused(
        412, "failed_precondition", "DELETE", f"/api/payments/methods/{method['method_id']}", bearer=kim
    )
    assert made["subscription_id"] in in_use["details"]["backs"]
    for stranger in (token("eve"), token("eve", "therapist"), token("eve", "moderator")):
        for method_, where, what in (
            ("GET", path, None),
            ("PATCH", path, {"quantity": 9}),
            ("POST", f"{path}/cancel", {}),
            ("POST", f"{path}/preview", {"quantity": 9}),
            ("GET", f"{path}/cancel-effects", None),
            ("GET", f"{path}/usage?feature=sessions", None),
        ):
            assert (await till.home.call(method_, where, what, bearer=stranger)).status_code in (403, 404)
    effects = await till.home.ok("GET", f"{path}/cancel-effects", bearer=kim)
    assert effects["refund"] > 59_000
    ended = await till.home.ok("POST", f"{path}/cancel", {"when": "now", "refund": "prorated"}, bearer=kim)
    assert ended["status"] == "canceled"
    await till.balanced()


async def test_a_plan_that_stripe_bills_is_run_by_stripe_and_its_money_is_in_the_books(till: Till) -> None:
    admin, lea = till.home.admin(), token("lea")
    plan = {"plan_id": "pln_theirs", "title": "Theirs", "currency": "EUR", "amount": 4_000, "interval": "month"}
    await till.home.ok("POST", "/api/plans", {**plan, "billed_by": "stripe"}, bearer=admin)
    made = await till.home.ok("POST", "/api/subscriptions", {"plan_id": "pln_theirs"}, bearer=lea)
    path = f"/api/subscriptions/{made['subscription_id']}"
    assert (made["status"], made["billed_by"]) == ("incomplete", "stripe")
    payment = await till.pay("lea", made["latest_bill_id"], provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    till.stripe.account.billing.paid(next(unpaid(till.stripe.account.books)))
    await till.becomes(made["latest_bill_id"], status="paid", captured=4_000)

    async def active() -> bool:
        return bool((await till.home.ok("GET", path, bearer=lea))["status"] == "active")

    await eventually(active, "the subscription is not active")
    refused = await till.home.refused(
        412, "failed_precondition", "POST", f"/api/bills/{made['latest_bill_id']}/void", {}, bearer=admin
    )
    assert refused["details"]["reason"] == "billed_by"
    preview = await till.home.ok("POST", f"{path}/preview", {"quantity": 3}, bearer=lea)
    assert (preview["due_now"] > 7_000, preview["next"]["total"]) == (True, 12_000)
    changed = await till.home.ok("PATCH", path, {"quantity": 3, "at": preview["at"]}, bearer=lea)
    assert changed["quantity"] == 3
    ended = await till.home.ok("POST", f"{path}/cancel", {"when": "now"}, bearer=lea)
    assert ended["status"] == "canceled"
    await till.balanced()
