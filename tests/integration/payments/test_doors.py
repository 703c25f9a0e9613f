"""The doors of payments: what strangers find there, that no card number gets in, and that the books are shown as they
are."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.stripe.billing import unpaid
from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till
from tests.unit.payments.billing.en16931 import faults
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
CARDS = ("4242424242424242", "4242 4242 4242 4242", "pay with 5555-5555-5555-4444, please", "378282246310005")
NO_CARDS = ("1242424242424242", "4242424242424241", "x4242424242424242", "42424242424242421", "424242424242")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    async with a_till(mongo_port, tmp_path_factory.mktemp("doors")) as made:
        yield made


async def paid(till: Till, payer: str, amount: int = 10_000) -> tuple[str, str]:
    """A bill that is paid: its id, and that of the payment."""
    bill = await till.bill(payer, amount)
    payment = await till.pay(payer, bill, provider="stripe")
    till.others.types_card(payment["client"]["client_secret"])
    await till.becomes(bill, status="paid")

    async def invoiced() -> bool:
        return "invoice_id" in await till.seen(bill)

    await eventually(invoiced, "no invoice was issued")
    return bill, payment["payment_id"]


@pytest.mark.parametrize("role", ["client", "therapist", "moderator"])
async def test_a_stranger_finds_nothing_of_somebody_elses(till: Till, role: str) -> None:
    bill, payment = await paid(till, "ada")
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
    bill, _ = await paid(till, "bob", 20_000)
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


async def test_a_tariff_is_written_quoted_and_its_tiers_stay_between_two(till: Till) -> None:
    tess = token("tess", "therapist")
    body = {
        "currency": "EUR",
        "tax": {"jurisdiction": "DE", "category": "coaching"},
        "services": [{"service_id": "talk", "amount": 10_000, "tiers": {"reduced": 6_000}}],
        "rules": [
            {"rule_id": "evening", "label": "Evening", "when": {"from": "18:00", "to": "22:00"}, "percent": 20},
            {"rule_id": "late", "label": "At short notice", "when": {"lead_minutes": {"max": 120}}, "amount": 500},
        ],
    }
    rule = {"jurisdiction": "DE", "category": "coaching", "rate": "19", "inclusive": True}
    await till.home.ok("PUT", "/api/tax/rules", {"rules": [rule]}, bearer=till.home.admin())
    made = await till.home.ok("PUT", "/api/pricing/tess", body, bearer=tess)
    await till.home.refused(
        412, "failed_precondition", "PUT", "/api/pricing/tess", {**body, "version": made["version"] + 9}, bearer=tess
    )
    await till.home.ok("PUT", "/api/pricing/tess/tiers/cara", {"tier": "reduced"}, bearer=tess)
    wanted = {"therapist_id": "tess", "service_id": "talk", "start": "2099-11-20T19:00:00Z"}
    quotes = {
        user: await till.home.ok("POST", "/api/pricing/quote", wanted, bearer=token(user)) for user in ("cara", "dan")
    }
    assert (quotes["cara"]["base"], quotes["cara"]["total"]) == (6_000, 7_200)
    assert (quotes["dan"]["total"], quotes["dan"]["net"], quotes["dan"]["tax"]) == (12_000, 10_084, 1_916)
    assert quotes["dan"]["explanation"][1] == "Evening: +20.00 EUR"
    assert (await till.home.ok("GET", "/api/pricing/tess", bearer=token("cara")))["tier"] == "reduced"
    assert "tier" not in await till.home.ok("GET", "/api/pricing/tess", bearer=token("dan"))
    asked = {**wanted, "client_id": "cara"}
    await till.home.refused(403, "permission_denied", "POST", "/api/pricing/quote", asked, bearer=token("dan"))
    assert (await till.home.ok("POST", "/api/pricing/quote", asked, bearer=tess))["base"] == 6_000


async def test_what_is_written_is_read_as_it_was_written_and_with_what_was_left_out(till: Till) -> None:
    admin, tia = till.home.admin(), token("tia", "therapist")
    rule = {"rule_id": "noon", "label": "Noon", "when": {"from": "12:00", "to": "13:00"}, "percent": 5}
    tariff = {
        "currency": "EUR",
        "services": [{"service_id": "talk", "amount": 10_000, "unit": "session"}],
        "payment": {"when": "none", "capture": "now", "hold_minutes": 15, "on_failure": "release", "grace_minutes": 0},
        "rules": [{**rule, "exclusive": False}],
    }
    await till.home.ok("PUT", "/api/pricing/tia", tariff, bearer=tia)
    read = await till.home.ok("GET", "/api/pricing/tia", bearer=tia)
    assert tariff.items() <= read.items()
    assert read["no_show_percent"] == 100
    made = await till.home.ok("POST", "/api/discounts", {"code": "PLAIN", "percent": 5}, bearer=admin)
    assert (made["first_booking_only"], made["stackable"]) == (False, False)
    changed = await till.home.ok("PATCH", "/api/discounts/PLAIN", {"amount": 500, "currency": "EUR"}, bearer=admin)
    assert (changed["amount"], "percent" in changed) == (500, False)


async def test_a_bill_is_taxed_where_its_issuer_is(till: Till) -> None:
    admin, ute, tess = till.home.admin(), token("ute", "therapist"), token("tess", "therapist")
    rules = [
        {"jurisdiction": "DE", "category": "coaching", "rate": "19", "inclusive": False},
        {"jurisdiction": "AT", "category": "coaching", "rate": "20", "inclusive": False},
    ]
    made = await till.home.ok("PUT", "/api/tax/rules", {"rules": rules}, bearer=admin)
    assert made["rules"] == rules
    address = {"line1": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}
    issuer = {"name": "Ute", "address": address, "prefix": "U", "language": "de"}
    await till.home.ok("PUT", "/api/invoicing/issuers/ute", issuer, bearer=ute)
    issuer = {"name": "Carewire GmbH", "address": {**address, "country": "DE"}, "prefix": "CW", "language": "de"}
    await till.home.ok("PUT", "/api/invoicing/issuers/platform", issuer, bearer=admin)
    line = {"description": "Coaching", "quantity": 1, "unit_amount": 10_000, "tax_category": "coaching"}
    body = {"payer_id": "bo", "currency": "EUR", "lines": [line]}
    for who, tax in ((ute, 2_000), (tess, 1_900)):
        bill = await till.home.ok("POST", "/api/bills", body, bearer=who)
        assert (bill["tax"], bill["total"]) == (tax, 10_000 + tax)
        more = {"lines": [{**line, "quantity": 2}], "version": bill["version"]}
        changed = await till.home.ok("PATCH", f"/api/bills/{bill['bill_id']}", more, bearer=who)
        assert changed["tax"] == 2 * tax


async def test_codes_are_made_checked_and_changed(till: Till) -> None:
    admin = till.home.admin()
    code = {"code": "TEN", "percent": 10, "max_uses": 2}
    made = await till.home.ok("POST", "/api/discounts", code, bearer=admin)
    assert (made["uses"], made["reserved"]) == (0, 0)
    await till.home.refused(409, "already_exists", "POST", "/api/discounts", code, bearer=admin)
    await till.home.refused(
        400, "invalid_argument", "POST", "/api/discounts", {"code": "BOTH", "percent": 1, "amount": 1}, bearer=admin
    )
    assert (await till.home.ok("POST", "/api/discounts/check", {"code": "ten"}, bearer=token("ada")))["valid"]
    await till.home.refused(404, "not_found", "POST", "/api/discounts/check", {"code": "NONE"}, bearer=token("ada"))
    await till.home.ok("PATCH", "/api/discounts/TEN", {"ends_at": "2020-01-01T00:00:00Z"}, bearer=admin)
    checked = await till.home.ok("POST", "/api/discounts/check", {"code": "ten"}, bearer=token("ada"))
    assert checked == {"valid": False, "code": "ten", "reason": "discount_not_now"}
    listed = await till.home.ok("GET", "/api/discounts", bearer=admin)
    assert "TEN" in [one["code"] for one in listed["items"]]


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


async def test_a_paid_bill_has_an_invoice_with_a_number_and_a_pdf_for_those_whom_it_concerns(till: Till) -> None:
    address = {"line1": "Lange Str. 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
    issuer = {"name": "Carewire GmbH", "address": address, "prefix": "CW", "language": "de"}
    await till.home.ok("PUT", "/api/invoicing/issuers/platform", issuer, bearer=till.home.admin())
    ina = {"name": "Ina L.", "address": address, "business": True}
    await till.home.ok("POST", "/api/payments/customers", ina, bearer=token("ina"))
    bill, _ = await paid(till, "ina")

    found: dict[str, Any] = {}

    async def issued() -> bool:
        nonlocal found
        items = (await till.home.ok("GET", f"/api/invoices?bill_id={bill}", bearer=token("ina")))["items"]
        found = items[0] if items else {}
        return bool(items)

    await eventually(issued, "no invoice was issued")
    assert found["number"].startswith("CW")
    assert (found["total"], found["recipient"]["name"], found["issuer"]) == (10_000, "Ina L.", "Carewire GmbH")
    assert found["lines"][0]["description"] == "Session"
    pdf = await till.home.call("GET", found["pdf"], bearer=token("ina"))
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    xml = await till.home.call("GET", found["xml"], bearer=token("ina"))
    assert (xml.status_code, xml.headers["content-type"]) == (200, "application/xml")
    assert faults(xml.content) == []
    for stranger in (token("eve"), token("eve", "therapist"), token("eve", "moderator")):
        for path in (found["pdf"], found["xml"], f"/api/invoices/{found['invoice_id']}"):
            assert (await till.home.call("GET", path, bearer=stranger)).status_code in (403, 404)
    credit = f"/api/invoices/{found['invoice_id']}/credit"
    note = await till.home.ok(
        "POST", credit, {"reason": "Cancelled", "amount": 4_000}, bearer=token("tess", "therapist")
    )
    assert (note["kind"], note["total"], note["corrects"]) == ("credit_note", -4_000, found["invoice_id"])
    xml = await till.home.call("GET", note["xml"], bearer=token("ina"))
    assert faults(xml.content) == []
    assert found["number"].encode() in xml.content
    other, _ = await paid(till, "ada")
    plain = (await till.home.ok("GET", f"/api/invoices?bill_id={other}", bearer=token("ada")))["items"][0]
    await till.home.refused(
        412, "failed_precondition", "GET", f"/api/invoices/{plain['invoice_id']}/xml", bearer=token("ada")
    )
    await till.home.refused(
        412, "failed_precondition", "POST", credit, {"reason": "Again", "amount": 6_001}, bearer=till.home.admin()
    )


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


async def test_whose_money_staff_looked_at_is_in_the_record(till: Till) -> None:
    """Also where the words of the answer name nobody: then the operation says whose it is."""
    payer = "greta"
    bill, payment = await paid(till, payer)
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


async def test_a_superbill_is_drawn_for_its_client_and_its_therapist_and_nobody_else(till: Till) -> None:
    line = {"description": "Session of 60 minutes", "quantity": 1, "unit_amount": 15_000}
    body = {"payer_id": "mum", "client_id": "ada", "currency": "USD", "lines": [line]}
    bill = (await till.home.ok("POST", "/api/bills", body, bearer=token("tess", "therapist")))["bill_id"]
    coding = {
        "diagnoses": ["F41.1"],
        "services": [{"line_id": "lin_1", "procedure": "90837", "diagnoses": [1]}],
        "date_of_birth": "1985-04-12",
    }
    path = f"/api/bills/{bill}/superbill"
    await till.home.ok("PUT", path, coding, bearer=token("tess", "therapist"))
    wrong = {**coding, "date_of_birth": "2999-01-01"}
    await till.home.refused(400, "invalid_argument", "PUT", path, wrong, bearer=token("tess", "therapist"))
    for who in (token("ada"), token("tess", "therapist")):
        pdf = await till.home.call("GET", f"{path}.pdf", bearer=who)
        assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    for who in (token("mum"), token("eve"), token("eve", "therapist"), till.home.admin()):
        assert (await till.home.call("GET", f"{path}.pdf", bearer=who)).status_code == 404
