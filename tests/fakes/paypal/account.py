"""A merchant's account at PayPal: orders, authorisations, captures, refunds, and what others do there."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

Object = dict[str, Any]
_HONOURED_DAYS: Final = 29
_FEE: Final = 100, 35  # so many of 2,500 parts, and so many cents beside it
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class PaypalFault(Exception):
    """An error answer."""

    def __init__(self, status: int, issue: str, name: str = "UNPROCESSABLE_ENTITY") -> None:
        super().__init__(issue)
        self.status, self.issue, self.name = status, issue, name

    def body(self) -> Object:
        told = {"issue": self.issue, "description": "canary-7f3d is not possible"}
        return {"name": self.name, "details": [told], "debug_id": "carewire", "message": "canary-7f3d"}


@dataclass
class Paypal:
    """`listeners` are told of each event. `declines`: orders whose payer's bank will refuse. Sums are in cents."""

    now_s: Callable[[], float]
    random: random.Random
    base_url: str = "http://paypal.test"
    orders: dict[str, Object] = field(default_factory=dict)
    holds: dict[str, Object] = field(default_factory=dict)
    captures: dict[str, Object] = field(default_factory=dict)
    refunds: dict[str, Object] = field(default_factory=dict)
    declines: set[str] = field(default_factory=set)
    events: list[Object] = field(default_factory=list)
    listeners: list[Callable[[Object], None]] = field(default_factory=list)
    _owner: dict[str, str] = field(default_factory=dict)

    def create(self, body: Object) -> Object:
        unit = {name: value for name, value in body["purchase_units"][0].items() if value is not None}
        id_ = self._new_id()
        links = [
            {"rel": "self", "href": f"{self.base_url}/v2/checkout/orders/{id_}"},
            {"rel": "payer-action", "href": f"{self.base_url}/checkoutnow?token={id_}"},
        ]
        order = {"id": id_, "intent": body["intent"], "status": "PAYER_ACTION_REQUIRED", "links": links}
        order |= {"create_time": self._time(), "purchase_units": [unit]}
        self.orders[id_] = order
        return order

    def order(self, id_: str) -> Object:
        """As it is read: with all that was made of it. Raises PaypalFault: there is none."""
        order = copy.deepcopy(_found(self.orders, id_))
        payments = {
            name: [one for made, one in things.items() if self._owner[made] == id_]
            for name, things in (
                ("authorizations", self.holds),
                ("captures", self.captures),
                ("refunds", self.refunds),
            )
        }
        if any(payments.values()):
            order["purchase_units"][0]["payments"] = {name: found for name, found in payments.items() if found}
        return order

    def approve(self, id_: str) -> None:
        """The payer does."""
        self.orders[id_]["status"] = "APPROVED"
        self._tell("CHECKOUT.ORDER.APPROVED", "checkout-order", self.order(id_))

    def authorize(self, id_: str) -> Object:
        order = self._approved(id_, "AUTHORIZE")
        amount = order["purchase_units"][0]["amount"]
        self._hold(id_, amount)
        order["status"] = "COMPLETED"
        return self.order(id_)

    def take(self, id_: str) -> Object:
        order = self._approved(id_, "CAPTURE")
        self._capture(id_, order["purchase_units"][0]["amount"])
        order["status"] = "COMPLETED"
        return self.order(id_)

    def capture(self, hold_id: str, body: Object) -> Object:
        hold = _found(self.holds, hold_id)
        if hold["status"] != "CREATED":
            raise PaypalFault(422, f"AUTHORIZATION_{hold['status'].replace('CAPTURED', 'ALREADY_CAPTURED')}")
        amount = body.get("amount") or hold["amount"]
        if not 0 < cents(amount) <= cents(hold["amount"]):
            raise PaypalFault(422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        hold["status"] = "CAPTURED"
        return self._capture(self._owner[hold_id], amount)

    def void(self, hold_id: str) -> None:
        hold = _found(self.holds, hold_id)
        if hold["status"] != "CREATED":
            raise PaypalFault(422, "PREVIOUSLY_VOIDED" if hold["status"] == "VOIDED" else "PREVIOUSLY_CAPTURED")
        hold["status"] = "VOIDED"
        self._tell("PAYMENT.AUTHORIZATION.VOIDED", "authorization", hold)

    def reauthorize(self, hold_id: str, body: Object) -> Object:
        hold = _found(self.holds, hold_id)
        if hold["status"] != "CREATED":
            raise PaypalFault(422, "AUTHORIZATION_VOIDED")
        if self.now_s() - datetime.fromisoformat(hold["create_time"]).timestamp() < 3 * 86_400:
            raise PaypalFault(422, "REAUTHORIZATION_TOO_SOON")
        hold["status"] = "VOIDED"
        return self._hold(self._owner[hold_id], body.get("amount") or hold["amount"])

    def refund(self, capture_id: str, body: Object) -> Object:
        capture = _found(self.captures, capture_id)
        back = sum(cents(one["amount"]) for one in self._refunds_of(capture_id))
        left = cents(capture["amount"]) - back
        amount = body.get("amount") or money(left, capture["amount"]["currency_code"])
        if not left:
            raise PaypalFault(422, "CAPTURE_FULLY_REFUNDED")
        if not 0 < cents(amount) <= left:
            raise PaypalFault(422, "REFUND_AMOUNT_EXCEEDED")
        id_, order = self._new_id(), self._owner[capture_id]
        made: Object = {"id": id_, "status": "COMPLETED", "amount": amount, "create_time": self._time()}
        made |= {name: body[name] for name in ("custom_id", "invoice_id") if body.get(name)}
        fee = money(0, amount["currency_code"])
        made["seller_payable_breakdown"] = {"gross_amount": amount, "paypal_fee": fee, "net_amount": amount}
        made["links"] = [{"rel": "up", "href": f"{self.base_url}/v2/payments/captures/{capture_id}"}]
        self.refunds[id_], self._owner[id_] = made, order
        capture["status"] = "REFUNDED" if cents(amount) == left else "PARTIALLY_REFUNDED"
        self._tell("PAYMENT.CAPTURE.REFUNDED", "refund", made)
        return made

    def balance(self) -> int:
        """What it holds for the merchant, in cents."""
        taken = [one["seller_receivable_breakdown"]["net_amount"] for one in self.captures.values()]
        back = [one["amount"] for one in self.refunds.values()]
        return sum(map(cents, taken)) - sum(map(cents, back))

    def _approved(self, id_: str, intent: str) -> Object:
        order = _found(self.orders, id_)
        if order["intent"] != intent:
            raise PaypalFault(422, "ACTION_DOES_NOT_MATCH_INTENT")
        if order["status"] == "COMPLETED":
            raise PaypalFault(422, "ORDER_ALREADY_AUTHORIZED" if intent == "AUTHORIZE" else "ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            raise PaypalFault(422, "ORDER_NOT_APPROVED")
        if id_ in self.declines:
            self.declines.discard(id_)
            order["status"] = "PAYER_ACTION_REQUIRED"
            raise PaypalFault(422, "INSTRUMENT_DECLINED")
        return order

    def _hold(self, order: str, amount: Object) -> Object:
        id_ = self._new_id()
        until = self.now_s() + _HONOURED_DAYS * 86_400
        made = {"id": id_, "status": "CREATED", "amount": amount, "create_time": self._time()}
        made |= {"expiration_time": _rfc3339(until), **self._related(order)}
        self.holds[id_], self._owner[id_] = made, order
        self._tell("PAYMENT.AUTHORIZATION.CREATED", "authorization", made)
        return made

    def _capture(self, order: str, amount: Object) -> Object:
        id_, sum_, currency = self._new_id(), cents(amount), amount["currency_code"]
        fee = sum_ * _FEE[0] // 2500 + _FEE[1]
        made = {"id": id_, "status": "COMPLETED", "amount": amount, "final_capture": True}
        made["create_time"] = self._time()
        made["seller_receivable_breakdown"] = {
            "gross_amount": amount,
            "paypal_fee": money(fee, currency),
            "net_amount": money(sum_ - fee, currency),
        }
        made |= self._related(order)
        self.captures[id_], self._owner[id_] = made, order
        self._tell("PAYMENT.CAPTURE.COMPLETED", "capture", made)
        return made

    def _related(self, order: str) -> Object:
        custom = self.orders[order]["purchase_units"][0].get("custom_id")
        related = {"supplementary_data": {"related_ids": {"order_id": order}}}
        return {**related, **({"custom_id": custom} if custom else {})}

    def _refunds_of(self, capture_id: str) -> list[Object]:
        up = f"/{capture_id}"
        return [one for one in self.refunds.values() if one["links"][0]["href"].endswith(up)]

    def _tell(self, type_: str, resource_type: str, resource: Object) -> None:
        event = {
            "id": f"WH-{self._new_id()}",
            "event_type": type_,
            "resource_type": resource_type,
            "create_time": self._time(),
            "resource": copy.deepcopy(resource),
        }
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def _new_id(self) -> str:
        return "".join(self.random.choices(_LETTERS, k=17))

    def _time(self) -> str:
        return _rfc3339(self.now_s())


def cents(amount: Object) -> int:
    return round(float(amount["value"]) * 100)


def money(amount: int, currency: str) -> Object:
    return {"currency_code": currency, "value": f"{amount // 100}.{amount % 100:02d}"}


def _rfc3339(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _found(things: dict[str, Object], id_: str) -> Object:
    if id_ not in things:
        raise PaypalFault(404, "INVALID_RESOURCE_ID", "RESOURCE_NOT_FOUND")
    return things[id_]
