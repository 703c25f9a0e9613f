"""An invoice as EN 16931 has it: the numbers and categories of its business terms (BT-...), before they are written.

Amounts are minor units and positive on a credit note too, as its type says what it is. What the standard asks of them
(BR-CO-10 to 17, BR-S, BR-E, BR-O; https://docs.peppol.eu/poacc/billing/3.0/rules/) follows from how they are made: a
line is worth quantity times price less its allowance, and the taxes are sums of lines.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from actors.payments.bill.state import Line
from actors.payments.issuer.answers import InvoiceReply
from actors.payments.issuer.state import InvoiceRecord, IssuerBody
from actors.payments.payer.answers import Address
from common.clock import to_rfc3339
from common.errors import FailedPrecondition
from common.money import EXPONENTS

PROFILE: Final = "urn:cen.eu:en16931:2017"
NOT_SUBJECT: Final = "Not subject to VAT"
Category = Literal["S", "E", "O"]
_MOST_DECIMALS: Final = 2
_VAT_ID: Final = re.compile(
    r"(?=.*\d)(?:AT|BE|BG|CH|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LI|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK|XI)[A-Z0-9.]{2,14}"
)
_NO_TEXT: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Party(NamedTuple):
    """A side of it. `id`: of Carewire; `vat_id`, `tax_id`: "" where there is none to show."""

    name: str
    address: Address
    id: str = ""
    vat_id: str = ""
    tax_id: str = ""


class InvoiceLine(NamedTuple):
    """A line (BG-25): `net` is `quantity * price - allowance`. `period`: RFC 3339, from and to."""

    id: str
    name: str
    quantity: int
    price: int
    allowance: int
    net: int
    category: Category
    rate: str
    period: tuple[str, str] | None = None


class Breakdown(NamedTuple):
    """The tax of one category and rate (BG-23)."""

    category: Category
    rate: str
    base: int
    tax: int
    reason: str


class EInvoice(NamedTuple):
    """All of it. `delivered`: when the service was, or is to be, rendered (RFC 3339, as `issued`); `corrects`: the
    number and the instant of the invoice that a credit note corrects."""

    number: str
    issued: str
    delivered: str
    credit: bool
    currency: str
    seller: Party
    buyer: Party
    items: Sequence[InvoiceLine]
    taxes: Sequence[Breakdown]
    net: int
    tax: int
    total: int
    note: str = ""
    corrects: tuple[str, str] | None = None


def einvoice(
    record: InvoiceRecord,
    shown: InvoiceReply,
    issuer: IssuerBody,
    *,
    session: str = "",
    corrects: tuple[str, str] | None = None,
) -> EInvoice:
    """The business terms of an invoice, as whoever may see `shown` reads it. `session`: when the one that it is for
    begins (RFC 3339); "": it is for none, and counts as rendered when it was paid.

    Raises:
        FailedPrecondition: the payer is no business with an address; the issuer has no number at the tax office; or
            the currency has more decimals than the standard knows.
    """
    recipient = shown.recipient
    if not record.business or recipient.address is None:
        raise FailedPrecondition(
            "Electronic invoices are for businesses whose address is known.", details={"reason": "no_business"}
        )
    if EXPONENTS.get(record.currency, 0) > _MOST_DECIMALS:
        raise FailedPrecondition("EN 16931 has no such currency.", details={"reason": "currency"})
    sign = -1 if record.corrects else 1
    outside = not any(line.tax_reason or line.tax for line in record.lines)
    items = [
        _item(line, sign, told.description, outside=outside)
        for line, told in zip(record.lines, shown.lines, strict=True)
    ]
    taxes = _taxes(record.lines, items, sign)
    net, tax = sum(one.net for one in items), sum(one.tax for one in taxes)
    return EInvoice(
        number=record.number,
        issued=shown.issued_at,
        delivered=session or shown.issued_at,
        credit=bool(record.corrects),
        currency=record.currency,
        seller=_seller(issuer, record.issuer, outside=outside),
        buyer=_buyer(recipient.name or recipient.payer_id, recipient.address, recipient.tax_id, outside=outside),
        items=items,
        taxes=taxes,
        net=net,
        tax=tax,
        total=net + tax,
        note=clean(record.reason),
        corrects=corrects,
    )


def clean(text: str) -> str:
    """Without what XML 1.0 cannot hold, and on one line."""
    return " ".join(_NO_TEXT.sub("", text).split())


def _item(line: Line, sign: int, name: str, *, outside: bool) -> InvoiceLine:
    """Where price and quantity give the amount they stay; else it is one piece at that price. What holds its tax is
    shown without."""
    off = 0 if line.inclusive else sign * line.discount
    net = sign * (line.amount - line.discount - (line.tax if line.inclusive else 0))
    before = net + off
    quantity, price = sign * line.quantity * (1 if line.unit_amount >= 0 else -1), abs(line.unit_amount)
    if line.inclusive or quantity * price != before:
        quantity, price = (-1 if before < 0 else 1), abs(before)
    period = line.period and (to_rfc3339(line.period[0]), to_rfc3339(line.period[1]))
    category = _category(line, outside=outside)
    rate = line.tax_rate if category == "S" else "0"
    return InvoiceLine(
        id=line.id,
        name=clean(name) or line.id,
        quantity=quantity,
        price=price,
        allowance=off,
        net=net,
        category=category,
        rate=rate,
        period=period,
    )


def _category(line: Line, *, outside: bool) -> Category:
    """S taxed, E exempt, O outside of the tax. An invoice with O has nothing else (BR-O-11), so beside others such a
    line is exempt, for that reason."""
    if outside:
        return "O"
    return "E" if line.tax_reason or line.tax_rate == "0" else "S"


def _taxes(lines: Sequence[Line], items: Sequence[InvoiceLine], sign: int) -> list[Breakdown]:
    """One for each category and rate; reasons of one category stand together (BR-E-1)."""
    found: dict[tuple[Category, str], Breakdown] = {}
    for line, item in zip(lines, items, strict=True):
        reason = "" if item.category == "S" else clean(line.tax_reason) or NOT_SUBJECT
        key = (item.category, item.rate)
        before = found.get(key, Breakdown(category=item.category, rate=item.rate, base=0, tax=0, reason=""))
        reasons = "; ".join(dict.fromkeys(one for one in (*before.reason.split("; "), reason) if one))
        found[key] = Breakdown(
            category=item.category,
            rate=item.rate,
            base=before.base + item.net,
            tax=before.tax + sign * line.tax,
            reason=reasons,
        )
    return list(found.values())


def _seller(issuer: IssuerBody, issuer_id: str, *, outside: bool) -> Party:
    """With a number at the tax office where tax is a matter (BR-S-2, BR-E-2), without a VAT ID where not (BR-O-2)."""
    vat_id, tax_id = _vat_id(issuer.vat_id), clean(issuer.tax_id or "")
    if not outside and not vat_id and not tax_id:
        raise FailedPrecondition(
            "The issuer has no number at the tax office. Set tax_id or vat_id.", details={"reason": "issuer_tax_id"}
        )
    return Party(
        name=clean(issuer.name), address=issuer.address, id=issuer_id, vat_id="" if outside else vat_id, tax_id=tax_id
    )


def _buyer(name: str, address: Address, tax_id: str | None, *, outside: bool) -> Party:
    return Party(clean(name), address, vat_id="" if outside else _vat_id(tax_id))


def _vat_id(text: str | None) -> str:
    """A VAT ID with the prefix of its country (BR-CO-9). "": it is none."""
    found = re.sub(r"[\s-]", "", text or "").upper()
    return found if _VAT_ID.fullmatch(found) else ""
