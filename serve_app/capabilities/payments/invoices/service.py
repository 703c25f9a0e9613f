"""Invoices for those whom their bills concern."""

import asyncio
from typing import Any

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.payments.bill.state import Line
from actors.payments.issuer.answers import InvoiceReply, RecipientReply, invoice_reply
from actors.payments.issuer.entity import INVOICES, Credit, ReadIssuer, invoice_in
from actors.payments.issuer.state import InvoiceRecord, IssuerBody
from actors.payments.payer.answers import Address
from actors.payments.payer.commands import PayerView, ReadPayer
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, NotFound
from common.money import apportion, share
from common.policy import POLICY, Relation
from common.timeline import parse_instant
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.invoices.cii import written
from serve_app.capabilities.payments.invoices.einvoice import einvoice
from serve_app.capabilities.payments.invoices.requests import IssueCreditNote, ListInvoices
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from store.ports.views import Scalar, View, ViewQuery, Views


class Invoices:
    """One a process."""

    def __init__(self, entities: EntityClient, views: Views, bills: Bills) -> None:
        self._entities, self._views, self._bills = entities, views, bills

    async def get(self, invoice_id: str, by: Principal) -> InvoiceReply:
        """An invoice. Raises NotFound: there is none, or it is nothing to them."""
        return (await self._opened(await self._found(invoice_id, by), by))[0]

    async def pdf(self, invoice_id: str, by: Principal) -> tuple[bytes, str]:
        """The same, drawn, and whose it is. Raises FailedPrecondition: its font lacks some of its letters."""
        from serve_app.capabilities.payments.invoices.pdf import drawn  # its library only where somebody wants one

        reply, issuer = await self._opened(await self._found(invoice_id, by), by)
        return await asyncio.to_thread(drawn, reply, issuer), reply.recipient.payer_id

    async def xml(self, invoice_id: str, by: Principal) -> tuple[bytes, str]:
        """The same as EN 16931 has it, and whose it is. Raises FailedPrecondition: it cannot be one."""
        record = await self._found(invoice_id, by)
        reply, issuer = await self._opened(record, by)
        start = (await self._bills.read(record.bill, SYSTEM)).record.start
        corrected = await self._record(record.corrects) if record.corrects else None
        terms = einvoice(
            record,
            reply,
            issuer,
            session=to_rfc3339(start) if start else "",
            corrects=(corrected.number, to_rfc3339(corrected.issued)) if corrected else None,
        )
        return written(terms), reply.recipient.payer_id

    async def page(self, wanted: ListInvoices, by: Principal) -> tuple[list[InvoiceReply], str | None]:
        """Invoices that `by` may see, the newest first."""
        below = None if wanted.cursor is None else str(decode_cursor(wanted.cursor, str)[0])
        until = f"{parse_instant(wanted.until, 'to'):015d}" if wanted.until else None
        found = await self._views.find(
            ViewQuery(
                collection=INVOICES,
                equal=_equal(wanted, by),
                order_by="order",
                above=f"{parse_instant(wanted.since, 'from'):015d}" if wanted.since else None,
                below=below or until,
                descending=True,
                limit=wanted.limit + 1,
            )
        )
        page = found[: wanted.limit]
        items = [(await self._opened(invoice_in(view), by))[0] for view in page]
        more = encode_cursor(str(page[-1].fields["order"])) if len(found) > wanted.limit else None
        return items, more

    async def of(self, payer: str) -> list[InvoiceRecord]:
        """All that were issued to somebody."""
        found: list[View] = []
        while True:
            above = str(found[-1].fields["order"]) if found else None
            query = ViewQuery(collection=INVOICES, equal={"payer": payer}, order_by="order", above=above, limit=500)
            more = await self._views.find(query)
            found += more
            if len(more) < query.limit:
                return [invoice_in(view) for view in found]

    async def credit(self, wanted: IssueCreditNote, by: Principal, trace: str) -> InvoiceReply:
        """Correct an invoice.

        Raises:
            FailedPrecondition: more than was invoiced, or it is a credit note itself.
        """
        invoice = await self._found(wanted.invoice_id, by)
        POLICY.require(by.role, "invoice.credit", _relations(invoice, by))
        if invoice.corrects:
            raise FailedPrecondition("A credit note is not corrected.", details={"reason": "credit_note"})
        lines = _negated(invoice, wanted)
        command = Credit(invoice=invoice, lines=lines, reason=wanted.reason)
        note = await self._entities.ask(f"issuer:{invoice.issuer}", command, by=SYSTEM, trace=trace)
        return (await self._opened(note, by))[0]

    async def _found(self, invoice_id: str, by: Principal) -> InvoiceRecord:
        invoice = await self._record(invoice_id)
        if not any(POLICY.allows(by.role, relation, "invoice.read") for relation in _relations(invoice, by)):
            raise _not_found(invoice_id)
        return invoice

    async def _record(self, invoice_id: str) -> InvoiceRecord:
        view = (await self._views.get(INVOICES, [invoice_id])).get(invoice_id)
        if view is None:
            raise _not_found(invoice_id)
        return invoice_in(view)

    async def _opened(self, invoice: InvoiceRecord, by: Principal) -> tuple[InvoiceReply, IssuerBody]:
        """With what is sealed: what the lines say, and who the payer was."""
        bill = await self._bills.read(invoice.bill, SYSTEM)
        issuer = await self._entities.ask(f"issuer:{invoice.issuer}", ReadIssuer(at=invoice.settings), by=SYSTEM)
        payer: PayerView = await self._entities.ask(
            f"payer:{invoice.payer}", ReadPayer(profile=invoice.profile), by=SYSTEM
        )
        known: dict[str, Any] = msgspec.json.decode(payer.profile) if payer.profile and invoice.profile else {}
        address = known.get("address")
        recipient = RecipientReply(
            payer_id=invoice.payer,
            name=known.get("name"),
            address=msgspec.convert(address, Address) if address else None,
            tax_id=known.get("tax_id"),
        )
        return invoice_reply(invoice, bill.texts, recipient, issuer.issuer.name), issuer.issuer


def _relations(invoice: InvoiceRecord, by: Principal) -> set[Relation]:
    found = {Relation.SELF} if by.user == invoice.payer else set()
    found |= {Relation.OWNER} if by.user == invoice.beneficiary else set()
    return found or {Relation.NONE}


def _equal(wanted: ListInvoices, by: Principal) -> dict[str, Scalar]:
    equal: dict[str, Scalar] = {} if wanted.bill_id is None else {"bill": wanted.bill_id}
    if by.role == "admin":
        return equal if wanted.payer_id is None else {**equal, "payer": wanted.payer_id}
    if by.role == "therapist" and wanted.payer_id != by.user:
        return {**equal, "beneficiary": by.user}
    if wanted.payer_id not in (None, by.user):
        raise NotFound("There is no such payer.")
    return {**equal, "payer": by.user}


def _negated(invoice: InvoiceRecord, wanted: IssueCreditNote) -> tuple[Line, ...]:
    """The lines of a credit note: those that are named, a part of all by amount, or all."""
    lines = invoice.lines
    if wanted.lines is not None:
        lines = tuple(line for line in lines if line.id in wanted.lines)
        if len(lines) != len(set(wanted.lines)):
            raise NotFound("There is no such line.", details={"field": "lines"})
    whole = sum(line.total for line in lines)
    amount = whole if wanted.amount is None else wanted.amount
    if not 0 < amount <= whole:
        raise FailedPrecondition(
            "More is credited than was invoiced.", details={"reason": "credited", "creditable": whole}
        )
    parts = apportion(amount, [max(0, line.total) for line in lines])
    return tuple(_negative(line, part) for line, part in zip(lines, parts, strict=True) if part)


def _negative(line: Line, part: int) -> Line:
    tax = share(line.tax, part, line.total) if line.total else 0
    amount = part if line.inclusive else part - tax
    return msgspec.structs.replace(line, quantity=1, unit_amount=-amount, amount=-amount, discount=0, tax=-tax)


def _not_found(invoice_id: str) -> NotFound:
    return NotFound("There is no such invoice.", invoice=invoice_id)
