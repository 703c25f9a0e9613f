"""Payers and their methods at Stripe. A customer there has nothing of the person: our reference, and methods."""

from typing import Any, Final, Protocol

from actors.payments.activities import (
    AttachMethod,
    CustomerSeen,
    Detach,
    EraseCustomer,
    OpenCustomer,
    ReadMethods,
    SetUp,
)
from common.clock import Clock
from serve_app.activities.connector import Refused
from serve_app.capabilities.payments.connectors.stripe.client import REF, Declined, Object, Sdk
from serve_app.capabilities.payments.connectors.stripe.reading import card_error, method_of
from serve_app.capabilities.payments.providers import Attempt

_LOOK_BACK_S: Final = 86_400


class StripeCustomers(Protocol):
    """See `CustomerProvider`."""

    sdk: Sdk
    publishable_key: str
    clock: Clock

    def since(self, made_at_ms: int) -> Object:
        """Where a list begins in which something is looked for that came to be owed then: by Stripe's time, which is
        the wall's, while the platform's may be ahead."""
        return {"gte": min(made_at_ms, self.clock.now_ms()) // 1000 - _LOOK_BACK_S}

    async def open_customer(self, ask: OpenCustomer, attempt: Attempt) -> CustomerSeen:
        params = {"metadata": {REF: attempt.ref}}
        made, _ = await self.sdk.make(self.sdk.v1.customers.create_async(params, _keyed(attempt)))
        return CustomerSeen(ref=made["id"])

    async def find_customer(self, ask: OpenCustomer, attempt: Attempt) -> CustomerSeen | None:
        since = self.since(attempt.made_at_ms)
        async for one in self.sdk.walk(self.sdk.v1.customers.list_async, created=since):
            if one["metadata"].get(REF) == attempt.ref:
                return CustomerSeen(ref=one["id"])
        return None

    async def erase_customer(self, ask: EraseCustomer, attempt: Attempt) -> CustomerSeen:
        try:
            await self.sdk.get(self.sdk.v1.customers.delete_async(ask.customer))
        except Refused as refusal:
            if refusal.code != "resource_missing":
                raise
        return CustomerSeen(ref=ask.customer, gone=True)

    async def set_up(self, ask: SetUp, attempt: Attempt) -> CustomerSeen:
        params: Object = {
            "customer": ask.customer,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True},
            "metadata": {REF: attempt.ref},
        }
        made, _ = await self.sdk.make(self.sdk.v1.setup_intents.create_async(params, _keyed(attempt)))
        client = {"client_secret": made["client_secret"], "publishable_key": self.publishable_key}
        return CustomerSeen(ref=ask.customer, client=client)

    async def attach(self, ask: AttachMethod, attempt: Attempt) -> CustomerSeen:
        params = {"customer": ask.customer}
        try:
            await self.sdk.make(self.sdk.v1.payment_methods.attach_async(ask.token, params, _keyed(attempt)))
        except Declined as no:
            return CustomerSeen(ref=ask.customer, error=card_error(no.code, no.decline_code))
        return await self._methods(ask.customer)

    async def detach(self, ask: Detach, attempt: Attempt) -> CustomerSeen:
        try:
            await self.sdk.make(self.sdk.v1.payment_methods.detach_async(ask.method, {}, _keyed(attempt)))
        except Refused as refusal:
            if refusal.code != "resource_missing":
                raise
        return CustomerSeen(ref="")

    async def read_methods(self, ask: ReadMethods, attempt: Attempt) -> CustomerSeen:
        return await self._methods(ask.customer)

    async def _methods(self, customer: str) -> CustomerSeen:
        found = [one async for one in self.sdk.walk(self.sdk.v1.payment_methods.list_async, customer=customer)]
        return CustomerSeen(ref=customer, methods=tuple(method_of(one) for one in found))


def _keyed(attempt: Attempt) -> Any:
    return {"idempotency_key": attempt.key}
