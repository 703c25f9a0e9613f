"""Prices, taxes and codes at their doors, and what is written of a payment afterwards: invoices and superbills."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till
from tests.unit.payments.billing.en16931 import faults
from tests.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    async with a_till(mongo_port, tmp_path_factory.mktemp("prices")) as made:
        yield made


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


async def test_a_paid_bill_has_an_invoice_with_a_number_and_a_pdf_for_those_whom_it_concerns(till: Till) -> None:
    address = {"line1": "Lange Str. 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
    issuer = {"name": "Carewire GmbH", "address": address, "prefix": "CW", "language": "de"}
    await till.home.ok("PUT", "/api/invoicing/issuers/platform", issuer, bearer=till.home.admin())
    ina = {"name": "Ina L.", "address": address, "business": True}
    await till.home.ok("POST", "/api/payments/customers", ina, bearer=token("ina"))
    bill, _ = await till.paid("ina")

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
    other, _ = await till.paid("ada")
    plain = (await till.home.ok("GET", f"/api/invoices?bill_id={other}", bearer=token("ada")))["items"][0]
    await till.home.refused(
        412, "failed_precondition", "GET", f"/api/invoices/{plain['invoice_id']}/xml", bearer=token("ada")
    )
    await till.home.refused(
        412, "failed_precondition", "POST", credit, {"reason": "Again", "amount": 6_001}, bearer=till.home.admin()
    )


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
