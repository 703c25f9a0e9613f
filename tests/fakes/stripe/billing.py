"""Stripe Billing: products, prices, subscriptions of one item, and their invoices with the intents that pay them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.stripe.books import Books, Object, listed
from tests.fakes.stripe.faults import StripeFault, bad_request
from tests.fakes.stripe.intents import Intents

_DAYS: Final = {"day": 1, "week": 7, "month": 30, "year": 365}
_DAY_S: Final = 86_400
_OVER: Final = ("canceled", "incomplete_expired")


@dataclass
class Billing:
    """The rules. `metered`: what was counted, by identifier. `later`: prorations that wait for the next invoice."""

    books: Books
    intents: Intents
    metered: dict[str, Object] = field(default_factory=dict)
    later: dict[str, list[Object]] = field(default_factory=dict)

    def product(self, asked: Object) -> Object:
        return self.books.add("prod", "product", active=True, name=asked["name"], metadata=asked.get("metadata") or {})

    def price(self, asked: Object) -> Object:
        """Raises StripeFault: another price has this lookup key."""
        self.books.get("product", asked["product"])
        mark = asked.get("lookup_key")
        if mark and any(self.books.all("price", lookup_key=mark)):
            raise bad_request("resource_already_exists", "lookup_key", "A price has this lookup key already.")
        return self.books.add(
            "price",
            "price",
            active=True,
            billing_scheme="per_unit",
            currency=asked["currency"],
            lookup_key=mark,
            metadata=asked.get("metadata") or {},
            product=asked["product"],
            recurring=dict(asked["recurring"]),
            type="recurring",
            unit_amount=asked["unit_amount"],
        )

    def prices(self, asked: Object) -> Object:
        marks = asked.get("lookup_keys")
        found = [one for one in self.books.all("price") if marks is None or one["lookup_key"] in marks]
        return listed(found, "/v1/prices", asked)

    def create(self, asked: Object) -> Object:
        self.books.get("customer", asked["customer"])
        (item,) = asked["items"]
        now, trial_s = int(self.books.now_s()), asked.get("trial_period_days", 0) * _DAY_S
        price = self.books.get("price", item["price"])
        end = now + (trial_s or _length_s(price))
        made = self.books.add(
            "sub",
            "subscription",
            cancel_at_period_end=False,
            canceled_at=None,
            currency=price["currency"],
            customer=asked["customer"],
            default_payment_method=asked.get("default_payment_method"),
            ended_at=None,
            items={"object": "list", "data": [], "has_more": False, "url": "/v1/subscription_items"},
            latest_invoice=None,
            metadata=asked.get("metadata") or {},
            pause_collection=None,
            status="trialing" if trial_s else "incomplete",
            trial_end=now + trial_s if trial_s else None,
        )
        made["items"]["data"].append(
            {
                "id": self.books.new_id("si"),
                "object": "subscription_item",
                "current_period_end": end,
                "current_period_start": now,
                "price": price,
                "quantity": item.get("quantity", 1),
            }
        )
        self.books.tell("customer.subscription.created", made)
        if not trial_s:
            self._bill(made, [_line(price["unit_amount"] * item.get("quantity", 1), now, end)])
        return made

    def update(self, id_: str, asked: Object) -> Object:
        """Raises StripeFault: it has ended."""
        found = self._live(id_)
        for item in asked.get("items") or []:
            self._swap(found, item, asked)
        for name in ("default_payment_method", "cancel_at_period_end"):
            if name in asked:
                found[name] = asked[name]
        if "cancel_at_period_end" in asked:
            found["canceled_at"] = int(self.books.now_s()) if asked["cancel_at_period_end"] else None
        if "pause_collection" in asked:
            found["pause_collection"] = asked["pause_collection"] or None
        self.books.tell("customer.subscription.updated", found)
        return found

    def resume(self, id_: str) -> Object:
        found = self._live(id_)
        found["status"] = "active"
        self.books.tell("customer.subscription.resumed", found)
        return found

    def cancel(self, id_: str, asked: Object) -> Object:
        """Raises StripeFault: it has ended."""
        found = self._live(id_)
        now = int(self.books.now_s())
        found |= {"status": "canceled", "canceled_at": now, "ended_at": now}
        self.books.tell("customer.subscription.deleted", found)
        return found

    def preview(self, asked: Object) -> Object:
        found = self.books.get("subscription", asked["subscription"])
        details = asked.get("subscription_details") or {}
        item = _item(found)
        (wanted,) = details.get("items") or [{"price": item["price"]["id"], "quantity": item["quantity"]}]
        price = self.books.get("price", wanted["price"])
        lines = []
        if details.get("proration_behavior") != "none":
            lines = self._prorated(item, price, wanted.get("quantity", 1), details["proration_date"])
        start = item["current_period_end"]
        amount = price["unit_amount"] * wanted.get("quantity", 1)
        return _invoice_of(found, [*lines, _line(amount, start, start + _length_s(price))])

    def meter(self, asked: Object) -> Object:
        """Raises StripeFault: this was counted already."""
        if asked["identifier"] in self.metered:
            raise bad_request("resource_already_exists", "identifier", "An event has this identifier already.")
        made = {"object": "billing.meter_event", "created": int(self.books.now_s()), "livemode": False, **asked}
        self.metered[asked["identifier"]] = made
        return made

    def renew(self, id_: str) -> None:
        """Its period ends: what follows is billed, unless it ends with it."""
        found = self._live(id_)
        item = _item(found)
        start = item["current_period_end"]
        if found["cancel_at_period_end"]:
            found |= {"status": "canceled", "ended_at": start}
            self.books.tell("customer.subscription.deleted", found)
            return
        item |= {"current_period_start": start, "current_period_end": start + _length_s(item["price"])}
        found["status"] = "active"
        amount = item["price"]["unit_amount"] * item["quantity"]
        lines = [*self.later.pop(id_, []), _line(amount, start, item["current_period_end"])]
        self.books.tell("customer.subscription.updated", found)
        self._bill(found, lines)

    def paid(self, invoice_id: str) -> None:
        """What pays an invoice has succeeded, or has not: the invoice and its subscription follow."""
        invoice = self.books.get("invoice", invoice_id)
        found = self.books.get("subscription", invoice["subscription"])
        intent = self.books.objects[invoice["payments"]["data"][0]["payment"]["payment_intent"]]
        if intent["status"] == "succeeded":
            invoice |= {"status": "paid", "amount_paid": invoice["amount_due"]}
            if found["status"] not in _OVER:
                found["status"] = "active"
            self.books.tell("invoice.paid", invoice)
        else:
            found["status"] = "past_due" if found["status"] == "active" else found["status"]
            self.books.tell("invoice.payment_failed", invoice)
        self.books.tell("customer.subscription.updated", found)

    def _live(self, id_: str) -> Object:
        found = self.books.get("subscription", id_)
        if found["status"] in _OVER:
            raise bad_request("resource_missing", "id", "No such subscription: it has ended.")
        return found

    def _swap(self, found: Object, wanted: Object, asked: Object) -> None:
        item = _item(found)
        if wanted["id"] != item["id"]:
            raise bad_request("resource_missing", "items[0][id]", "No such subscription item.")
        price, quantity = self.books.get("price", wanted["price"]), int(wanted.get("quantity") or item["quantity"])
        at = int(asked.get("proration_date") or self.books.now_s())
        lines = [] if asked.get("proration_behavior") == "none" else self._prorated(item, price, quantity, at)
        item |= {"price": price, "quantity": quantity}
        if asked.get("proration_behavior") == "always_invoice":
            self._bill(found, lines)
        else:
            self.later.setdefault(found["id"], []).extend(lines)

    def _prorated(self, item: Object, price: Object, quantity: int, at: int) -> list[Object]:
        start, end = item["current_period_start"], item["current_period_end"]
        left = (end - at) / (end - start)
        old = item["price"]["unit_amount"] * item["quantity"]
        return [
            _line(-round(old * left), at, end, proration=True),
            _line(round(price["unit_amount"] * quantity * left), at, end, proration=True),
        ]

    def _bill(self, found: Object, lines: list[Object]) -> None:
        invoice = self.books.add("in", "invoice", **_invoice_of(found, lines))
        found["latest_invoice"] = invoice["id"]
        if invoice["amount_due"] <= 0:
            invoice["status"] = "paid"
            self.books.tell("invoice.paid", invoice)
            return
        intent = self.intents.create(
            {
                "amount": invoice["amount_due"],
                "currency": found["currency"],
                "customer": found["customer"],
                "description": "Subscription creation",
            }
        )
        payment = {"object": "invoice_payment", "payment": {"type": "payment_intent", "payment_intent": intent["id"]}}
        invoice["payments"]["data"].append(payment)
        self.books.tell("invoice.finalized", invoice)
        if method := found["default_payment_method"]:
            with suppress(StripeFault):
                self.intents.confirm(intent["id"], {"payment_method": method, "off_session": True})
            self.paid(invoice["id"])


def _invoice_of(found: Object, lines: list[Object]) -> dict[str, Any]:
    total = sum(one["amount"] for one in lines)
    return {
        "amount_due": max(0, total),
        "amount_paid": 0,
        "currency": found["currency"],
        "customer": found["customer"],
        "lines": {"object": "list", "data": lines, "has_more": False, "url": "/v1/invoices/lines"},
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"metadata": dict(found["metadata"]), "subscription": found["id"]},
        },
        "payments": {"object": "list", "data": [], "has_more": False, "url": "/v1/invoice_payments"},
        "status": "open",
        "subscription": found["id"],  # by which the fake finds it; Stripe names it under `parent` alone
        "subtotal": total,
        "total": total,
    }


def _line(amount: int, start: int, end: int, *, proration: bool = False) -> Object:
    return {
        "object": "line_item",
        "amount": amount,
        "parent": {"type": "subscription_item_details", "subscription_item_details": {"proration": proration}},
        "period": {"start": start, "end": end},
        "quantity": 1,
        "taxes": [],
    }


def _item(found: Object) -> Object:
    item: Object = found["items"]["data"][0]
    return item


def _length_s(price: Object) -> int:
    recurring = price["recurring"]
    return int(_DAYS[recurring["interval"]] * recurring.get("interval_count", 1) * _DAY_S)


def unpaid(books: Books) -> Iterator[str]:
    """The invoices that wait for their payment."""
    for invoice in books.all("invoice", status="open"):
        yield invoice["id"]
