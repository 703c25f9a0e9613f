"""Invoices: each operation at both doors, and the documents at one."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from actors.payments.issuer.answers import InvoiceReply, IssuerReply
from actors.payments.issuer.entity import IssuerView, ReadIssuer, SetIssuer
from actors.payments.issuer.state import IssuerBody
from common.ids import ID_PATTERN
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.documents import PDF, XML, answers_of, served
from serve_app.capabilities.payments.invoices import requests
from serve_app.capabilities.payments.invoices.service import Invoices
from serve_app.edge.conventions.permits import permit
from serve_app.edge.conventions.readings import reading_of, tells
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result

INVOICE: Final[dict[str, Any]] = {
    "invoice_id": "inv_01KAFZ0000000000000000000A",
    "number": "CW2026-000001",
    "kind": "invoice",
    "bill_id": "bil_01KAFZ0000000000000000000A",
    "issuer": "Practice Tess",
    "recipient": {"payer_id": "usr_ada", "name": "Ada L."},
    "issued_at": "2026-11-02T08:15:00.000Z",
    "currency": "EUR",
    "lines": [
        {
            "line_id": "lin_1",
            "description": "Session of 60 minutes",
            "quantity": 1,
            "unit_amount": 9000,
            "amount": 9000,
            "discount": 0,
            "tax": 0,
            "tax_rate": "0",
        }
    ],
    "tax_lines": [{"rate": "0", "base": 9000, "tax": 0, "category": "O"}],
    "subtotal": 9000,
    "tax": 0,
    "total": 9000,
    "pdf": "/api/invoices/inv_01KAFZ0000000000000000000A/pdf",
}
_ID: Final = {"invoice_id": INVOICE["invoice_id"]}
_ISSUER: Final[dict[str, Any]] = {
    "name": "Practice Tess",
    "address": {"line1": "Lange Str. 1", "postal_code": "10115", "city": "Berlin", "country": "DE"},
    "prefix": "CW",
    "language": "de",
}
_SET: Final = {**_ISSUER, "issuer_id": "usr_tess"}
_operation: Final = Declare(resource=("payer_id", "bill_id", "invoice_id"))


class InvoiceOperations:
    """Of one process."""

    def __init__(self, entities: EntityClient, invoices: Invoices) -> None:
        self._entities, self._invoices = entities, invoices

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield _operation(
            "list_invoices",
            "invoice.read",
            request=requests.ListInvoices,
            call=self._list,
            rest=Rest("GET", "/api/invoices", tag="invoices"),
            response=requests.InvoicePage,
            example=Example({}, {"items": [INVOICE]}),
            description="Invoices and credit notes, the newest first.",
        )
        yield _operation(
            "get_invoice",
            "invoice.read",
            request=requests.OfInvoice,
            call=self._get,
            rest=Rest("GET", "/api/invoices/{invoice_id}", tag="invoices"),
            response=InvoiceReply,
            example=Example(_ID, INVOICE),
            description="An invoice. It never changes.",
        )
        yield _operation(
            "issue_credit_note",
            "invoice.credit",
            request=requests.IssueCreditNote,
            call=self._credit,
            rest=Rest("POST", "/api/invoices/{invoice_id}/credit", 201, tag="invoices"),
            response=InvoiceReply,
            example=Example(
                {**_ID, "reason": "Cancelled"}, {**INVOICE, "kind": "credit_note", "corrects": _ID["invoice_id"]}
            ),
            description="Correct an invoice by a credit note, which has a number of its own. It moves no money.",
        )
        yield _operation(
            "get_issuer",
            "issuer.change",
            request=requests.OfIssuer,
            call=self._issuer,
            rest=Rest("GET", "/api/invoicing/issuers/{issuer_id}", tag="invoices"),
            response=IssuerReply,
            example=Example({"issuer_id": "usr_tess"}, {**_SET, "version": 1}),
            description="Who issues: `platform`, or a therapist.",
            versioned=True,
        )
        yield _operation(
            "set_issuer",
            "issuer.change",
            request=requests.SetIssuerBody,
            call=self._set,
            rest=Rest("PUT", "/api/invoicing/issuers/{issuer_id}", tag="invoices"),
            response=IssuerReply,
            example=Example(_SET, {**_SET, "version": 1}),
            description="Say who issues. What is issued stays as it is.",
            versioned=True,
        )

    async def _list(self, request: requests.ListInvoices, caller: Caller) -> requests.InvoicePage:
        items, more = await self._invoices.page(request, caller.by)
        return requests.InvoicePage(items=items, next_cursor=more)

    async def _get(self, request: requests.OfInvoice, caller: Caller) -> InvoiceReply:
        return await self._invoices.get(request.invoice_id, caller.by)

    async def _credit(self, request: requests.IssueCreditNote, caller: Caller) -> InvoiceReply:
        return await self._invoices.credit(request, caller.by, caller.trace)

    async def _issuer(self, request: requests.OfIssuer, caller: Caller) -> Result:
        view = await self._entities.ask(f"issuer:{request.issuer_id}", ReadIssuer(), by=caller.by)
        return _issuer_reply(request.issuer_id, view)

    async def _set(self, request: requests.SetIssuerBody, caller: Caller) -> Result:
        members = {name: getattr(request, name) for name in IssuerBody.__struct_fields__}
        versions = caller.versions if request.version is None else (request.version,)
        command = SetIssuer(issuer=IssuerBody(**members), versions=versions)
        view = await self._entities.ask(f"issuer:{request.issuer_id}", command, by=caller.by, trace=caller.trace)
        return _issuer_reply(request.issuer_id, view)


def invoice_routes(invoices: Invoices) -> APIRouter:
    """`/api/invoices/{invoice_id}/pdf` and `/xml`."""
    router = APIRouter(tags=["invoices"])

    @router.get(
        "/api/invoices/{invoice_id}/pdf",
        operation_id="get_invoice_pdf",
        response_class=Response,
        responses=answers_of(PDF),
    )
    @tells(InvoiceReply)
    async def pdf(
        request: Request,
        invoice_id: Annotated[str, Path(pattern=ID_PATTERN)],
        who: Annotated[Principal, permit("invoice.read")],
    ) -> Response:
        """The invoice as PDF."""
        drawn, payer = await invoices.pdf(invoice_id, who)
        reading_of(request, [payer])
        return served(drawn, PDF, f"{invoice_id}.pdf")

    @router.get(
        "/api/invoices/{invoice_id}/xml",
        operation_id="get_invoice_xml",
        response_class=Response,
        responses=answers_of(XML),
    )
    @tells(InvoiceReply)
    async def xml(
        request: Request,
        invoice_id: Annotated[str, Path(pattern=ID_PATTERN)],
        who: Annotated[Principal, permit("invoice.read")],
    ) -> Response:
        """The invoice as EN 16931 has it (CII), for a business whose address is known."""
        document, payer = await invoices.xml(invoice_id, who)
        reading_of(request, [payer])
        return served(document, XML, f"{invoice_id}.xml")

    return router


def _issuer_reply(issuer_id: str, view: IssuerView) -> Result:
    members = {name: getattr(view.issuer, name) for name in IssuerBody.__struct_fields__}
    return Result(IssuerReply(issuer_id=issuer_id, version=view.version, **members), version=view.version)
