"""A merchant's account at Razorpay: orders, the attempts to pay them, refunds, and what others do there."""

import copy
import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

Object = dict[str, Any]
KEY_ID: Final = "rzp_test_carewire"
KEY_SECRET: Final = "razorpay-secret"
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"


class RazorpayFault(Exception):
    """An error answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def body(self) -> Object:
        told = {"code": "BAD_REQUEST_ERROR", "description": "canary-7f3d is not possible", "reason": self.reason}
        return {"error": told}


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """Base of them: members that are unknown are refused."""


class CaptureOptions(_Body):
    refund_speed: Literal["normal", "optimum"] = "normal"
    automatic_expiry_period: Annotated[int, Meta(ge=12, le=7200)] | None = None
    manual_expiry_period: Annotated[int, Meta(ge=12, le=7200)] | None = None


class PaymentOptions(_Body):
    capture: Literal["automatic", "manual"]
    capture_options: CaptureOptions | None = None


class OrderBody(_Body):
    amount: Annotated[int, Meta(ge=100)]
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
    receipt: Annotated[str, Meta(max_length=40)] = ""
    unique_receipt: bool = False
    notes: Annotated[dict[str, str], Meta(max_length=15)] = {}
    payment: PaymentOptions | None = None


class CaptureBody(_Body):
    amount: int
    currency: str


class RefundBody(_Body):
    amount: Annotated[int, Meta(ge=1)] | None = None
    speed: Literal["normal", "optimum"] = "normal"
    notes: Annotated[dict[str, str], Meta(max_length=15)] = {}


@dataclass
class Razorpay:
    """`listeners` are told of each event."""

    now_s: Callable[[], float]
    random: random.Random
    orders: dict[str, Object] = field(default_factory=dict)
    payments: dict[str, Object] = field(default_factory=dict)
    refunds: dict[str, Object] = field(default_factory=dict)
    listeners: list[Callable[[Object], None]] = field(default_factory=list)
    _automatic: set[str] = field(default_factory=set)

    def create(self, body: OrderBody) -> Object:
        if body.unique_receipt and any(one["receipt"] == body.receipt for one in self.orders.values()):
            raise RazorpayFault("receipt_exists")
        id_ = self._new_id("order")
        order = {"id": id_, "entity": "order", "amount": body.amount, "amount_paid": 0, "attempts": 0}
        order |= {"currency": body.currency, "receipt": body.receipt, "status": "created", "notes": dict(body.notes)}
        order["created_at"] = int(self.now_s())
        self.orders[id_] = order
        if body.payment is not None and body.payment.capture == "automatic":
            self._automatic.add(id_)
        return order

    def attempt(self, order_id: str, *, well: bool = True) -> Object:
        """The payer pays in Razorpay's window. What it tells their browser."""
        order, id_ = self.orders[order_id], self._new_id("pay")
        payment = {"id": id_, "entity": "payment", "amount": order["amount"], "currency": order["currency"]}
        payment |= {"status": "authorized" if well else "failed", "order_id": order_id, "method": "card"}
        payment |= {"captured": False, "amount_refunded": 0, "refund_status": None, "fee": None, "tax": None}
        payment |= {"card": {"last4": "1111", "network": "Visa"}, "created_at": int(self.now_s()), "notes": []}
        payment |= {"error_code": None if well else "BAD_REQUEST_ERROR"}
        payment |= {"error_reason": None if well else "insufficient_funds"}
        self.payments[id_] = payment
        order["attempts"] += 1
        order["status"] = "attempted"
        self._tell("payment.authorized" if well else "payment.failed", payment)
        if well and order_id in self._automatic:
            self._take(payment)
        mac = hmac.new(KEY_SECRET.encode(), f"{order_id}|{id_}".encode(), hashlib.sha256).hexdigest()
        return {"razorpay_payment_id": id_, "razorpay_order_id": order_id, "razorpay_signature": mac}

    def capture(self, id_: str, body: CaptureBody) -> Object:
        payment = _found(self.payments, id_)
        if payment["status"] != "authorized":
            raise RazorpayFault("payment_already_captured" if payment["captured"] else "payment_not_authorized")
        if (body.amount, body.currency) != (payment["amount"], payment["currency"]):
            raise RazorpayFault("capture_amount_mismatch")
        self._take(payment)
        return payment

    def lets_go(self, id_: str) -> None:
        """Nobody has captured it in time: it goes back of itself."""
        self.payments[id_] |= {"status": "refunded", "refund_status": "full"}
        self._tell("payment.refunded", self.payments[id_])

    def refund(self, id_: str, body: RefundBody) -> Object:
        payment = _found(self.payments, id_)
        if not payment["captured"]:
            raise RazorpayFault("payment_not_captured")
        left = payment["amount"] - payment["amount_refunded"]
        amount = left if body.amount is None else body.amount
        if not 0 < amount <= left:
            raise RazorpayFault("refund_amount_exceeded")
        refund: Object = {"id": self._new_id("rfnd"), "entity": "refund", "amount": amount, "payment_id": id_}
        refund |= {"currency": payment["currency"], "status": "processed", "notes": dict(body.notes)}
        refund["created_at"] = int(self.now_s())
        self.refunds[refund["id"]] = refund
        payment["amount_refunded"] += amount
        payment["refund_status"] = "full" if amount == left else "partial"
        if amount == left:
            payment["status"] = "refunded"
        self._tell("refund.processed", payment, refund=refund)
        return refund

    def balance(self) -> int:
        """What it holds for the merchant, in minor units."""
        taken = [int(one["amount"]) - int(one["fee"]) for one in self.payments.values() if one["captured"]]
        return sum(taken) - sum(int(one["amount"]) for one in self.refunds.values())

    def _take(self, payment: Object) -> None:
        fee = payment["amount"] * 2 // 100
        payment |= {"status": "captured", "captured": True, "fee": fee, "tax": 0}
        order = self.orders[payment["order_id"]]
        order |= {"status": "paid", "amount_paid": order["amount_paid"] + payment["amount"]}
        self._tell("payment.captured", payment)

    def _tell(self, type_: str, payment: Object, **more: Object) -> None:
        entities = {name: {"entity": copy.deepcopy(one)} for name, one in {"payment": payment, **more}.items()}
        event = {"entity": "event", "event": type_, "created_at": int(self.now_s()), "payload": entities}
        for listener in self.listeners:
            listener(event)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{''.join(self.random.choices(_LETTERS, k=14))}"


def _found(things: dict[str, Object], id_: str) -> Object:
    if id_ not in things:
        raise RazorpayFault("id_does_not_exist")
    return things[id_]
