"""Superbills: what an insurer in the United States wants to know of a session that the client paid themselves. The
codes are sealed under the client's key; the client and the therapist see them, and nobody who pays for somebody else.

Codes and fields are those of the claim form CMS-1500 (https://www.nucc.org, version 02/12): the patient's date of birth
in box 3, diagnoses in box 21, place of service, procedure, modifiers and pointers to diagnoses in box 24, tax id in 25,
paid in 29, NPI in 33a.
"""

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.payments.bill.commands import CodeBill, CodedBill, ReadCoding
from actors.payments.issuer.entity import IssuerView, ReadIssuer
from actors.payments.issuer.state import PLATFORM, IssuerBody
from actors.payments.payer.answers import Address
from actors.payments.payer.commands import PayerView, ReadPayer
from common.clock import to_rfc3339
from common.decoding import Id
from common.decoding import Request as Body
from common.errors import InvalidArgument, NotFound
from common.ids import ID_PATTERN
from common.persons import UserId
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.documents import PDF, answers_of, served
from serve_app.capabilities.payments.shared import REFUSES
from serve_app.edge.conventions.permits import permit
from serve_app.edge.conventions.readings import reading_of, tells
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result, Versioned

Diagnosis = Annotated[str, Meta(pattern=r"\A[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\Z")]
"""ICD-10-CM."""
Procedure = Annotated[str, Meta(pattern=r"\A(?:\d{4}[0-9AFTUM]|[A-V]\d{4})\Z")]
"""CPT or HCPCS level II."""
Modifier = Annotated[str, Meta(pattern=r"\A[0-9A-Z]{2}\Z")]
Place = Annotated[str, Meta(pattern=r"\A\d{2}\Z")]
"""CMS place of service: 10 is telehealth in the patient's home, 11 an office."""
Day = Annotated[str, Meta(pattern=r"\A(?:19|20)\d\d-\d\d-\d\d\Z")]
Pointer = Annotated[int, Meta(ge=1, le=12)]


class ServiceCode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was done on a line. `diagnoses`: which of the diagnoses it was for, counted from 1."""

    line_id: Id
    procedure: Procedure
    diagnoses: Annotated[list[Pointer], Meta(min_length=1, max_length=4)]
    modifiers: Annotated[list[Modifier], Meta(max_length=4)] = []


class Coding(msgspec.Struct, frozen=True, kw_only=True):
    """As it is sealed."""

    diagnoses: list[str]
    services: list[ServiceCode]
    place_of_service: str
    date_of_birth: str | None = None


class SetSuperbill(Body, Versioned, frozen=True, kw_only=True):
    """Say what the session was, in codes."""

    bill_id: Id
    diagnoses: Annotated[list[Diagnosis], Meta(min_length=1, max_length=12)]
    services: Annotated[list[ServiceCode], Meta(min_length=1, max_length=100)]
    place_of_service: Place = "10"
    date_of_birth: Day | None = None


class OfSuperbill(Body, frozen=True, kw_only=True):
    """The superbill of a bill."""

    bill_id: Id


class BilledService(msgspec.Struct, frozen=True, kw_only=True):
    """A line of it. Amounts are minor units."""

    line_id: str
    description: str
    procedure: str
    modifiers: list[str]
    diagnoses: list[int]
    units: int
    charge: int


class Provider(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who rendered it: as they issue invoices."""

    name: str
    address: Address
    tax_id: str | None = None
    npi: str | None = None


class Superbill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A superbill. `date_of_birth` is the client's; `paid`: what was taken and not given back."""

    bill_id: str
    client_id: UserId
    provider: Provider
    date_of_service: str
    place_of_service: str
    diagnoses: list[str]
    services: list[BilledService]
    currency: str
    charged: int
    paid: int
    balance: int
    version: int
    client_name: str | None = None
    date_of_birth: str | None = None
    client_address: Address | None = None
    invoice_id: str | None = None


_BILL: Final = "bil_01KAFZ0000000000000000000A"
_SERVICE: Final[dict[str, Any]] = {"line_id": "lin_1", "procedure": "90837", "diagnoses": [1], "modifiers": ["95"]}
_SET: Final[dict[str, Any]] = {
    "bill_id": _BILL,
    "diagnoses": ["F41.1"],
    "services": [_SERVICE],
    "date_of_birth": "1985-04-12",
}
_EXAMPLE: Final[dict[str, Any]] = {
    "bill_id": _BILL,
    "client_id": "usr_ada",
    "provider": {
        "name": "Tess Roe, LCSW",
        "address": {"line1": "1 Main St", "postal_code": "97201", "city": "Portland", "country": "US"},
        "tax_id": "12-3456789",
        "npi": "1234567893",
    },
    "date_of_service": "2026-11-02",
    "place_of_service": "10",
    "date_of_birth": "1985-04-12",
    "diagnoses": ["F41.1"],
    "services": [{**_SERVICE, "description": "Session of 60 minutes", "units": 1, "charge": 15_000}],
    "currency": "USD",
    "charged": 15_000,
    "paid": 15_000,
    "balance": 0,
    "version": 4,
}


class Superbills:
    """Of one process."""

    def __init__(self, bills: Bills, entities: EntityClient) -> None:
        self._bills, self._entities = bills, entities

    def __iter__(self) -> Iterator[Operation[Any]]:
        path = "/api/bills/{bill_id}/superbill"
        yield Operation(
            name="get_superbill",
            action="bill.read",
            request=OfSuperbill,
            call=self._get,
            rest=Rest("GET", path, tag="payments"),
            limit="read",
            response=Superbill,
            resource=("bill_id",),
            refuses=REFUSES,
            example=Example({"bill_id": _BILL}, _EXAMPLE),
            description="What an insurer wants to know of a session: for its client and its therapist.",
        )
        yield Operation(
            name="set_superbill",
            action="bill.change",
            request=SetSuperbill,
            call=self._set,
            rest=Rest("PUT", path, tag="payments"),
            limit="write",
            response=Superbill,
            resource=("bill_id",),
            refuses=REFUSES,
            example=Example(_SET, _EXAMPLE),
            description="Say in codes what a session was. They are sealed.",
            versioned=True,
        )

    async def _get(self, request: OfSuperbill, caller: Caller) -> Superbill:
        return await self.read(request.bill_id, caller.by, caller.trace)

    async def _set(self, request: SetSuperbill, caller: Caller) -> Result:
        view = await self._bills.read(request.bill_id, caller.by, caller.trace)
        _check(request, {line.id for line in view.record.lines})
        if request.date_of_birth is not None:
            _check_birth(request.date_of_birth, to_rfc3339(self._bills.clock.platform_ms())[:10])
        coding = Coding(
            diagnoses=request.diagnoses,
            services=request.services,
            place_of_service=request.place_of_service,
            date_of_birth=request.date_of_birth,
        )
        secret = msgspec.msgpack.encode({"coding": msgspec.json.encode(coding).decode()})
        versions = caller.versions if request.version is None else (request.version,)
        await self._bills.ask(request.bill_id, CodeBill(versions=versions, secret=secret), caller.by, caller.trace)
        shown = await self.read(request.bill_id, SYSTEM, caller.trace)
        return Result(shown, version=shown.version)

    async def pdf(self, bill_id: str, by: Principal) -> tuple[bytes, str]:
        """The same, drawn, and whose it is.

        Raises:
            NotFound: there is none, or it is nothing to them.
            FailedPrecondition: the font lacks some of its letters.
        """
        from serve_app.capabilities.payments.bills.superbill_pdf import (
            drawn,  # its library only where somebody wants one
        )

        shown = await self.read(bill_id, by, "")
        return await asyncio.to_thread(drawn, shown), shown.client_id

    async def read(self, bill_id: str, by: Principal, trace: str) -> Superbill:
        """The superbill of a bill. Raises NotFound: there is none, or it is nothing to them."""
        reply = await self._entities.submit(f"bill:{bill_id}", ReadCoding(), by=by, trace=trace)
        coded = msgspec.json.decode(reply.data, type=CodedBill)
        issuer = await self._issuer(coded.record.beneficiary)
        client: PayerView = await self._entities.ask(f"payer:{coded.record.client}", ReadPayer(), by=SYSTEM)
        profile: dict[str, Any] = msgspec.json.decode(client.profile) if client.profile else {}
        return superbill(coded, issuer, profile)

    async def _issuer(self, therapist: str) -> IssuerBody:
        try:
            found: IssuerView = await self._entities.ask(f"issuer:{therapist or PLATFORM}", ReadIssuer(), by=SYSTEM)
        except NotFound:
            found = await self._entities.ask(f"issuer:{PLATFORM}", ReadIssuer(), by=SYSTEM)
        return found.issuer


def superbill_routes(superbills: Superbills) -> APIRouter:
    """`/api/bills/{bill_id}/superbill.pdf`."""
    router = APIRouter(tags=["payments"])

    @router.get(
        "/api/bills/{bill_id}/superbill.pdf",
        operation_id="get_superbill_pdf",
        response_class=Response,
        responses=answers_of(PDF),
    )
    @tells(Superbill)
    async def pdf(
        request: Request,
        bill_id: Annotated[str, Path(pattern=ID_PATTERN)],
        who: Annotated[Principal, permit("bill.read")],
    ) -> Response:
        """The superbill as PDF, for its client and its therapist."""
        drawn, client = await superbills.pdf(bill_id, who)
        reading_of(request, [client])
        return served(drawn, PDF, f"{bill_id}.pdf")

    return router


def superbill(coded: CodedBill, issuer: IssuerBody, profile: dict[str, Any]) -> Superbill:
    """All of it, from the bill and its codes, who renders, and who the client says they are."""
    record, coding = coded.record, msgspec.json.decode(coded.coding, type=Coding)
    lines = {line.id: line for line in record.lines}
    services = [
        BilledService(
            line_id=one.line_id,
            description=coded.texts.get(one.line_id, ""),
            procedure=one.procedure,
            modifiers=one.modifiers,
            diagnoses=one.diagnoses,
            units=lines[one.line_id].quantity,
            charge=lines[one.line_id].total,
        )
        for one in coding.services
        if one.line_id in lines
    ]
    charged, paid = sum(one.charge for one in services), max(0, record.captured - record.refunded)
    return Superbill(
        bill_id=record.id,
        client_id=record.client,
        client_name=profile.get("name"),
        date_of_birth=coding.date_of_birth,
        client_address=msgspec.convert(profile["address"], Address) if profile.get("address") else None,
        provider=Provider(name=issuer.name, address=issuer.address, tax_id=issuer.tax_id, npi=issuer.npi),
        date_of_service=to_rfc3339(record.start or record.created)[:10],
        place_of_service=coding.place_of_service,
        diagnoses=coding.diagnoses,
        services=services,
        currency=record.currency,
        charged=charged,
        paid=paid,
        balance=max(0, charged - paid),
        version=coded.version,
        invoice_id=record.invoice or None,
    )


def _check(request: SetSuperbill, lines: set[str]) -> None:
    """Each service is of a line, once, and for diagnoses that are named."""
    named = [one.line_id for one in request.services]
    if len(set(named)) != len(named) or not set(named) <= lines:
        raise InvalidArgument("Each service names one line of the bill.", details={"field": "services"})
    if any(pointer > len(request.diagnoses) for one in request.services for pointer in one.diagnoses):
        raise InvalidArgument("A service is for diagnoses that are named.", details={"field": "services"})


def _check_birth(text: str, today: str) -> None:
    """It is a day, and has come."""
    try:
        date.fromisoformat(text)
    except ValueError:
        text = ""
    if not text or text > today:
        raise InvalidArgument("date_of_birth is a day that has come: 1985-04-12.", details={"field": "date_of_birth"})
