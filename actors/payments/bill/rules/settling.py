"""What is owed by the state of a bill: a capture, a release, a return, the payment that waits. Whatever changed, this
is asked afterwards; it asks for nothing twice."""

from typing import Final, Literal

import msgspec

from actors.payments.activities import Begin, Capture, CardError, Reason, Refund, Void
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.observing import next_id
from actors.payments.bill.state import BillRecord, PaymentRecord, RefundRecord

replace = msgspec.structs.replace
By = Literal["staff", "policy", "system"]
_VOIDABLE: Final = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


def settle(draft: Draft) -> None:
    """Ask for what is owed."""
    _give_back_codes(draft)
    for payment in draft.record.payments:
        _settle_payment(draft, payment)
    _begin_next(draft)
    _return_surplus(draft)


def unwanted(record: BillRecord, payment: PaymentRecord) -> bool:
    """Is there nothing left that it could pay?"""
    return payment.unwanted or record.due == 0


def _settle_payment(draft: Draft, payment: PaymentRecord) -> None:
    record = draft.record
    if payment.over or payment.queued or payment.asked not in ("", "confirm") or not payment.ref:
        return
    if unwanted(record, payment):
        if payment.status in _VOIDABLE:
            payment = draft.put(replace(payment, asked="void"))
            draft.ask(payment, "void", Void(bill=record.id, ref=payment.ref))
        return
    if payment.status == "requires_capture" and may_capture(record):
        amount = min(record.due, payment.authorized or payment.amount)
        payment = draft.put(replace(payment, asked="capture"))
        draft.ask(
            payment, "capture", Capture(bill=record.id, ref=payment.ref, amount=amount, currency=payment.currency)
        )


def may_capture(record: BillRecord) -> bool:
    """Is it time to take the money? For a booking, once that is confirmed, or over."""
    if record.gate == "waiting" or record.awaits_time:
        return False
    return record.capture == "now" or bool(record.completed) or record.gate == "gone" or record.keep is not None


def _begin_next(draft: Draft) -> None:
    """The payment that waited until the one before it is over."""
    record = draft.record
    waiting = next((one for one in record.payments if one.queued), None)
    if waiting is None or any(not one.over and not one.queued for one in record.payments):
        return
    if is_held(record, waiting):
        return
    if not record.due:
        error = CardError(code="superseded", message="It has been paid otherwise.", retryable=False)
        draft.put(replace(waiting, queued=False, status="canceled", error=error))
        return
    waiting = draft.put(replace(waiting, queued=False))
    draft.ask(waiting, "begin", msgspec.msgpack.decode(waiting.begin, type=Begin))


def is_held(record: BillRecord, payment: PaymentRecord) -> bool:
    """Does staff have to look at it before it begins? What nobody owes any more needs nobody's eye."""
    return payment.review == "held" and bool(record.due)


def _return_surplus(draft: Draft) -> None:
    """What was taken beyond what may be kept goes back in full, once. While money is contested it waits."""
    record = draft.record
    if record.disputed:
        return
    keep = record.total if record.closed == "uncollectible" else record.wanted
    surplus = record.captured - record.lost - keep
    surplus -= sum(one.amount for one in record.refunds if one.by != "staff" or one.status in ("pending", "succeeded"))
    for payment in reversed(record.payments):
        if surplus <= 0:
            return
        if amount := min(surplus, refundable_of(record, payment)):
            by: By = "policy" if record.keep is not None else "system"
            give_back(
                draft=draft,
                payment=payment,
                amount=amount,
                reason="requested_by_customer" if by == "policy" else "duplicate",
                by=by,
            )
            surplus -= amount


def refundable_of(record: BillRecord, payment: PaymentRecord) -> int:
    """What of a payment can still be given back."""
    back = sum(
        one.amount for one in record.refunds if one.payment == payment.id and one.status in ("pending", "succeeded")
    )
    lost = sum(one.amount for one in record.disputes if one.payment == payment.id and one.lost)
    return max(0, payment.captured - back - lost)


def give_back(draft: Draft, payment: PaymentRecord, amount: int, reason: Reason, by: By) -> RefundRecord:
    """Ask the provider of a payment to return so much of it."""
    record = draft.record
    refund = RefundRecord(
        id=next_id(draft, "ref"),
        payment=payment.id,
        amount=amount,
        currency=record.currency,
        reason=reason,
        by=by,
        created=draft.now_ms,
    )
    draft.put_refund(refund, change="refund_requested")
    ask = Refund(
        bill=record.id,
        ref=payment.ref,
        refund=refund.id,
        amount=amount,
        currency=record.currency,
        reason=refund.reason,
    )
    draft.ask(payment, "refund", ask, refund.id)
    return refund


def _give_back_codes(draft: Draft) -> None:
    """Codes of a bill that will not be paid are free again; once it is paid they are used up."""
    record = draft.record
    if record.codes and (record.closed or record.gate == "gone") and not record.captured:
        draft.release.extend(record.codes)
        draft.set(codes=())
