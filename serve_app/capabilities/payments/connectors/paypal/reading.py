"""PayPal's orders as our payments. Pure: what was read goes in, as PayPal's JSON says it.

An order is what the payer approves; the money is in what is made of it: an authorisation (held), captures (taken),
refunds (returned). All of them are in the order when it is read.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from actors.payments.activities import CardError, MethodSeen, PaymentSeen, PaymentStatus, RefundSeen, RefundStatus
from actors.payments.declines import decline_class
from common.money import EXPONENTS

Object = Mapping[str, Any]
_ORDERS: Final[Mapping[str, PaymentStatus]] = {
    "CREATED": "requires_action",
    "SAVED": "requires_action",
    "PAYER_ACTION_REQUIRED": "requires_action",
    "APPROVED": "requires_confirmation",
    "VOIDED": "canceled",
}
_HOLDS: Final[Mapping[str, PaymentStatus]] = {
    "CREATED": "requires_capture",
    "PENDING": "processing",
    "DENIED": "requires_payment_method",
    "VOIDED": "canceled",
    "EXPIRED": "canceled",
}
_CAPTURES: Final[Mapping[str, PaymentStatus]] = {
    "COMPLETED": "succeeded",
    "PARTIALLY_REFUNDED": "succeeded",
    "REFUNDED": "succeeded",
    "PENDING": "processing",
    "DECLINED": "requires_payment_method",
    "FAILED": "requires_payment_method",
}
_REFUNDS: Final[Mapping[str, RefundStatus]] = {
    "COMPLETED": "succeeded",
    "PENDING": "pending",
    "FAILED": "failed",
    "CANCELLED": "canceled",
}
_WITHOUT_DECIMALS: Final = ("HUF", "JPY", "TWD")
"""https://developer.paypal.com/api/rest/reference/currency-codes/"""
_DECLINES: Final[Mapping[str, str]] = {
    "INSTRUMENT_DECLINED": "generic_decline",
    "PAYER_CANNOT_PAY": "generic_decline",
    "PAYER_ACCOUNT_RESTRICTED": "restricted_card",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED": "account_closed",
    "TRANSACTION_REFUSED": "generic_decline",
    "CARD_EXPIRED": "expired_card",
    "INSUFFICIENT_FUNDS": "insufficient_funds",
}
_TAKEN: Final = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")


def payment_of(order: Object, *, error: CardError | None = None) -> PaymentSeen:
    """An order. `error`: why the payer's means was refused just now."""
    unit = _first(order.get("purchase_units"))
    payments = _inner(unit.get("payments"))
    holds, captures = _list(payments.get("authorizations")), _list(payments.get("captures"))
    status, native, known = _status(order, holds, captures)
    taken = [one for one in captures if one.get("status") in _TAKEN]
    held = holds[-1] if holds else {}
    over = status in ("succeeded", "canceled")
    return PaymentSeen(
        ref=order["id"],
        status=status,
        native=native,
        known=known,
        currency=_inner(unit.get("amount")).get("currency_code", ""),
        amount=minor(unit.get("amount")),
        authorized=minor(held.get("amount")) if status == "requires_capture" else 0,
        captured=sum(minor(one.get("amount")) for one in taken),
        fee=_fee_of(taken),
        capture_before_ms=_ms(held.get("expiration_time")) if status == "requires_capture" else 0,
        method=MethodSeen(ref="", type="paypal") if holds or captures else None,
        client={} if over or status == "requires_capture" else _client_of(order),
        error=None if over else error,
        refunds=tuple(_refund_of(one) for one in _list(payments.get("refunds"))),
        aliases=_aliases(unit, holds, captures),
    )


def hold_of(order: Object) -> Object:
    """The authorisation that counts: the last one. An empty object where there is none."""
    holds = _list(_inner(_first(order.get("purchase_units")).get("payments")).get("authorizations"))
    return holds[-1] if holds else {}


def captures_of(order: Object) -> Sequence[Object]:
    """Those by which money was taken."""
    payments = _inner(_first(order.get("purchase_units")).get("payments"))
    return [one for one in _list(payments.get("captures")) if one.get("status") in _TAKEN]


def refunds_of(order: Object) -> Sequence[Object]:
    """All of them."""
    return _list(_inner(_first(order.get("purchase_units")).get("payments")).get("refunds"))


def made_ms(thing: Object) -> int:
    """When it came to be; 0: it does not say."""
    return _ms(thing.get("create_time"))


def minor(money: Any) -> int:
    """`{"currency_code": "EUR", "value": "10.00"}` in minor units; 0 where there is none."""
    inner = _inner(money)
    exponent = EXPONENTS.get(inner.get("currency_code", ""), 2)
    try:
        return int(Decimal(str(inner["value"])).scaleb(exponent))
    except (KeyError, InvalidOperation):
        return 0


def money(amount: int, currency: str) -> dict[str, str] | None:
    """Minor units as PayPal wants them. None: it does not take such a sum, for it knows no decimals there."""
    exponent = EXPONENTS[currency]
    value = Decimal(amount).scaleb(-exponent)
    if currency in _WITHOUT_DECIMALS:
        if value != value.to_integral_value():
            return None
        return {"currency_code": currency, "value": f"{value:.0f}"}
    return {"currency_code": currency, "value": f"{value:.{exponent}f}"}


def decline_of(issue: str) -> CardError | None:
    """Why a payer's means was refused, in the words of `declines`. None: this is no such refusal."""
    if (code := _DECLINES.get(issue)) is None:
        return None
    retryable = decline_class("card_declined", code) == "retry"
    told = "The payment was declined. Choose another means of payment at PayPal."
    return CardError(code="card_declined", message=told, decline_code=code, retryable=retryable)


def _status(order: Object, holds: Sequence[Object], captures: Sequence[Object]) -> tuple[PaymentStatus, str, bool]:
    """That of the money, where there is some; of an order that is complete, there must be."""
    if captures:
        return _known(_CAPTURES, captures[-1])
    if holds:
        return _known(_HOLDS, holds[-1])
    return _known(_ORDERS, order)


def _known(statuses: Mapping[str, PaymentStatus], thing: Object) -> tuple[PaymentStatus, str, bool]:
    native = str(thing.get("status") or "")
    found = statuses.get(native)
    return ("processing", native, False) if found is None else (found, native, True)


def _fee_of(taken: Sequence[Object]) -> int | None:
    """What was kept of them, where PayPal says so of each."""
    parts = [_inner(one.get("seller_receivable_breakdown")).get("paypal_fee") for one in taken]
    return sum(minor(one) for one in parts) if parts and None not in parts else None


def _refund_of(refund: Object) -> RefundSeen:
    """Ours bear our id as the number of an invoice."""
    named = str(refund.get("invoice_id") or "")
    return RefundSeen(
        ref=refund["id"],
        amount=minor(refund.get("amount")),
        status=_REFUNDS.get(refund.get("status") or "", "pending"),
        refund=named if named.startswith("ref_") else "",
        fee=minor(_inner(refund.get("seller_payable_breakdown")).get("paypal_fee")),
    )


def _client_of(order: Object) -> dict[str, str]:
    links = [link for link in _list(order.get("links")) if link.get("rel") in ("payer-action", "approve")]
    return {"order_id": order["id"], "approve_url": links[0].get("href", "") if links else ""}


def _aliases(unit: Object, holds: Sequence[Object], captures: Sequence[Object]) -> tuple[str, ...]:
    names = [unit.get("custom_id"), *(one.get("id") for one in (*holds, *captures))]
    return tuple(str(name) for name in names if name)


def _ms(time: Any) -> int:
    try:
        return int(datetime.fromisoformat(time).timestamp() * 1000)
    except (TypeError, ValueError):
        return 0


def _inner(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Object]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _first(value: Any) -> Object:
    found = _list(value)
    return found[0] if found else {}
