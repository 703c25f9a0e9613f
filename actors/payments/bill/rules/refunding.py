"""Money given back because somebody of the staff, or the cancellation policy, says so."""

from actors.payments.bill.commands import RefundBill
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.settling import give_back, refundable_of
from actors.payments.bill.state import BillRecord
from common.errors import FailedPrecondition, InvalidArgument, NotFound
from common.money import percent_of

MINUTE_MS = 60_000


def refund(draft: Draft, command: RefundBill) -> str:
    """Give money back; the id of the (first) refund.

    Raises:
        NotFound: the bill has no such payment.
        FailedPrecondition: more than is there, or money of it is disputed.
    """
    record = draft.record
    if record.disputed:
        raise FailedPrecondition("Money of this bill is disputed.", details={"reason": "disputed"})
    if command.payment and record.payment(command.payment) is None:
        raise NotFound("There is no such payment.", payment=command.payment)
    payments = [one for one in reversed(record.payments) if command.payment in ("", one.id)]
    refundable = sum(refundable_of(record, one) for one in payments)
    amount = _amount(record, command, refundable, draft.now_ms)
    if amount > refundable or not refundable:
        raise FailedPrecondition(
            "More than can be given back.", details={"refundable": refundable, "currency": record.currency}
        )
    made: list[str] = []
    for payment in payments:
        part = min(amount, refundable_of(draft.record, payment))
        if part > 0:
            refund = give_back(
                draft=draft,
                payment=payment,
                amount=part,
                reason=command.reason,
                by="policy" if command.policy else "staff",
            )
            made.append(refund.id)
            amount -= part
    if command.secret is not None:
        draft.secret, draft.secret_of, draft.author = command.secret, f"note:{','.join(made)}", record.client
    return made[0]


def kept_of(record: BillRecord, minutes_left: int) -> int:
    """What is kept of the total when the client cancels so long before the start."""
    return record.total - percent_of(record.total, returned_percent(record, minutes_left))


def returned_percent(record: BillRecord, minutes_left: int) -> int:
    """How much of it comes back by the terms when the client cancels so long before the start."""
    rows = record.terms.cancellation
    if rows is None:
        return 100
    fitting = [(notice, share) for notice, share in rows if notice <= minutes_left]
    return max(fitting)[1] if fitting else 0


def _amount(record: BillRecord, command: RefundBill, refundable: int, now_ms: int) -> int:
    if command.amount is not None:
        if command.amount <= 0:
            raise InvalidArgument("amount is positive.", details={"field": "amount"})
        return command.amount
    if not command.policy or not record.start:
        return refundable
    kept = kept_of(record, max(0, record.start - now_ms) // MINUTE_MS)
    back = max(0, refundable - kept)
    if not back:
        raise FailedPrecondition("The cancellation policy gives nothing back.", details={"refundable": refundable})
    return back
