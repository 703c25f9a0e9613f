"""The rules of an issuer: each invoice takes the next number of its year, and none is skipped or taken twice."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import (
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Letter,
    Library,
    Principal,
    Query,
    Recorded,
)
from actors.payments.bill.state import Line
from actors.payments.issuer.state import PLATFORM, InvoiceRecord, IssuerBody, tax_lines
from actors.payments.payer.answers import Address
from actors.payments.versions import Versions, require_version
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.ids import derived_id
from common.policy import POLICY, Relation
from store.ports.views import Index, View

INVOICES: Final = "invoices"
_DEFAULT: Final = IssuerBody(
    name="Carewire",
    address=Address(line1="-", postal_code="-", city="-", country="DE"),
    prefix="",
    language="en",
)
"""The platform, as long as nobody has said who that is."""
_pack: Final = msgspec.msgpack.Encoder().encode


class IssuerView(msgspec.Struct, frozen=True, kw_only=True):
    """Who issues."""

    issuer: IssuerBody
    version: int


class SettingsAt(Query, frozen=True, kw_only=True):
    """Who issued then, to be read from the journal."""

    seq: int


class SetIssuer(Command[IssuerView], frozen=True, kw_only=True, tag="set"):
    """Say who issues. What is issued stays as it is."""

    issuer: IssuerBody
    versions: Versions = msgspec.UNSET


class ReadIssuer(Command[IssuerView], frozen=True, kw_only=True, tag="read"):
    """Who issues; or (`at`) who did when the event of this number was the last that said so."""

    at: int = 0


class Issue(Command[None], frozen=True, kw_only=True, tag="issue"):
    """A letter: a bill was paid. `profile`: the number of the event that says who its payer is."""

    bill: str
    bill_kind: str
    payer: str
    client: str
    beneficiary: str
    currency: str
    lines: tuple[Line, ...]
    profile: int = 0
    business: bool = False


class Credit(Command[InvoiceRecord], frozen=True, kw_only=True, tag="credit"):
    """Correct an invoice by these lines, whose amounts are negative."""

    invoice: InvoiceRecord
    lines: tuple[Line, ...]
    reason: str


class IssuerSet(Event, frozen=True, kw_only=True, tag="set"):
    """It is said who issues."""

    issuer: IssuerBody


class InvoiceIssued(Event, frozen=True, kw_only=True, tag="issued"):
    """An invoice, or a credit note, with the next number."""

    invoice: InvoiceRecord


class Forwarded(Event, frozen=True, kw_only=True, tag="forwarded"):
    """Who is asked issues none themselves: the platform does."""

    issue: Issue


IssuerCommand = SetIssuer | ReadIssuer | Issue | Credit
IssuerEvent = IssuerSet | InvoiceIssued | Forwarded


class _State(msgspec.Struct, array_like=True):
    issuer: IssuerBody | None
    settings: int
    year: int
    last: int
    credited: dict[str, int]


@dataclass(slots=True)
class Issuer:
    """State: who issues, the last number of the year, and how much of each invoice was credited."""

    id: str
    issuer: IssuerBody | None = None
    settings: int = 0
    year: int = 0
    last: int = 0
    credited: dict[str, int] = field(default_factory=dict)

    def decide(self, command: IssuerCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: nobody has said who issues.
            PermissionDenied: it is somebody else's.
            FailedPrecondition: more is credited than was invoiced.
        """
        by = context.by
        match command:
            case SetIssuer():
                self._permit(by)
                require_version(command.versions, version)
                view = IssuerView(issuer=command.issuer, version=version + 1)
                return Decision(view, events=[IssuerSet(issuer=command.issuer)])
            case ReadIssuer():
                self._permit(by)
                if self.issuer is None and self.id != PLATFORM:
                    raise NotFound("This issuer is not set up.", issuer=self.id)
                if command.at:
                    return Decision(SettingsAt(seq=command.at))
                return Decision(IssuerView(issuer=self.issuer or _DEFAULT, version=version))
        if not by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        match command:
            case Issue():
                if self.issuer is None and self.id != PLATFORM:
                    return Decision(notes=[Forwarded(issue=command)])
                return self._issue(command, context.now_ms)
            case Credit():
                return self._credit(command, context.now_ms)

    def apply(self, event: IssuerEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        match event:
            case IssuerSet():
                self.issuer, self.settings = event.issuer, seq
            case InvoiceIssued():
                invoice = event.invoice
                self.year, self.last = _year(invoice.issued), int(invoice.number.rpartition("-")[2])
                if invoice.corrects:
                    self.credited[invoice.corrects] = self.credited.get(invoice.corrects, 0) - invoice.total

    def _permit(self, by: Principal) -> None:
        if not by.is_system:
            relation = Relation.OWNER if by.user == self.id else Relation.NONE
            POLICY.require(by.role, "issuer.change", {relation})

    def _number(self, now_ms: int) -> str:
        year = _year(now_ms)
        number = self.last + 1 if year == self.year else 1
        return f"{(self.issuer or _DEFAULT).prefix}{year}-{number:06d}"

    def _issue(self, command: Issue, now_ms: int) -> Decision:
        number = self._number(now_ms)
        invoice = InvoiceRecord(
            id=derived_id("inv", now_ms, f"{self.id}|{number}"),
            number=number,
            kind="invoice",
            bill=command.bill,
            bill_kind=command.bill_kind,
            issuer=self.id,
            payer=command.payer,
            client=command.client,
            beneficiary=command.beneficiary,
            issued=now_ms,
            currency=command.currency,
            settings=self.settings,
            profile=command.profile,
            business=command.business,
            **_sums(command.lines),
        )
        return Decision(events=[InvoiceIssued(invoice=invoice)])

    def _credit(self, command: Credit, now_ms: int) -> Decision:
        old, number = command.invoice, self._number(now_ms)
        left = old.total - self.credited.get(old.id, 0)
        note = msgspec.structs.replace(
            old,
            id=derived_id("inv", now_ms, f"{self.id}|{number}"),
            number=number,
            kind="credit_note",
            issued=now_ms,
            settings=self.settings,
            corrects=old.id,
            reason=command.reason,
            **_sums(command.lines),
        )
        if not 0 < -note.total <= left:
            raise FailedPrecondition(
                "More is credited than was invoiced.", details={"reason": "credited", "creditable": left}
            )
        return Decision(note, events=[InvoiceIssued(invoice=note)])


class IssuerKind(Kind[Issuer, IssuerCommand, IssuerEvent]):
    """`issuer:platform`, or `issuer:<therapist>`."""

    name = "issuer"
    commands = IssuerCommand
    events = IssuerEvent
    indexes = (
        Index(INVOICES, ("order",)),
        Index(INVOICES, ("payer", "order")),
        Index(INVOICES, ("bill", "order")),
        Index(INVOICES, ("beneficiary", "order")),
    )

    @override
    def create(self, key: str) -> Issuer:
        return Issuer(key)

    @override
    def snapshot(self, entity: Issuer) -> bytes:
        return _pack(
            _State(
                issuer=entity.issuer,
                settings=entity.settings,
                year=entity.year,
                last=entity.last,
                credited=entity.credited,
            )
        )

    @override
    def restore(self, key: str, state: bytes) -> Issuer:
        kept = msgspec.msgpack.decode(state, type=_State)
        return Issuer(
            id=key, issuer=kept.issuer, settings=kept.settings, year=kept.year, last=kept.last, credited=kept.credited
        )

    @override
    def admit(self, entity: Issuer, by: Principal) -> None:
        raise PermissionDenied("Issuers cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[IssuerEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[IssuerEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case Forwarded():
                return Effects(letters=[Letter(f"issuer:{PLATFORM}", _pack(event.issue))])
            case InvoiceIssued():
                invoice = event.invoice
                told = {"type": "invoiced", "invoice": invoice.id}
                letters = [] if invoice.corrects else [Letter(f"bill:{invoice.bill}", _pack(told))]
                return Effects(views=[_view(invoice, recorded.seq)], letters=letters)
        return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, SettingsAt):
            return await super().read(query, entity_id, version, library)
        found = await library.at(entity_id, [query.seq])
        return IssuerView(issuer=found[0].event.issuer if found else _DEFAULT, version=version)


def invoice_in(view: View) -> InvoiceRecord:
    """The invoice of a document."""
    return msgspec.msgpack.decode(view.data, type=InvoiceRecord)


def _view(invoice: InvoiceRecord, version: int) -> View:
    fields: dict[str, str | int | bool | None] = {
        "payer": invoice.payer,
        "bill": invoice.bill,
        "beneficiary": invoice.beneficiary,
        "order": f"{invoice.issued:015d}|{invoice.id}",
    }
    return View(collection=INVOICES, id=invoice.id, version=version, fields=fields, data=_pack(invoice))


def _sums(lines: tuple[Line, ...]) -> dict[str, Any]:
    taxes = tax_lines(lines)
    total, tax = sum(line.total for line in lines), sum(line.tax for line in lines)
    return {"lines": lines, "taxes": taxes, "subtotal": total - tax, "tax": tax, "total": total}


def _year(now_ms: int) -> int:
    return datetime.fromtimestamp(now_ms / 1000, UTC).year
