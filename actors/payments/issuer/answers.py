"""Invoices as those see them whom they concern."""

from typing import Literal

import msgspec

from actors.payments.bill.answers import NEUTRAL, line_reply
from actors.payments.bill.replies import LineReply
from actors.payments.issuer.state import InvoiceRecord, IssuerBody
from actors.payments.payer.answers import Address
from common.clock import to_rfc3339
from common.persons import UserId


class TaxLineReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tax of one rate."""

    rate: str
    base: int
    tax: int
    category: str
    reason: str | None = None


class RecipientReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """To whom it was issued, as they wrote it then."""

    payer_id: UserId
    name: str | None = None
    address: Address | None = None
    tax_id: str | None = None


class InvoiceReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An invoice or a credit note. `pdf`: where it can be read; `xml`: as EN 16931 has it, for a
    business whose address is known."""

    invoice_id: str
    number: str
    kind: Literal["invoice", "credit_note"]
    bill_id: str
    issuer: str
    recipient: RecipientReply
    issued_at: str
    currency: str
    lines: list[LineReply]
    tax_lines: list[TaxLineReply]
    subtotal: int
    tax: int
    total: int
    pdf: str
    xml: str | None = None
    corrects: str | None = None
    reason: str | None = None


class IssuerReply(IssuerBody, frozen=True, kw_only=True):
    """Who issues."""

    issuer_id: str
    version: int


def invoice_reply(
    invoice: InvoiceRecord, texts: dict[str, str], recipient: RecipientReply | None = None, issuer: str = ""
) -> InvoiceReply:
    """The invoice, with what its lines say; neutral words for whoever pays for somebody else."""
    neutral = NEUTRAL.get(invoice.bill_kind, "Service")
    own = texts if invoice.payer == invoice.client else {}
    return InvoiceReply(
        invoice_id=invoice.id,
        number=invoice.number,
        kind=invoice.kind,
        bill_id=invoice.bill,
        issuer=issuer or invoice.issuer,
        recipient=recipient or RecipientReply(payer_id=invoice.payer),
        issued_at=to_rfc3339(invoice.issued),
        currency=invoice.currency,
        lines=[line_reply(line, own.get(line.id, neutral)) for line in invoice.lines],
        tax_lines=[
            TaxLineReply(rate=one.rate, base=one.base, tax=one.tax, category=one.category, reason=one.reason or None)
            for one in invoice.taxes
        ],
        subtotal=invoice.subtotal,
        tax=invoice.tax,
        total=invoice.total,
        pdf=f"/api/invoices/{invoice.id}/pdf",
        xml=f"/api/invoices/{invoice.id}/xml" if invoice.business and recipient and recipient.address else None,
        corrects=invoice.corrects or None,
        reason=invoice.reason or None,
    )
