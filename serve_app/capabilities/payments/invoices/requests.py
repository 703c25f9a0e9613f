"""What clients may ask of invoices, at both doors."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.payments.issuer.answers import InvoiceReply
from actors.payments.issuer.state import IssuerBody
from common.decoding import Id, Request
from common.lines import Line
from common.money import PositiveAmount
from serve_app.capabilities.payments.bills.requests import Cursor, Instant, Limit
from serve_app.edge.operation import Repeatable


class ListInvoices(Request, frozen=True, kw_only=True):
    """Invoices, the newest first."""

    bill_id: Id | None = None
    payer_id: Id | None = None
    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)
    cursor: Cursor | None = None
    limit: Limit = 50


class OfInvoice(Request, frozen=True, kw_only=True):
    """One invoice."""

    invoice_id: Id


class IssueCreditNote(Request, Repeatable, frozen=True, kw_only=True):
    """Correct an invoice: these lines of it, an amount, or all."""

    invoice_id: Id
    reason: Annotated[Line, Meta(min_length=1, max_length=256)]
    lines: Annotated[list[Id], Meta(min_length=1, max_length=100)] | None = None
    amount: PositiveAmount | None = None


class OfIssuer(Request, frozen=True, kw_only=True):
    """Who issues."""

    issuer_id: Id


class SetIssuerBody(IssuerBody, frozen=True, kw_only=True):
    """Say who issues."""

    issuer_id: Id
    version: int | None = None


class InvoicePage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of invoices."""

    items: list[InvoiceReply]
    next_cursor: str | None = None
