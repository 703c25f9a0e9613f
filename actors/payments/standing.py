"""What is asked of a provider that runs subscriptions of its own, and what it answers: of plans that it bills, what it
says is the truth. Payloads hold ids and amounts only; they go where those of `activities` go."""

from typing import Final, Literal

import msgspec

Interval = Literal["day", "week", "month", "year"]
Proration = Literal["now", "next", "none"]
SETTLED: Final = ("paid", "void", "uncollectible")
"""Invoices that nothing more comes of."""


class _Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of them. `subscription`: our id, for the metadata."""

    subscription: str


class PriceOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one of it costs in a period. `mark`: by which the provider finds the price again, the same for one version
    of a plan."""

    mark: str
    currency: str
    amount: int
    interval: Interval
    interval_count: int


class OpenSubscription(_Ask, frozen=True, kw_only=True, tag="open_subscription"):
    """Begin one. With a `method` (the provider's id) it is paid at once; else whoever pays confirms its payment."""

    customer: str
    price: PriceOf
    quantity: int
    method: str = ""
    trial_days: int = 0


class ReadProviderSubscription(_Ask, frozen=True, kw_only=True, tag="read_subscription"):
    """Read it, with its invoices."""

    ref: str


class ChangeProviderSubscription(_Ask, frozen=True, kw_only=True, tag="change_subscription"):
    """Other terms, as far as they are named. `at`: the moment from which is prorated (s; 0: now)."""

    ref: str
    price: PriceOf | None = None
    quantity: int = 1
    proration: Proration = "now"
    at: int = 0
    method: str = ""
    cancel_at_end: bool | None = None
    paused: bool | None = None


class EndSubscription(_Ask, frozen=True, kw_only=True, tag="end_subscription"):
    """End it now; `prorate`: with credit for the rest of the period."""

    ref: str
    prorate: bool = False


class PreviewSubscription(_Ask, frozen=True, kw_only=True, tag="preview_subscription"):
    """What other terms would cost, from `at` (s) on."""

    ref: str
    price: PriceOf
    quantity: int
    proration: Proration
    at: int


class MeterUse(_Ask, frozen=True, kw_only=True, tag="meter_use"):
    """So much of a feature was used; the same `use` counts once. `at` in seconds."""

    ref: str
    customer: str
    feature: str
    quantity: int
    use: str
    at: int


StandingAsk = (
    OpenSubscription
    | ReadProviderSubscription
    | ChangeProviderSubscription
    | EndSubscription
    | PreviewSubscription
    | MeterUse
)


class LineSeen(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A line of a provider's invoice; `tax` is on top of the amount."""

    amount: int
    quantity: int = 1
    start_ms: int = 0
    end_ms: int = 0
    proration: bool = False
    tax: int = 0


class InvoiceSeen(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A provider's invoice. `payment`: the provider's id of what pays it ("": there is none); `total` is what is to be
    paid by that, after what the customer had in credit."""

    ref: str
    status: str
    currency: str
    total: int
    payment: str = ""
    lines: tuple[LineSeen, ...] = ()


class PreviewSeen(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What other terms would cost: the provider's next invoice, and that of the period after it."""

    due: InvoiceSeen
    next_total: int
    next_at_ms: int


class SubscriptionSeen(msgspec.Struct, frozen=True, kw_only=True, tag="subscription"):
    """A subscription as its provider says it is. `status` is the provider's own word; `price` the mark of what it
    costs ("": a price that is not ours); `invoices` the last of them, the newest first."""

    ref: str
    status: str
    price: str
    quantity: int
    period_start_ms: int
    period_end_ms: int
    trial_end_ms: int = 0
    cancel_at_end: bool = False
    canceled_ms: int = 0
    ended_ms: int = 0
    paused: bool = False
    invoices: tuple[InvoiceSeen, ...] = ()
    preview: PreviewSeen | None = None
