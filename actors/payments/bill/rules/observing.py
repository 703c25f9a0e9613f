"""What is heard of a provider's object makes it be read; what it says is folded into the bill, whatever the order.

Status is ranked: nothing leaves `succeeded` and `canceled`, and what was taken never becomes less. So a snapshot that
is old changes nothing, and the last word is that of whoever read last.
"""

from typing import Final

import msgspec

from actors.payments import ledger
from actors.payments.activities import (
    RANK,
    CardError,
    DisputeSeen,
    PaymentSeen,
    PaymentStatus,
    Read,
    RefundSeen,
    RefundStatus,
)
from actors.payments.bill.letters import NotePaymentChange
from actors.payments.bill.rules.disputing import deadlines
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.state import DisputeRecord, PaymentRecord, RefundRecord

replace = msgspec.structs.replace
_REFUND_RANK: Final[dict[RefundStatus, int]] = {"pending": 0, "succeeded": 1, "failed": 2, "canceled": 2}
WON: Final = ("won", "warning_closed", "prevented")
LOST: Final = ("lost",)


def fold(draft: Draft, payment: PaymentRecord, seen: PaymentSeen) -> None:
    """The bill as it is once it is known what its provider says of this payment."""
    before, net = payment, draft.record.net
    status = ranked(payment.status, seen.status)
    moved = status != payment.status
    trying = payment.asked == "confirm"  # until that is answered, what is read may be of the try before
    payment = replace(
        payment,
        ref=payment.ref or seen.ref,
        status=status,
        known=seen.known,
        native=seen.native,
        authorized=seen.authorized if status == "requires_capture" else 0,
        captured=max(payment.captured, seen.captured),
        fee=payment.fee if seen.fee is None else seen.fee,
        capture_before=seen.capture_before_ms or payment.capture_before,
        method=seen.method or payment.method,
        error=seen.error if (RANK[status] <= 1 and not trying) or status == "canceled" else None,
        setup=seen.setup,
        aliases=tuple(dict.fromkeys((*payment.aliases, *seen.aliases))),
        asked="" if moved else payment.asked,
        heard=draft.now_ms,
    )
    if replace(payment, heard=0, asks=0) != replace(before, heard=0, asks=0):
        payment = draft.put(payment, change=_change(before, payment))
    else:  # heard again, and nothing new
        draft.swap(payment)
    if seen.client and not before.client_seq and draft.secret is None:
        draft.secret, draft.secret_of = msgspec.msgpack.encode(seen.client), f"client:{payment.id}"
        draft.author = draft.record.payer
        draft.touch(payment.id)
    if taken := payment.captured - before.captured:
        draft.post("charge", ledger.provider(payment.provider), taken, net, payment.ref, payment.provider)
    if fee := payment.fee - before.fee:
        draft.post_fee(payment, fee, payment.ref)
    for refund in seen.refunds:
        _fold_refund(draft, payment, refund)
    for dispute in seen.disputes:
        _fold_dispute(draft, payment, dispute)
    if not payment.over:
        draft.watch(payment)


def ranked(old: PaymentStatus, new: PaymentStatus) -> PaymentStatus:
    """The status after `new` was read where `old` was known."""
    if RANK[old] == RANK["succeeded"]:
        return old
    return new if RANK[new] >= RANK[old] or _falls_back(old, new) else old


def _falls_back(old: PaymentStatus, new: PaymentStatus) -> bool:
    """A method that failed while it was being processed: the payment wants another."""
    return old == "processing" and new == "requires_payment_method"


def _change(before: PaymentRecord, after: PaymentRecord) -> str:
    if after.captured > before.captured:
        return "paid"
    if after.setup and after.status == "succeeded" and before.status != "succeeded":
        return "method_saved"
    if after.status == "requires_capture" and before.status != "requires_capture":
        return "authorized"
    if after.error is not None and after.error != before.error:
        return "payment_failed"
    if after.status == "canceled" and before.status != "canceled":
        return "payment_canceled"
    if after.status == "requires_action" and before.status != "requires_action":
        return "action_required"
    return "payment_updated"


def _fold_refund(draft: Draft, payment: PaymentRecord, seen: RefundSeen) -> None:
    refund = _known_refund(draft, payment, seen)
    net = draft.record.net
    status = seen.status if _REFUND_RANK[seen.status] >= _REFUND_RANK[refund.status] else refund.status
    gone = status in ("pending", "succeeded")
    after = replace(refund, provider_ref=seen.ref, status=status, fee=seen.fee, posted=gone)
    if after == refund and any(one.id == refund.id for one in draft.record.refunds):
        return
    draft.put_refund(after, change="refunded" if status == "succeeded" else "refund_updated")
    if gone != refund.posted:
        back = -refund.amount if gone else refund.amount
        draft.post("refund", ledger.provider(payment.provider), back, net, seen.ref, payment.provider)
    if fee := refund.fee - after.fee:
        draft.post_fee(payment, fee, seen.ref)


def _known_refund(draft: Draft, payment: PaymentRecord, seen: RefundSeen) -> RefundRecord:
    """The refund that was asked for, or one that somebody made by hand at the provider."""
    for one in draft.record.refunds:
        if (one.provider_ref and one.provider_ref == seen.ref) or (seen.refund and one.id == seen.refund):
            return one
    return RefundRecord(
        id=next_id(draft, "ref"),
        payment=payment.id,
        amount=seen.amount,
        currency=payment.currency,
        reason="other",
        by="system",
        created=draft.now_ms,
        provider_ref=seen.ref,
    )


def _fold_dispute(draft: Draft, payment: PaymentRecord, seen: DisputeSeen) -> None:
    known = next((one for one in draft.record.disputes if one.provider_ref == seen.ref), None)
    dispute = known or DisputeRecord(
        id=next_id(draft, "dsp"),
        payment=payment.id,
        provider_ref=seen.ref,
        amount=seen.amount,
        currency=payment.currency,
        reason=seen.reason,
        status=seen.status,
        created=draft.now_ms,
    )
    if dispute.closed:
        return
    net = draft.record.net
    won, lost = seen.status in WON, seen.status in LOST
    after = replace(
        dispute,
        status=seen.status,
        due=seen.due_ms,
        held=seen.withdrawn and not won and not lost,
        lost=lost,
        closed=won or lost,
        fee=seen.fee,
    )
    if after == dispute and known is not None:
        return
    draft.put_dispute(after, change="dispute_closed" if after.closed else "disputed")
    if known is None or known.due != after.due:
        draft.timers += deadlines(after, draft.now_ms)
    _post_dispute(draft=draft, payment=payment, before=dispute if known else None, after=after, net=net)


def _post_dispute(
    draft: Draft, payment: PaymentRecord, before: DisputeRecord | None, after: DisputeRecord, net: int
) -> None:
    """While it is open the amount is with the provider; won it comes back, lost it is gone."""
    held, account = before is not None and before.held, ledger.provider(payment.provider)
    if after.held and not held:
        draft.move(
            "dispute",
            (ledger.DISPUTED, after.amount),
            (account, -after.amount),
            source=after.provider_ref,
            provider=payment.provider,
        )
    if held and after.closed and not after.lost:
        draft.move(
            "dispute_won",
            (account, after.amount),
            (ledger.DISPUTED, -after.amount),
            source=after.provider_ref,
            provider=payment.provider,
        )
    if after.lost:
        from_ = ledger.DISPUTED if held else account
        draft.post("dispute_lost", from_, -after.amount, net, after.provider_ref, payment.provider)
    if fee := after.fee - (before.fee if before else 0):
        draft.post_fee(payment, fee, after.provider_ref)


def next_id(draft: Draft, prefix: str) -> str:
    """The id of the next payment, refund or dispute of the bill: whoever has it knows the bill."""
    record = draft.record
    numbers = {"pay": len(record.payments), "ref": len(record.refunds), "dsp": len(record.disputes)}
    return f"{prefix}_{record.key()}-{numbers[prefix] + 1}"


def seen(draft: Draft, command: NotePaymentChange) -> None:
    """Something happened at the provider: its object is read. What is not known yet may be the answer that is under
    way: the webhook comes again."""
    record = draft.record
    payment = record.paid_by(command.provider, command.ref)
    if payment is None:
        under_way = any(one.provider == command.provider and not one.ref and not one.over for one in record.payments)
        if not under_way and command.arrival:
            draft.arrivals.append(command.arrival)
        return
    if command.arrival:
        draft.arrivals.append(command.arrival)
    read(draft, payment)


def read(draft: Draft, payment: PaymentRecord) -> None:
    """Ask for the object as it is by now. It is no change of the bill."""
    if not payment.ref:
        draft.watch(replace(payment, heard=draft.now_ms))
        return
    payment = draft.swap(replace(payment, asks=payment.asks + 1))
    draft.read(payment, Read(bill=draft.record.id, ref=payment.ref))


def not_done(draft: Draft, payment: PaymentRecord, verb: str, about: str, code: str) -> None:
    """A provider refused for good, or will not be asked any more."""
    match verb:
        case "begin":
            error = CardError(code=code, message="The payment provider refused this payment.", retryable=False)
            draft.put(replace(payment, status="canceled", error=error), change="payment_failed")
        case "confirm":
            error = CardError(code=code, message="The payment could not be confirmed. Try another method.")
            draft.put(replace(payment, error=error), change="payment_failed")
        case "refund":
            refund = next((one for one in draft.record.refunds if one.id == about), None)
            if refund is not None and refund.status == "pending" and not refund.posted:
                draft.put_refund(replace(refund, status="failed", code=code), change="refund_failed")
        case "capture" | "void":
            draft.put(replace(payment, asked=f"{verb}:{code}"))
            read(draft, payment)
