"""Electronic invoices: what the schema and the Schematron of EN 16931 accept, whatever was billed."""

import os
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from actors.payments.bill.state import Line
from actors.payments.issuer.answers import RecipientReply, invoice_reply
from actors.payments.issuer.entity import _sums
from actors.payments.issuer.state import InvoiceRecord, IssuerBody, scaled
from actors.payments.payer.answers import Address
from actors.payments.taxes import Exemption, TaxRule, taxed
from common.errors import FailedPrecondition
from serve_app.capabilities.payments.invoices.cii import written
from serve_app.capabilities.payments.invoices.einvoice import EInvoice, einvoice
from serve_app.capabilities.payments.invoices.service import _negative
from tests.unit.payments.billing.en16931 import faults

BERLIN: Final = Address(line1="Lange Str. 1", postal_code="10115", city="Berlin", country="DE")
PRACTICE: Final = IssuerBody(name="Praxis Doc", address=BERLIN, prefix="CW-", language="de", vat_id="DE 123 456 789")
ADA: Final = RecipientReply(payer_id="ada", name="Łukasz & Töchter <GmbH>", address=BERLIN, tax_id="ATU12345678")
TAXES: Final = [
    TaxRule(jurisdiction="DE", category="coaching", rate="19"),
    TaxRule(jurisdiction="DE", category="books", rate="7", inclusive=True),
    TaxRule(jurisdiction="DE", category="travel", rate="7.7", inclusive=True),
    TaxRule(jurisdiction="DE", category="care", rate="0", exempt=Exemption("VATEX-EU-132-1C", "Medical care")),
    TaxRule(jurisdiction="DE", category="school", rate="0", exempt=Exemption("VATEX-EU-132-1I", "Education")),
]
PAIRS: Final = int(os.environ.get("DRILL_SIZE", "0")) or 60
"""`make drill invoices`: 500."""
CATEGORIES: Final = ("coaching", "books", "travel", "care", "school", "")


def record(*lines: Line, **changes: Any) -> InvoiceRecord:
    members: dict[str, Any] = {
        "id": "inv_1",
        "number": "CW-2026-000001",
        "kind": "invoice",
        "bill": "bil_1",
        "bill_kind": "charge",
        "issuer": "platform",
        "payer": "ada",
        "client": "ada",
        "beneficiary": "",
        "issued": 1_795_000_000_000,
        "currency": "EUR",
        "settings": 1,
        "profile": 1,
        "business": True,
    }
    return InvoiceRecord(**{**members, **_sums(lines), **changes})


def terms(invoice: InvoiceRecord, issuer: IssuerBody = PRACTICE, to: RecipientReply = ADA) -> EInvoice:
    shown = invoice_reply(invoice, {line.id: "Sitzung\x07 von 60 Minuten" for line in invoice.lines}, to)
    corrects = ("CW-2026-000001", "2026-11-02T08:15:00.000Z") if invoice.corrects else None
    return einvoice(invoice, shown, issuer, corrects=corrects)


def line(amount: int, category: str = "", quantity: int = 1, discount: int = 0, **more: Any) -> Line:
    return Line(
        id=f"lin_{amount}_{category}_{quantity}",
        quantity=quantity,
        unit_amount=amount,
        amount=amount * quantity,
        discount=discount,
        tax_category=category,
        **more,
    )


LINES: Final = st.lists(
    st.builds(
        lambda amount, category, quantity, off, odd, period: line(
            amount,
            category,
            quantity,
            min(off, amount * quantity),
            period=(1_790_000_000_000, 1_795_000_000_000) if period else None,
            proration=odd,
        ),
        st.integers(0, 10**6),
        st.sampled_from(CATEGORIES),
        st.integers(1, 9),
        st.sampled_from([0, 0, 1, 333]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=PAIRS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LINES, st.integers(0, 400), st.booleans(), st.sampled_from(["EUR", "JPY", "USD"]), st.data())
def test_schema_and_rules_accept_every_invoice_and_credit_note(
    lines: list[Line], down: int, partly: bool, currency: str, data: Any
) -> None:
    """With rates, exemptions, what is outside of tax, discounts, credits among the lines, less taken than billed."""
    if down:
        lines = [*lines, line(-down, lines[0].tax_category)]
    billed = taxed([msgspec.structs.replace(one, id=f"lin_{n}") for n, one in enumerate(lines)], TAXES, "DE", "2026")
    total = sum(one.total for one in billed)
    assume(total > 0)
    taken = scaled(billed, data.draw(st.integers(1, total)) if partly else total)
    invoice = record(*taken, currency=currency)
    made = terms(invoice)
    assert faults(written(made)) == []
    assert (made.net, made.tax, made.total) == (invoice.subtotal, invoice.tax, invoice.total)
    if any(one.total <= 0 for one in taken):
        return
    note = record(
        *(_negative(one, one.total) for one in taken),
        currency=currency,
        kind="credit_note",
        corrects="inv_1",
        reason="Storniert",
    )
    credit = terms(note)
    assert faults(written(credit)) == []
    assert (credit.total, credit.credit) == (-note.total, True)


def test_the_judges_see_what_is_wrong() -> None:
    """A sum that is none, a category that does not fit, an element too many: each is found."""
    made = terms(record(*taxed([line(9_000, "coaching")], TAXES, "DE", "2026")))
    assert faults(written(made)) == []
    assert any("BR-CO-15" in one for one in faults(written(made._replace(total=made.total + 1))))
    wrong = made._replace(taxes=[made.taxes[0]._replace(base=1)])
    assert any("BR-S-08" in one for one in faults(written(wrong)))
    assert any("BR-S-02" in one for one in faults(written(made._replace(seller=made.seller._replace(vat_id="")))))
    assert faults(written(made).replace(b"ram:DuePayableAmount", b"ram:Due"))


def test_what_it_says_is_what_was_billed() -> None:
    lines = taxed([line(2_500, "coaching", 2, 500), line(10_700, "books"), line(100)], TAXES, "DE", "2026")
    root = etree.fromstring(written(terms(record(*lines))))

    def texts(name: str) -> list[str]:
        return [str(one.text) for one in root.iter(f"{{*}}{name}")]

    assert texts("LineTotalAmount") == ["45.00", "100.00", "1.00", "146.00"]
    assert texts("ChargeAmount") == ["25.00", "100.00", "1.00"]
    assert texts("BilledQuantity") == ["2", "1", "1"]
    assert texts("ActualAmount") == ["5.00"]
    assert texts("CategoryCode") == ["S", "S", "E", "S", "S", "E"]
    assert texts("CalculatedAmount") == ["8.55", "7.00", "0.00"]
    assert texts("GrandTotalAmount") == texts("TotalPrepaidAmount") == ["161.55"]
    assert texts("Name")[-1] == "Łukasz & Töchter <GmbH>"
    assert texts("Name")[0] == "Sitzung von 60 Minuten"


@pytest.mark.parametrize(
    ("changes", "issuer", "to", "reason"),
    [
        ({"business": False}, PRACTICE, ADA, "no_business"),
        ({}, PRACTICE, msgspec.structs.replace(ADA, address=None), "no_business"),
        ({}, msgspec.structs.replace(PRACTICE, vat_id="none"), ADA, "issuer_tax_id"),
        ({"currency": "KWD"}, PRACTICE, ADA, "currency"),
    ],
)
def test_what_cannot_be_an_electronic_invoice_is_refused(
    changes: dict[str, Any], issuer: IssuerBody, to: RecipientReply, reason: str
) -> None:
    invoice = record(*taxed([line(9_000, "coaching")], TAXES, "DE", "2026"), **changes)
    with pytest.raises(FailedPrecondition) as refused:
        terms(invoice, issuer, to)
    assert refused.value.details == {"reason": reason}


def test_only_where_there_is_one_does_an_invoice_say_where() -> None:
    invoice = record(line(9_000))
    assert invoice_reply(invoice, {}, ADA).xml == "/api/invoices/inv_1/xml"
    assert invoice_reply(invoice, {}, msgspec.structs.replace(ADA, address=None)).xml is None
    assert invoice_reply(msgspec.structs.replace(invoice, business=False), {}, ADA).xml is None
