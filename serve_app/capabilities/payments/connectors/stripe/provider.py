"""Stripe as a payment provider. Every POST has a key, every object that is made our reference."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Final

import msgspec

from actors.payments.activities import AnswerDispute, Begin, Capture, Confirm, PaymentSeen, Read, Refund, Void
from common.clock import Clock
from config.capabilities.payments import StripeSettings
from serve_app.activities.connector import Refused
from serve_app.capabilities.payments.connectors.stripe.client import (
    BILL,
    NAME,
    REF,
    REFUND,
    Declined,
    Object,
    Sdk,
    Unexpected,
)
from serve_app.capabilities.payments.connectors.stripe.customers import StripeCustomers
from serve_app.capabilities.payments.connectors.stripe.payouts import StripePayouts
from serve_app.capabilities.payments.connectors.stripe.reading import card_error, payment_of, setup_of
from serve_app.capabilities.payments.connectors.stripe.statements import StripeStatements
from serve_app.capabilities.payments.connectors.stripe.subscriptions import StripeSubscriptions
from serve_app.capabilities.payments.providers import Attempt

_WHOLE: Final = ["latest_charge.balance_transaction"]
_WITH_METHOD: Final = ["payment_method"]
_WITH_MONEY: Final = ["data.balance_transaction"]
_REASONS: Final = ("requested_by_customer", "duplicate", "fraudulent")


class StripeProvider(StripeCustomers, StripePayouts, StripeStatements, StripeSubscriptions):
    """One a runner. See `PaymentProvider`."""

    name = NAME

    def __init__(self, settings: StripeSettings, clock: Clock, timeout_s: float, sdk: Sdk | None = None) -> None:
        """`sdk` replaces the one that these settings make."""
        self.sdk = sdk or Sdk(settings, timeout_s)
        self.publishable_key = settings.publishable_key
        self.clock = clock

    async def begin(self, ask: Begin, attempt: Attempt) -> PaymentSeen:
        options = {"idempotency_key": attempt.key}
        if ask.setup:
            return await self._made(self.sdk.v1.setup_intents.create_async(_setup(ask, attempt), options))
        return await self._made(self.sdk.v1.payment_intents.create_async(_payment(ask, attempt), options))

    async def confirm(self, ask: Confirm, attempt: Attempt) -> PaymentSeen:
        params: Object = {}
        if ask.method:
            params["payment_method"] = ask.method
        if ask.return_url:
            params["return_url"] = ask.return_url
        params["expand"] = _WITH_METHOD if _is_setup(ask.ref) else _WHOLE
        call = self._intents(ask.ref).confirm_async(ask.ref, params, {"idempotency_key": attempt.key})
        return await self._made(call, ref=ask.ref)

    async def capture(self, ask: Capture, attempt: Attempt) -> PaymentSeen:
        params = {"amount_to_capture": ask.amount, "expand": _WHOLE}
        call = self.sdk.v1.payment_intents.capture_async(ask.ref, params, {"idempotency_key": attempt.key})
        return await self._made(call, ref=ask.ref)

    async def void(self, ask: Void, attempt: Attempt) -> PaymentSeen:
        params: Object = {} if _is_setup(ask.ref) else {"expand": _WHOLE}
        call = self._intents(ask.ref).cancel_async(ask.ref, params, {"idempotency_key": attempt.key})
        return await self._made(call, ref=ask.ref)

    async def refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen:
        params: Object = {
            "payment_intent": ask.ref,
            "amount": ask.amount,
            "metadata": {REF: attempt.ref, REFUND: ask.refund, **_bill(ask.bill)},
        }
        if ask.reason in _REASONS:
            params["reason"] = ask.reason
        try:
            await self.sdk.make(self.sdk.v1.refunds.create_async(params, {"idempotency_key": attempt.key}))
        except Declined as no:
            raise Refused(no.code, "Stripe refuses the refund.") from None
        except Unexpected:
            raise Refused("payment_intent_unexpected_state", "There is nothing to return.") from None
        return await self._read(ask.ref)

    async def answer_dispute(self, ask: AnswerDispute, attempt: Attempt) -> PaymentSeen:
        options = {"idempotency_key": attempt.key}
        disputes = self.sdk.v1.disputes
        if ask.accept:
            await self.sdk.make(disputes.close_async(ask.dispute, {}, options))
        else:
            params = {"evidence": ask.evidence, "submit": True}
            await self.sdk.make(disputes.update_async(ask.dispute, params, options))
        return await self._read(ask.ref)

    async def read(self, ask: Read, attempt: Attempt) -> PaymentSeen:
        if ask.ref:
            return await self._read(ask.ref)
        if (found := await self._made_under(ask.key, "", attempt.made_at_ms)) is None:
            raise Refused("resource_missing", "There is no such payment.")
        return found

    async def find_begun(self, ask: Begin, attempt: Attempt) -> PaymentSeen | None:
        return await self._made_under(attempt.ref, ask.customer, attempt.made_at_ms, setup=ask.setup)

    async def find_refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen | None:
        async for refund in self.sdk.walk(self.sdk.v1.refunds.list_async, payment_intent=ask.ref):
            if refund["metadata"].get(REF) == attempt.ref:
                return await self._read(ask.ref)
        return None

    async def close(self) -> None:
        await self.sdk.close()

    async def _made(self, call: Awaitable[Any], ref: str = "") -> PaymentSeen:
        """The payment as a call has left it: read, where the answer is that of an earlier attempt, where the card was
        declined, and where the payment was beyond that."""
        try:
            made, replayed = await self.sdk.make(call)
        except Declined as no:
            if not (no.object_id or ref):
                raise Refused(no.code, "The payment was declined.") from None
            return _with_error(await self._read(no.object_id or ref), no)
        except Unexpected:
            if not ref:
                raise Refused("payment_intent_unexpected_state", "Stripe cannot begin this payment.") from None
            return await self._read(ref)
        if replayed or made.get("amount_received"):
            return await self._read(made["id"])
        return self._seen(made)

    async def _read(self, ref: str) -> PaymentSeen:
        if _is_setup(ref):
            params = {"expand": _WITH_METHOD}
            return self._seen(await self.sdk.get(self.sdk.v1.setup_intents.retrieve_async(ref, params)))
        intent = await self.sdk.get(self.sdk.v1.payment_intents.retrieve_async(ref, {"expand": _WHOLE}))
        charge = intent.get("latest_charge") or {}
        disputes = refunds = []  # of a payment that took no money there are none
        if intent.get("amount_received"):
            refunds = [one async for one in self._of_payment(self.sdk.v1.refunds, ref, expand=_WITH_MONEY)]
        if charge.get("disputed"):
            disputes = [one async for one in self._of_payment(self.sdk.v1.disputes, ref)]
        return payment_of(intent, refunds, disputes, publishable_key=self.publishable_key)

    def _of_payment(self, service: Any, ref: str, **more: Any) -> AsyncIterator[Object]:
        return self.sdk.walk(service.list_async, payment_intent=ref, **more)

    async def _made_under(self, ref: str, customer: str, made_at_ms: int, *, setup: bool = False) -> PaymentSeen | None:
        """The intent with our reference, among those of the customer, or of the time."""
        service = self.sdk.v1.setup_intents if setup else self.sdk.v1.payment_intents
        bounds: Object = {"customer": customer} if customer else {"created": self.since(made_at_ms)}
        async for intent in self.sdk.walk(service.list_async, **bounds):
            if intent["metadata"].get(REF) == ref:
                return await self._read(intent["id"])
        return None

    def _seen(self, made: Object) -> PaymentSeen:
        if made["object"] == "setup_intent":
            return setup_of(made, publishable_key=self.publishable_key)
        return payment_of(made, publishable_key=self.publishable_key)

    def _intents(self, ref: str) -> Any:
        return self.sdk.v1.setup_intents if _is_setup(ref) else self.sdk.v1.payment_intents


def _payment(ask: Begin, attempt: Attempt) -> Object:
    params: Object = {
        "amount": ask.amount,
        "currency": ask.currency.lower(),
        "capture_method": "manual" if ask.hold else "automatic_async",
        "description": f"Invoice {ask.bill}",
        "expand": _WHOLE,
        **_common(ask, attempt),
    }
    if ask.save:
        params["setup_future_usage"] = "off_session"
    if ask.challenge:
        params["payment_method_options"] = {"card": {"request_three_d_secure": "any"}}
    if ask.method and ask.off_session:
        params["off_session"] = True
    return params


def _setup(ask: Begin, attempt: Attempt) -> Object:
    return {"usage": "off_session", "expand": _WITH_METHOD, **_common(ask, attempt)}


def _common(ask: Begin, attempt: Attempt) -> Object:
    """With a method it is confirmed at once; methods that lead to another page need one to come back to."""
    automatic: Object = {"enabled": True}
    params: Object = {"automatic_payment_methods": automatic, "metadata": {REF: attempt.ref, **_bill(ask.bill)}}
    if ask.customer:
        params["customer"] = ask.customer
    if ask.method:
        params |= {"payment_method": ask.method, "confirm": True}
        if ask.return_url and not ask.off_session:
            params["return_url"] = ask.return_url
        else:
            automatic["allow_redirects"] = "never"
    return params


def _bill(bill: str) -> dict[str, str]:
    return {BILL: bill} if bill else {}


def _is_setup(ref: str) -> bool:
    return ref.startswith("seti_")


def _with_error(seen: PaymentSeen, no: Declined) -> PaymentSeen:
    """With the reason, where the payment itself does not bear it."""
    if seen.error is not None or seen.status != "requires_payment_method":
        return seen
    return msgspec.structs.replace(seen, error=card_error(no.code, no.decline_code))
