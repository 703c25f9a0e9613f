"""Stripe's objects as ours. Pure: what was read goes in, as Stripe's JSON says it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast, get_args

from actors.payments.activities import (
    CardError,
    DisputeSeen,
    MethodSeen,
    PaymentSeen,
    PaymentStatus,
    RefundSeen,
    RefundStatus,
)
from actors.payments.declines import decline_class

Object = Mapping[str, Any]
_STATUSES: Final = frozenset(get_args(PaymentStatus)) - {"creating"}
_REFUNDS: Final[Mapping[str, RefundStatus]] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "canceled",
}
_TOLD: Final = {
    "retry": "The payment was declined. Try again later, or use another method.",
    "ask": "The payment was declined. Use another method.",
    "never": "The payment was declined. Use another method.",
}


def payment_of(
    intent: Object, refunds: Iterable[Object] = (), disputes: Iterable[Object] = (), *, publishable_key: str = ""
) -> PaymentSeen:
    """A PaymentIntent with `latest_charge.balance_transaction` in it, and all refunds and disputes of its charge (those
    with `data.balance_transaction` in them)."""
    charge = _inner(intent.get("latest_charge"))
    status, known = status_of(intent["status"])
    captured = intent.get("amount_received") or 0
    held = _inner(_inner(charge.get("payment_method_details")).get("card")).get("capture_before")
    return PaymentSeen(
        ref=intent["id"],
        status=status,
        native=intent["status"],
        known=known,
        currency=intent["currency"].upper(),
        amount=intent["amount"],
        authorized=intent.get("amount_capturable") or 0,
        captured=captured,
        fee=_fee_of(charge, intent["currency"]) if captured else None,
        capture_before_ms=(held or 0) * 1000 if status == "requires_capture" else 0,
        method=_method_of_charge(charge),
        customer=_id_of(intent.get("customer")),
        client=_client_of(intent, publishable_key),
        error=_error_of(intent.get("last_payment_error")) if status == "requires_payment_method" else None,
        refunds=tuple(refund_of(one) for one in refunds if not _is_release(one)),
        disputes=tuple(dispute_of(one) for one in disputes),
    )


def setup_of(setup: Object, *, publishable_key: str = "") -> PaymentSeen:
    """A SetupIntent: a payment without money, with the currency that means none (ISO 4217: XXX)."""
    status, known = status_of(setup["status"])
    method = setup.get("payment_method")
    return PaymentSeen(
        ref=setup["id"],
        status=status,
        native=setup["status"],
        known=known,
        currency="XXX",
        amount=0,
        method=method_of(method) if isinstance(method, Mapping) else None,
        customer=_id_of(setup.get("customer")),
        client=_client_of(setup, publishable_key),
        error=_error_of(setup.get("last_setup_error")) if status == "requires_payment_method" else None,
        setup=True,
    )


def status_of(said: str) -> tuple[PaymentStatus, bool]:
    """Our word for Stripe's, and whether we know it."""
    return (cast("PaymentStatus", said), True) if said in _STATUSES else ("processing", False)


def method_of(method: Object) -> MethodSeen:
    """A PaymentMethod. Of one that is no card only the type is told."""
    return _means(_id_of(method), method.get("type", ""), _inner(method.get(method.get("type", ""))))


def refund_of(refund: Object) -> RefundSeen:
    """A Refund. A status that is unknown is on its way."""
    moved = _inner(refund.get("balance_transaction"))
    return RefundSeen(
        ref=refund["id"],
        amount=refund["amount"],
        status=_REFUNDS.get(refund.get("status") or "", "pending"),
        refund=_inner(refund.get("metadata")).get("carewire_refund", ""),
        reason=refund.get("reason") or "",
        fee=-(moved.get("fee") or 0) if moved.get("currency") == refund["currency"] else 0,
    )


def dispute_of(dispute: Object) -> DisputeSeen:
    """A Dispute."""
    moved = [one for one in dispute.get("balance_transactions") or () if one.get("currency") == dispute["currency"]]
    due_by = _inner(dispute.get("evidence_details")).get("due_by") or 0
    return DisputeSeen(
        ref=dispute["id"],
        amount=dispute["amount"],
        status=dispute["status"],
        reason=dispute.get("reason") or "",
        fee=sum(one.get("fee") or 0 for one in moved),
        withdrawn=sum(one["amount"] for one in moved) < 0,
        due_ms=due_by * 1000,
    )


def card_error(code: str, decline_code: str) -> CardError:
    """A decline, in our words."""
    meant = decline_class(code, decline_code)
    return CardError(code=code, message=_TOLD[meant], decline_code=decline_code, retryable=meant == "retry")


def _is_release(refund: Object) -> bool:
    """What a capture of less leaves, and what a void gives up, Stripe shows as a refund that moved no money."""
    return refund.get("status") == "succeeded" and refund.get("balance_transaction") is None


def _fee_of(charge: Object, currency: str) -> int | None:
    moved = _inner(charge.get("balance_transaction"))
    return moved["fee"] if moved.get("currency") == currency else None


def _error_of(error: Any) -> CardError | None:
    if not isinstance(error, Mapping):
        return None
    return card_error(error.get("code") or "card_declined", error.get("decline_code") or "")


def _method_of_charge(charge: Object) -> MethodSeen | None:
    details = _inner(charge.get("payment_method_details"))
    type_ = details.get("type", "")
    return _means(_id_of(charge.get("payment_method")), type_, _inner(details.get(type_))) if type_ else None


def _means(ref: str, type_: str, inner: Object) -> MethodSeen:
    return MethodSeen(
        ref=ref,
        type=type_,
        brand=inner.get("brand") or "",
        last4=inner.get("last4") or "",
        exp_month=inner.get("exp_month") or 0,
        exp_year=inner.get("exp_year") or 0,
        country=inner.get("country") or "",
        fingerprint=inner.get("fingerprint") or "",
    )


def _client_of(intent: Object, publishable_key: str) -> dict[str, str]:
    if not intent.get("client_secret") or intent["status"] in ("succeeded", "canceled"):
        return {}
    return {"client_secret": intent["client_secret"], "publishable_key": publishable_key}


def _inner(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}


def _id_of(value: Any) -> str:
    return value if isinstance(value, str) else _inner(value).get("id", "")
