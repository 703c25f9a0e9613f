"""Subscriptions that Stripe runs. A plan is a product with one price there, found again by the price's `lookup_key`.

Stripe is told no title of a plan, only its id. How it rounds prorations is not published: its lines are shown as they
are, and never computed again.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from actors.payments.standing import (
    ChangeProviderSubscription,
    EndSubscription,
    InvoiceSeen,
    LineSeen,
    MeterUse,
    OpenSubscription,
    PreviewSeen,
    PreviewSubscription,
    PriceOf,
    SubscriptionSeen,
)
from serve_app.activities.connector import Refused
from serve_app.capabilities.payments.connectors.stripe.client import REF, SUBSCRIPTION, Object, Sdk
from serve_app.capabilities.payments.providers import Attempt

_INVOICES: Final = 10
_PRORATIONS: Final = {"now": "always_invoice", "next": "create_prorations", "none": "none"}
_PAID_BY: Final = ["data.payments"]
_OVER: Final = ("canceled", "incomplete_expired")


class StripeSubscriptions(Protocol):
    """See `SubscriptionProvider`."""

    sdk: Sdk

    async def open_subscription(self, ask: OpenSubscription, attempt: Attempt) -> SubscriptionSeen:
        params: Object = {
            "customer": ask.customer,
            "items": [{"price": await self._price(ask.price, attempt), "quantity": ask.quantity}],
            "metadata": {REF: attempt.ref, SUBSCRIPTION: ask.subscription},
            "payment_behavior": "allow_incomplete" if ask.method else "default_incomplete",
            "payment_settings": {"save_default_payment_method": "on_subscription"},
        }
        if ask.method:
            params["default_payment_method"] = ask.method
        if ask.trial_days:
            params["trial_period_days"] = ask.trial_days
        made, _ = await self.sdk.make(self.sdk.v1.subscriptions.create_async(params, _keyed(attempt)))
        return await self.read_subscription(made["id"])

    async def find_subscription(self, ask: OpenSubscription, attempt: Attempt) -> SubscriptionSeen | None:
        pages = self.sdk.walk(self.sdk.v1.subscriptions.list_async, customer=ask.customer, status="all")
        async for one in pages:
            if one["metadata"].get(REF) == attempt.ref:
                return await self.read_subscription(one["id"])
        return None

    async def read_subscription(self, ref: str) -> SubscriptionSeen:
        found = await self.sdk.get(self.sdk.v1.subscriptions.retrieve_async(ref))
        wanted = {"subscription": ref, "limit": _INVOICES, "expand": _PAID_BY}
        invoices = await self.sdk.get(self.sdk.v1.invoices.list_async(wanted))
        return subscription_of(found, [invoice_of(one) for one in invoices["data"]])

    async def change_subscription(self, ask: ChangeProviderSubscription, attempt: Attempt) -> SubscriptionSeen:
        if ask.paused is False and await self._rests(ask.ref):
            call = self.sdk.v1.subscriptions.resume_async(ask.ref, {"billing_cycle_anchor": "now"}, _keyed(attempt))
        else:
            params = await self._change(ask, attempt)
            call = self.sdk.v1.subscriptions.update_async(ask.ref, params, _keyed(attempt))
        await self.sdk.make(call)
        return await self.read_subscription(ask.ref)

    async def end_subscription(self, ask: EndSubscription, attempt: Attempt) -> SubscriptionSeen:
        seen = await self.read_subscription(ask.ref)
        if seen.status in _OVER:
            return seen
        params = {"prorate": ask.prorate, "invoice_now": ask.prorate}
        await self.sdk.make(self.sdk.v1.subscriptions.cancel_async(ask.ref, params, _keyed(attempt)))
        return await self.read_subscription(ask.ref)

    async def preview_subscription(self, ask: PreviewSubscription, attempt: Attempt) -> SubscriptionSeen:
        found = await self.sdk.get(self.sdk.v1.subscriptions.retrieve_async(ask.ref))
        item = {"id": _item(found)["id"], "price": await self._price(ask.price, attempt), "quantity": ask.quantity}
        details: Object = {
            "items": [item],
            "proration_behavior": "none" if ask.proration == "none" else "create_prorations",
        }
        if ask.proration != "none":
            details["proration_date"] = ask.at
        params = {"subscription": ask.ref, "subscription_details": details}
        ahead, _ = await self.sdk.make(self.sdk.v1.invoices.create_preview_async(params, _keyed(attempt)))
        return subscription_of(found, [], preview_of(ahead, found))

    async def meter_use(self, ask: MeterUse, attempt: Attempt) -> SubscriptionSeen:
        params = {
            "event_name": ask.feature,
            "identifier": ask.use,
            "payload": {"stripe_customer_id": ask.customer, "value": str(ask.quantity)},
            "timestamp": ask.at,
        }
        await self.sdk.make(self.sdk.v1.billing.meter_events.create_async(params, _keyed(attempt)))
        return await self.read_subscription(ask.ref)

    async def _change(self, ask: ChangeProviderSubscription, attempt: Attempt) -> Object:
        params: Object = {}
        if ask.price is not None:
            found = await self.sdk.get(self.sdk.v1.subscriptions.retrieve_async(ask.ref))
            price = await self._price(ask.price, attempt)
            params["items"] = [{"id": _item(found)["id"], "price": price, "quantity": ask.quantity}]
            params["proration_behavior"] = _PRORATIONS[ask.proration]
            if ask.at and ask.proration != "none":
                params["proration_date"] = ask.at
        if ask.method:
            params["default_payment_method"] = ask.method
        if ask.cancel_at_end is not None:
            params["cancel_at_period_end"] = ask.cancel_at_end
        if ask.paused is not None:
            params["pause_collection"] = {"behavior": "void"} if ask.paused else ""
        return params

    async def _rests(self, ref: str) -> bool:
        """Does it rest since its trial is over, and nobody has said how to pay?"""
        found = await self.sdk.get(self.sdk.v1.subscriptions.retrieve_async(ref))
        return bool(found["status"] == "paused")

    async def _price(self, price: PriceOf, attempt: Attempt) -> str:
        """The price of a plan at Stripe; made where there is none yet. Whoever makes one at the same moment wins."""
        if (found := await self._known(price.mark)) is not None:
            return found
        metadata = {REF: attempt.ref}
        named = {"name": f"Plan {price.mark}", "metadata": metadata}
        product, _ = await self.sdk.make(self.sdk.v1.products.create_async(named, _keyed(attempt, "-product")))
        params = {
            "currency": price.currency.lower(),
            "lookup_key": price.mark,
            "metadata": metadata,
            "product": product["id"],
            "recurring": {"interval": price.interval, "interval_count": price.interval_count},
            "unit_amount": price.amount,
        }
        try:
            made, _ = await self.sdk.make(self.sdk.v1.prices.create_async(params, _keyed(attempt, "-price")))
        except Refused:
            if (found := await self._known(price.mark)) is None:
                raise
            return found
        return str(made["id"])

    async def _known(self, mark: str) -> str | None:
        found = await self.sdk.get(self.sdk.v1.prices.list_async({"lookup_keys": [mark], "limit": 1}))
        return str(found["data"][0]["id"]) if found["data"] else None


def subscription_of(
    found: Mapping[str, Any], invoices: list[InvoiceSeen], preview: PreviewSeen | None = None
) -> SubscriptionSeen:
    """A Subscription of one item. Its period is a member of that."""
    item = _item(found)
    return SubscriptionSeen(
        ref=found["id"],
        status=found["status"],
        price=item["price"].get("lookup_key") or "",
        quantity=item.get("quantity") or 1,
        period_start_ms=_ms(item.get("current_period_start")),
        period_end_ms=_ms(item.get("current_period_end")),
        trial_end_ms=_ms(found.get("trial_end")),
        cancel_at_end=bool(found.get("cancel_at_period_end")),
        canceled_ms=_ms(found.get("canceled_at")),
        ended_ms=_ms(found.get("ended_at")),
        paused=bool(found.get("pause_collection")),
        invoices=tuple(invoices),
        preview=preview,
    )


def invoice_of(found: Mapping[str, Any]) -> InvoiceSeen:
    """An Invoice with its lines and payments."""
    payments = (found.get("payments") or {}).get("data") or []
    paid_by = [one["payment"].get("payment_intent") for one in payments if one.get("payment")]
    return InvoiceSeen(
        ref=found.get("id") or "",
        status=found.get("status") or "",
        currency=found["currency"].upper(),
        total=found.get("amount_due", found["total"]),
        payment=next((_id(one) for one in paid_by if one), ""),
        lines=tuple(_line(one) for one in found["lines"]["data"]),
    )


def preview_of(ahead: Mapping[str, Any], found: Mapping[str, Any]) -> PreviewSeen:
    """The next invoice as it would be: what is prorated is due for the change, all else for the next period."""
    whole = invoice_of(ahead)
    due = tuple(one for one in whole.lines if one.proration)
    later = [one for one in whole.lines if not one.proration]
    total = sum(one.amount + one.tax for one in due)
    return PreviewSeen(
        due=InvoiceSeen(ref="", status="draft", currency=whole.currency, total=total, lines=due),
        next_total=sum(one.amount + one.tax for one in later),
        next_at_ms=_ms(_item(found).get("current_period_end")),
    )


def _line(line: Mapping[str, Any]) -> LineSeen:
    period, parent = line.get("period") or {}, line.get("parent") or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    taxes = [one for one in line.get("taxes") or [] if one.get("tax_behavior") != "inclusive"]
    return LineSeen(
        amount=line["amount"],
        quantity=line.get("quantity") or 1,
        start_ms=_ms(period.get("start")),
        end_ms=_ms(period.get("end")),
        proration=bool(details.get("proration")),
        tax=sum(one.get("amount") or 0 for one in taxes),
    )


def _item(found: Mapping[str, Any]) -> Mapping[str, Any]:
    item: Mapping[str, Any] = found["items"]["data"][0]
    return item


def _id(value: Any) -> str:
    return value if isinstance(value, str) else str(value["id"])


def _ms(seconds: Any) -> int:
    return seconds * 1000 if isinstance(seconds, int) else 0


def _keyed(attempt: Attempt, more: str = "") -> Any:
    return {"idempotency_key": f"{attempt.key}{more}"}
