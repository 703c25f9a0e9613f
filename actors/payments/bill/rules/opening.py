"""A bill is made, its lines are changed while nobody has paid, and nobody owes it any more."""

import msgspec

from actors.payments import ledger
from actors.payments.bill.commands import ChangeLines, OpenBill
from actors.payments.bill.letters import MoveBeneficiary
from actors.payments.bill.rules import far
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.state import BillRecord, Line
from common.errors import FailedPrecondition, InvalidArgument
from common.money import LARGEST, is_currency, percent_of

replace = msgspec.structs.replace


def opened(id_: str, command: OpenBill, now_ms: int, poll_ms: int) -> Draft:
    """The bill as it begins.

    Raises:
        InvalidArgument: no currency, no lines, or a total that nobody could pay.
    """
    if not is_currency(command.currency):
        raise InvalidArgument("This is no currency.", details={"field": "currency"})
    record = BillRecord(
        id=id_,
        kind=command.kind,
        payer=command.payer,
        client=command.client,
        currency=command.currency,
        created=now_ms,
        updated=now_ms,
        capture=command.capture,
        beneficiary=command.beneficiary,
        booking=command.booking,
        subscription=command.subscription,
        meeting=command.meeting,
        service=command.service,
        due_at=command.due_at,
        start=command.start,
        end=command.end,
        gate="waiting" if command.waits else ("open" if command.booking else ""),
        terms=command.terms,
        evidence=command.evidence,
        codes=command.codes,
        off_session=command.off_session,
        reserved=command.reserved,
        mirrored=command.mirrored,
        first=command.first,
        saves=command.saves,
        by_time=command.by_time,
        planned=command.planned,
        formula=command.formula,
    )
    draft = Draft(record, now_ms, poll_ms)
    draft.set("created", **totals(record, command.lines))
    say(draft, command.secret)
    far.plan(draft)
    return draft


def change(draft: Draft, command: ChangeLines) -> None:
    """Other lines.

    Raises:
        FailedPrecondition: somebody has paid, or is about to, or the bill is closed.
        InvalidArgument: as for a new one.
    """
    record = draft.record
    if record.closed or record.captured or record.live is not None:
        raise FailedPrecondition("Only open bills that nobody is paying change.", details={"reason": record.status})
    draft.set("lines_changed", **totals(record, command.lines))
    if command.due_at is not None:
        draft.set(due_at=command.due_at)
    say(draft, command.secret)


def move(draft: Draft, command: MoveBeneficiary) -> None:
    """The session, and with it the share, goes to another therapist. What was taken already goes with it."""
    record = draft.record
    if record.beneficiary == command.therapist:
        return
    terms = replace(record.terms, platform_percent=command.platform_percent)
    moved = replace(record, beneficiary=command.therapist, terms=terms)
    parts = parts_of(moved)
    held = min(record.net, record.total)
    before = ledger.earned(record.total, record.parts, held, 0)
    after = ledger.earned(record.total, parts, 0, held)
    draft.set("transferred", beneficiary=command.therapist, terms=terms, parts=parts)
    if held:
        draft.move("transfer", *before, *after)


def totals(record: BillRecord, lines: tuple[Line, ...]) -> dict[str, object]:
    """What follows from the lines. Raises InvalidArgument."""
    if not lines:
        raise InvalidArgument("A bill has lines.", details={"field": "lines"})
    total = sum(line.total for line in lines)
    if not 0 <= total <= LARGEST:
        raise InvalidArgument("The total is out of bounds.", details={"field": "lines"})
    changed = replace(
        record,
        lines=lines,
        subtotal=sum(line.amount for line in lines),
        discount=sum(line.discount for line in lines),
        tax=sum(line.tax for line in lines),
        total=total,
    )
    parts = parts_of(changed)
    names = ("lines", "subtotal", "discount", "tax", "total")
    return {**{name: getattr(changed, name) for name in names}, "parts": parts}


def parts_of(record: BillRecord) -> tuple[tuple[str, int], ...]:
    """Who shares the total: tax offices, the therapist, the platform. They add up to it."""
    taxes: dict[str, int] = {}
    for line in record.lines:
        if line.tax:
            account = ledger.tax(line.jurisdiction)
            taxes[account] = taxes.get(account, 0) + line.tax
    if any(amount < 0 for amount in taxes.values()):  # a change downwards: its tax goes the way of the revenue
        taxes = {}
    net = record.total - sum(taxes.values())
    platform = percent_of(net, record.terms.platform_percent) if record.beneficiary else net
    shares = [(ledger.payable(record.beneficiary), net - platform)] if record.beneficiary else []
    return tuple((account, amount) for account, amount in [*taxes.items(), *shares, (ledger.REVENUE, platform)])


def say(draft: Draft, secret: bytes | None) -> None:
    """What its lines say, for those who may read it."""
    if secret is not None:
        draft.secret, draft.secret_of, draft.author = secret, "texts", draft.record.client


def void(draft: Draft) -> None:
    """Nobody owes it. Raises FailedPrecondition: money was paid, or it has confirmed a booking."""
    record = draft.record
    if record.captured:
        raise FailedPrecondition("Money was paid for this bill. Give it back instead.", details={"reason": "paid"})
    if record.closed == "void":
        return
    if record.booking and any(one.status == "requires_capture" for one in record.payments):
        raise FailedPrecondition(
            "Its payment has confirmed a booking. Cancel that instead.", details={"reason": "booking_confirmed"}
        )
    if record.closed:
        raise FailedPrecondition("This bill is written off.", details={"reason": record.closed})
    draft.set("voided", closed="void", keep=0)


def write_off(draft: Draft) -> None:
    """What is due will not come. Raises FailedPrecondition: nothing is."""
    record = draft.record
    if record.closed == "uncollectible":
        return
    if record.closed or not record.due:
        raise FailedPrecondition("Nothing is due.", details={"reason": record.closed or "paid"})
    due = record.due
    draft.set("written_off", closed="uncollectible")
    draft.move("write_off", (ledger.WRITEOFF, due), (ledger.REVENUE, -due))
