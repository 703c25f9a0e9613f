"""PayPal as a payment provider: orders, which payers approve on PayPal's own page, and what is made of them.

PayPal keeps keys of orders for six hours, of captures and refunds for 45 days. An order that was made twice does no
harm: money moves only when one is approved and then captured, by us.
"""

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from actors.payments.activities import Begin, Capture, CardError, Confirm, PaymentSeen, Read, Refund, Void
from common.clock import Clock
from config.capabilities.payments import PaypalSettings
from serve_app.activities.connector import Refused
from serve_app.capabilities.payments.connectors.lines import NotDone, Object, code_of
from serve_app.capabilities.payments.connectors.paypal.client import PaypalApi, issue_of
from serve_app.capabilities.payments.connectors.paypal.reading import (
    captures_of,
    decline_of,
    hold_of,
    made_ms,
    money,
    payment_of,
    refunds_of,
)
from serve_app.capabilities.payments.providers import Attempt, unsupported

KEY_LIFE_S: Final = 6 * 3600.0
HONOURED_MS: Final = 3 * 86_400_000
"""Within so long PayPal promises the money of an authorisation; after it, one asks again."""
_ORDERS: Final = "/v2/checkout/orders"
_HOLDS: Final = "/v2/payments/authorizations"
_CAPTURES: Final = "/v2/payments/captures"
_NOT_FOUND: Final = 404


class PaypalProvider:
    """One a runner. See `PaymentProvider`."""

    name = "paypal"

    def __init__(self, settings: PaypalSettings, clock: Clock, timeout_s: float) -> None:
        self._api = PaypalApi(settings, clock, timeout_s)
        self._clock = clock

    async def begin(self, ask: Begin, attempt: Attempt) -> PaymentSeen:
        if ask.setup or ask.method:
            raise unsupported("PayPal")
        return payment_of(_done(await self._api.post(_ORDERS, _order(ask, attempt), attempt.key)))

    async def confirm(self, ask: Confirm, attempt: Attempt) -> PaymentSeen:
        if ask.result.get("order_id", ask.ref) != ask.ref:
            raise Refused("order_mismatch", "This is another order.")
        order = await self._order(ask.ref)
        if payment_of(order).status not in ("requires_confirmation", "requires_action"):
            return payment_of(order)
        step = "authorize" if order.get("intent") == "AUTHORIZE" else "capture"
        made = await self._api.post(f"{_ORDERS}/{ask.ref}/{step}", {}, attempt.key)
        error = decline_of(issue_of(made)) if isinstance(made, NotDone) else None
        return await self._read(ask.ref, error)

    async def capture(self, ask: Capture, attempt: Attempt) -> PaymentSeen:
        order = await self._order(ask.ref)
        hold = hold_of(order)
        if payment_of(order).status != "requires_capture":
            return payment_of(order)
        hold_id = await self._honoured(hold, attempt)
        body: Object = {"amount": _money(ask.amount, ask.currency), "final_capture": True}
        made = await self._api.post(f"{_HOLDS}/{hold_id}/capture", body, attempt.key)
        return await self._after(made, ask.ref)

    async def void(self, ask: Void, attempt: Attempt) -> PaymentSeen:
        """An order that nobody has approved cannot be cancelled at PayPal; it lapses, and nothing is ever taken of it
        but by us. So it is as good as cancelled."""
        order = await self._order(ask.ref)
        seen = payment_of(order)
        if seen.status == "requires_capture":
            made = await self._api.post(f"{_HOLDS}/{hold_of(order)['id']}/void", {}, attempt.key)
            return await self._after(made, ask.ref)
        if seen.status in ("requires_action", "requires_confirmation", "requires_payment_method"):
            return _given_up(seen)
        return seen

    async def refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen:
        captures = captures_of(await self._order(ask.ref))
        if not captures:
            raise Refused("not_captured", "There is nothing to return.")
        body: Object = {
            "amount": _money(ask.amount, ask.currency),
            "custom_id": attempt.ref,
            "invoice_id": ask.refund,
        }
        _done(await self._api.post(f"{_CAPTURES}/{captures[-1]['id']}/refund", body, attempt.key))
        return await self._read(ask.ref)

    async def read(self, ask: Read, attempt: Attempt) -> PaymentSeen:
        if not ask.ref:  # PayPal lists no orders; what nobody knows the id of nobody can approve
            raise Refused("resource_missing", "There is no such payment.")
        return await self._read(ask.ref)

    async def find_begun(self, ask: Begin, attempt: Attempt) -> PaymentSeen | None:
        return None

    async def find_refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen | None:
        order = await self._order(ask.ref)
        ours = [one for one in refunds_of(order) if ask.refund and one.get("invoice_id") == ask.refund]
        return payment_of(order) if ours else None

    async def close(self) -> None:
        await self._api.close()

    async def _honoured(self, hold: Mapping[str, Any], attempt: Attempt) -> str:
        """The authorisation to capture: one that PayPal does not promise any more is asked for anew. Where that is
        refused the old one may still do."""
        age_ms = self._clock.now_ms() - made_ms(hold)
        hold_id = str(hold["id"])
        if not made_ms(hold) or age_ms <= HONOURED_MS:
            return hold_id
        body = {"amount": hold["amount"]}
        renewed = await self._api.post(f"{_HOLDS}/{hold_id}/reauthorize", body, f"{attempt.key}-again")
        return hold_id if isinstance(renewed, NotDone) else str(renewed["id"])

    async def _after(self, made: Object | NotDone, ref: str) -> PaymentSeen:
        """As it is now; a refusal counts only where the payment is not over."""
        seen = await self._read(ref)
        if isinstance(made, NotDone) and seen.status not in ("succeeded", "canceled"):
            _refuse(made)
        return seen

    async def _read(self, ref: str, error: CardError | None = None) -> PaymentSeen:
        return payment_of(await self._order(ref), error=error)

    async def _order(self, ref: str) -> Object:
        found = await self._api.get(f"{_ORDERS}/{ref}")
        return _done(found)


def _order(ask: Begin, attempt: Attempt) -> Object:
    unit: Object = {
        "reference_id": ask.bill or attempt.ref,
        "custom_id": attempt.ref,
        "description": f"Invoice {ask.bill}",
        "amount": _money(ask.amount, ask.currency),
    }
    context: Object = {"shipping_preference": "NO_SHIPPING", "user_action": "PAY_NOW"}
    if ask.return_url:
        context |= {"return_url": ask.return_url, "cancel_url": ask.return_url}
    return {
        "intent": "AUTHORIZE" if ask.hold else "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": context}},
    }


def _money(amount: int, currency: str) -> dict[str, str]:
    found = money(amount, currency)
    if found is None:
        raise Refused("amount_not_supported", "PayPal takes no fractions of this currency.")
    return found


def _done(made: Object | NotDone) -> Object:
    if isinstance(made, NotDone):
        _refuse(made)
    return made


def _refuse(no: NotDone) -> NoReturn:
    code = "resource_missing" if no.status == _NOT_FOUND else code_of(issue_of(no))
    raise Refused(code, f"PayPal refuses this ({no.status}).")


def _given_up(seen: PaymentSeen) -> PaymentSeen:
    return PaymentSeen(
        ref=seen.ref,
        status="canceled",
        native=seen.native,
        currency=seen.currency,
        amount=seen.amount,
        aliases=seen.aliases,
    )
