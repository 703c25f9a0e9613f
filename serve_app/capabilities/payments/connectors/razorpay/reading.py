"""Razorpay's orders and their payments as our payments. Pure: what was read goes in, as Razorpay's JSON says it.

An order is what the payer is asked for; each attempt of theirs is a payment of it. Several may succeed, late ones too:
what was taken is the sum. What is held is taken whole or not at all, so taking less is taking all and returning the
rest at once; that rest was never ours, and is no refund (`carewire_rest` in its notes).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from actors.payments.activities import CardError, MethodSeen, PaymentSeen, PaymentStatus, RefundSeen, RefundStatus
from actors.payments.declines import decline_class

Object = Mapping[str, Any]
REST: Final = "carewire_rest"
REFUND: Final = "carewire_refund"
REF: Final = "carewire_ref"
HELD_MINUTES: Final = 7_200
"""So long Razorpay keeps an authorisation for us, at most: five days."""
_ATTEMPTS: Final[Mapping[str, PaymentStatus]] = {
    "created": "processing",
    "authorized": "requires_capture",
    "captured": "succeeded",
    "refunded": "succeeded",
    "failed": "requires_payment_method",
}
_RANK: Final[Mapping[PaymentStatus, int]] = {"requires_payment_method": 0, "processing": 1, "requires_capture": 2}
_REFUNDS: Final[Mapping[str, RefundStatus]] = {"pending": "pending", "processed": "succeeded", "failed": "failed"}
_DECLINES: Final[Mapping[str, str]] = {
    "insufficient_funds": "insufficient_funds",
    "insufficient_fund": "insufficient_funds",
    "card_expired": "expired_card",
    "card_lost": "lost_card",
    "card_stolen": "stolen_card",
    "card_declined": "generic_decline",
    "payment_declined": "generic_decline",
    "transaction_limit_exceeded": "withdrawal_count_limit_exceeded",
    "issuer_technical_error": "issuer_not_available",
    "bank_technical_error": "issuer_not_available",
    "gateway_technical_error": "processing_error",
    "payment_timed_out": "processing_error",
}


def payment_of(
    ref: str, order: Object, attempts: Sequence[Object], refunds: Sequence[Object], *, key_id: str
) -> PaymentSeen:
    """The order `ref` with its payments, the newest first, and all their refunds. `order` may be empty where there are
    payments."""
    status, native, known = _status(attempts)
    taken = [one for one in attempts if is_taken(one)]
    rest = sum(one["amount"] for one in refunds if is_rest(one))
    first = attempts[0] if attempts else {}
    whole: Object = order or first
    shown = next((one for one in attempts if _of(one) == status), first)
    held = shown if status == "requires_capture" else {}
    return PaymentSeen(
        ref=ref,
        status=status,
        native=native,
        known=known,
        currency=whole.get("currency", "XXX"),
        amount=whole.get("amount", 0),
        authorized=held.get("amount", 0),
        captured=max(0, sum(one["amount"] for one in taken) - rest),
        fee=_fee_of(taken),
        capture_before_ms=(held["created_at"] + HELD_MINUTES * 60) * 1000 if held else 0,
        method=_method_of(shown),
        client={} if status in ("succeeded", "canceled", "requires_capture") else {"order_id": ref, "key_id": key_id},
        error=_error_of(first) if status == "requires_payment_method" and first else None,
        refunds=tuple(_refund_of(one) for one in refunds if not is_rest(one)),
        aliases=tuple(one["id"] for one in attempts),
    )


def is_taken(attempt: Object) -> bool:
    """Was its money taken? What Razorpay returned of itself never was ours."""
    return bool(attempt.get("captured")) and attempt.get("status") in ("captured", "refunded")


def is_rest(refund: Object) -> bool:
    """Is it what was left of an authorisation of which less was taken?"""
    return bool(notes_of(refund).get(REST)) and refund.get("status") != "failed"


def held_of(attempts: Sequence[Object]) -> Object | None:
    """The payment that waits to be taken."""
    return next((one for one in attempts if one.get("status") == "authorized"), None)


def notes_of(thing: Object) -> Object:
    """Its notes: an empty list where there are none."""
    found = thing.get("notes")
    return found if isinstance(found, Mapping) else {}


def _status(attempts: Sequence[Object]) -> tuple[PaymentStatus, str, bool]:
    """The best of all attempts."""
    if not attempts:
        return "requires_payment_method", "created", True
    best: PaymentStatus = "requires_payment_method"
    native, known = "", True
    for attempt in attempts:
        status = _of(attempt)
        if not native or _rank(status) > _rank(best):
            best, native, known = status, attempt["status"], attempt["status"] in _ATTEMPTS
    return best, native, known


def _of(attempt: Object) -> PaymentStatus:
    if attempt.get("status") == "refunded" and not is_taken(attempt):
        return "canceled"
    return _ATTEMPTS.get(attempt.get("status", ""), "processing")


def _rank(status: PaymentStatus) -> int:
    return {"canceled": 0, "succeeded": 9}.get(status, _RANK.get(status, 0))


def _fee_of(taken: Sequence[Object]) -> int | None:
    fees = [one["fee"] for one in taken if one.get("fee") is not None]
    return sum(fees) if taken and len(fees) == len(taken) else None


def _refund_of(refund: Object) -> RefundSeen:
    return RefundSeen(
        ref=refund["id"],
        amount=refund["amount"],
        status=_REFUNDS.get(refund.get("status", ""), "pending"),
        refund=str(notes_of(refund).get(REFUND, "")),
    )


def _method_of(attempt: Object) -> MethodSeen | None:
    if not attempt.get("method"):
        return None
    card = attempt.get("card")
    inner: Object = card if isinstance(card, Mapping) else {}
    brand, last4 = str(inner.get("network") or "").lower(), str(inner.get("last4") or "")
    return MethodSeen(ref="", type=str(attempt["method"]), brand=brand, last4=last4)


def _error_of(attempt: Object) -> CardError:
    reason = str(attempt.get("error_reason") or "")
    decline_code = _DECLINES.get(reason, "")
    retryable = decline_class("card_declined", decline_code) == "retry"
    told = "The payment was declined. Try again, or use another means of payment."
    return CardError(code="card_declined", message=told, decline_code=decline_code, retryable=retryable)
