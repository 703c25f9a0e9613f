"""What becomes of the money for a session. The booking decides whether there is one; the bill decides what that costs.

Money is authorised, then the booking is confirmed by that, then the money is taken. A booking that has gone gives its
money back, or keeps what its terms say.
"""

from actors.payments.bill.letters import BookingTold
from actors.payments.bill.rules import far, timing
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.refunding import MINUTE_MS, kept_of, returned_percent
from actors.payments.bill.rules.settling import settle
from actors.payments.bill.state import BillRecord
from common.money import percent_of


def told(draft: Draft, command: BookingTold) -> None:
    """The booking says what it is now."""
    record = draft.record
    if record.gate == "gone":
        return
    moved = command.start != record.start
    if moved or command.end != record.end:
        draft.set(start=command.start, end=command.end)
    match command.status:
        case "confirmed":
            if record.gate != "open":
                draft.set("booking_confirmed", gate="open")
                moved = True
        case "completed":
            if not record.completed:
                draft.set("booking_completed", gate="open", completed=command.at, unit_used=bool(record.reserved))
                timing.completed(draft)
        case "no_show":
            kept = percent_of(record.total, record.terms.no_show_percent)
            used = bool(record.reserved and record.terms.no_show_percent)
            draft.set("no_show", gate="open", completed=command.at, keep=kept, unit_used=used)
        case "cancelled":
            draft.set(unit_used=_is_used(record, command))
            _go(draft, _kept(record, command) if _has_money(record) else 0)
        case "expired":
            _go(draft, 0)
    if moved:
        far.plan(draft)
    settle(draft)


def _kept(record: BillRecord, command: BookingTold) -> int:
    if not command.by_client:
        return 0
    return kept_of(record, max(0, command.start - command.at) // MINUTE_MS)


def _is_used(record: BillRecord, command: BookingTold) -> bool:
    """Does the client lose the unit that was to pay for it? A unit is whole: only where the terms return nothing."""
    late = command.by_client and record.gate == "open" and bool(record.reserved)
    return late and not returned_percent(record, max(0, command.start - command.at) // MINUTE_MS)


def _has_money(record: BillRecord) -> bool:
    return bool(record.captured) or any(one.status == "requires_capture" for one in record.payments)


def _go(draft: Draft, kept: int) -> None:
    """It has gone: so much is kept of what was paid; the rest, or a payment that still comes, goes back."""
    draft.set("booking_gone", gate="gone", keep=kept)
    if not kept and not draft.record.captured:
        draft.set(closed="void")
