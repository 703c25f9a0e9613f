"""Invoices and who issues them, as data. Times in ms, amounts in minor units."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.payments.bill.state import Line as BillLine
from actors.payments.payer.answers import Address
from common.lines import Line
from common.money import apportion, share

PLATFORM = "platform"


class IssuerBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who issues, as it stands on their invoices."""

    name: Annotated[Line, Meta(min_length=1, max_length=256)]
    address: Address
    prefix: Annotated[str, Meta(pattern=r"\A[A-Z0-9-]{0,16}\Z")]
    language: Literal["de", "en"]
    tax_id: Annotated[Line, Meta(max_length=64)] | None = None
    vat_id: Annotated[Line, Meta(max_length=64)] | None = None
    footer: Annotated[Line, Meta(max_length=1000)] | None = None
    npi: Annotated[str, Meta(pattern=r"\A\d{10}\Z")] | None = None


class TaxLine(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The tax of one rate. `category` is that of EN 16931: S (standard), E (exempt), O (not subject to tax)."""

    rate: str
    base: int
    tax: int
    category: Literal["S", "E", "O"]
    reason: str = ""


class InvoiceRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An invoice, or a credit note that `corrects` one. `settings`: the number of the event that said who issues;
    `profile`: that of the payer's event that said who they were (0: nobody did)."""

    id: str
    number: str
    kind: Literal["invoice", "credit_note"]
    bill: str
    bill_kind: str
    issuer: str
    payer: str
    client: str
    beneficiary: str
    issued: int
    currency: str
    lines: tuple[BillLine, ...]
    taxes: tuple[TaxLine, ...]
    subtotal: int
    tax: int
    total: int
    settings: int
    profile: int
    business: bool = False
    corrects: str = ""
    reason: str = ""


def scaled(lines: tuple[BillLine, ...], total: int) -> tuple[BillLine, ...]:
    """The lines, where less than all of them was taken (a fee for who did not come): each with its part of that."""
    whole = sum(line.total for line in lines)
    if total == whole or whole <= 0 or any(line.total < 0 for line in lines):
        return lines
    made: list[BillLine] = []
    for line, part in zip(lines, apportion(total, [line.total for line in lines]), strict=True):
        tax = share(line.tax, part, line.total) if line.total else 0
        amount = part if line.inclusive else part - tax
        made.append(msgspec.structs.replace(line, quantity=1, unit_amount=amount, amount=amount, discount=0, tax=tax))
    return tuple(made)


def tax_lines(lines: tuple[BillLine, ...]) -> tuple[TaxLine, ...]:
    """The taxes of lines, by rate."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for line in lines:
        key = (line.tax_rate, line.tax_reason)
        base, tax = sums.get(key, (0, 0))
        sums[key] = (base + line.amount - line.discount - (line.tax if line.inclusive else 0), tax + line.tax)
    return tuple(
        TaxLine(rate=rate, base=base, tax=tax, category="E" if reason else ("S" if rate != "0" else "O"), reason=reason)
        for (rate, reason), (base, tax) in sums.items()
    )
