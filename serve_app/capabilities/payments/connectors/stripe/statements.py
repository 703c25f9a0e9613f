"""What has moved at Stripe, for reconciliation: balance transactions, a page at a time."""

from collections.abc import AsyncIterator
from typing import Any, Final, Protocol

from serve_app.capabilities.payments.connectors.stripe.client import Object, Sdk
from serve_app.capabilities.payments.providers import Movement

_NAMED: Final = {"charge": "payment_intent", "transfer_reversal": "transfer"}
_SOURCE: Final = ["data.source"]


class StripeStatements(Protocol):
    """See `Statements`."""

    sdk: Sdk

    async def movements(self, from_ms: int, to_ms: int) -> AsyncIterator[Movement]:
        """In the order of Stripe: the newest first."""
        within = {"gte": from_ms // 1000, "lt": -(-to_ms // 1000)}
        async for one in self.sdk.walk(self.sdk.v1.balance_transactions.list_async, created=within, expand=_SOURCE):
            yield _movement(one)

    async def balance(self, currency: str) -> int:
        found = await self.sdk.get(self.sdk.v1.balance.retrieve_async())
        parts = [*found["available"], *found["pending"]]
        return sum(one["amount"] for one in parts if one["currency"] == currency.lower())


def _movement(one: Object) -> Movement:
    return Movement(
        ref=one["id"],
        source=_named(one.get("source")),
        kind=one["type"],
        amount=one["amount"],
        fee=one["fee"],
        currency=one["currency"].upper(),
        at_ms=one["created"] * 1000,
    )


def _named(source: Any) -> str:
    """The object that our entries name: of a charge, its payment; of a reversal, what it reverses."""
    if not isinstance(source, dict):
        return source or ""
    return str(source.get(_NAMED.get(source["object"], "id")))
