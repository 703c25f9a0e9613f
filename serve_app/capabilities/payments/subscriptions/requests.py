"""What clients may ask of plans and subscriptions, at both doors, and what they are answered."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.payments.bill.replies import LineReply
from actors.payments.plan.entity import DunningStep, Feature, FeatureName, PlanBody
from actors.payments.subscription.answers import SubscriptionReply
from actors.payments.taxes import Category
from common.decoding import Id, Request
from common.lines import Line
from common.money import Amount, Currency
from common.persons import OtherId
from serve_app.capabilities.payments.bills.requests import Cursor, Instant, Limit
from serve_app.capabilities.payments.pricing.requests import Codes
from serve_app.edge.operation import Repeatable, RepeatableChange, Versioned

Quantity = Annotated[int, Meta(ge=1, le=10_000)]


class CreatePlan(PlanBody, frozen=True, kw_only=True):
    """Make a plan."""

    plan_id: Id | None = None


class UpdatePlan(Request, Versioned, frozen=True, kw_only=True):
    """Change a plan: what is not named stays. Subscribers keep what they have until they change."""

    plan_id: Id
    title: Annotated[Line, Meta(min_length=1, max_length=200)] | None = None
    amount: Amount | None = None
    interval: Literal["day", "week", "month", "year"] | None = None
    interval_count: Annotated[int, Meta(ge=1, le=365)] | None = None
    trial_days: Annotated[int, Meta(ge=0, le=365)] | None = None
    features: Annotated[tuple[Feature, ...], Meta(max_length=100)] | None = None
    dunning: Annotated[tuple[DunningStep, ...], Meta(min_length=1, max_length=20)] | None = None
    tax_category: Category | None = None
    active: bool | None = None


class OfPlan(Request, frozen=True, kw_only=True):
    """One plan."""

    plan_id: Id


class Listing(Request, frozen=True, kw_only=True):
    """All of them."""

    cursor: Cursor | None = None
    limit: Limit = 50


class ListSubscriptions(Listing, frozen=True, kw_only=True):
    """Those that somebody pays, or that are for somebody; of neither: both of one's own, for administrators all."""

    payer_id: OtherId | None = None
    client_id: OtherId | None = None


class CreateSubscription(Request, Repeatable, frozen=True, kw_only=True):
    """Subscribe to a plan."""

    plan_id: Id
    quantity: Quantity = 1
    method_id: Id | None = None
    payer_id: Id | None = None
    client_id: Id | None = None
    codes: Codes = ()
    trial: bool = True


class OfSubscription(Request, frozen=True, kw_only=True):
    """One subscription."""

    subscription_id: Id


class SteerSubscription(Request, Versioned, frozen=True, kw_only=True):
    """It is paused, or goes on."""

    subscription_id: Id


class ChangeSubscription(Request, frozen=True, kw_only=True):
    """Another plan or quantity."""

    subscription_id: Id
    plan_id: Id | None = None
    quantity: Quantity | None = None
    proration: Literal["now", "next", "none"] = "now"
    when: Literal["now", "period_end"] = "now"
    at: Instant | None = None
    version: int | None = None


class CancelSubscription(Request, RepeatableChange, frozen=True, kw_only=True):
    """End it."""

    subscription_id: Id
    when: Literal["period_end", "now"] = "period_end"
    refund: Literal["none", "prorated"] = "none"
    reason: Annotated[Line, Meta(max_length=500)] | None = None


class ChangeMethod(Request, Versioned, frozen=True, kw_only=True):
    """Pay by another method."""

    subscription_id: Id
    method_id: Id


class RecordUsageBody(Request, frozen=True, kw_only=True):
    """So much was used. The same `usage_id` counts once."""

    subscription_id: Id
    feature: FeatureName
    quantity: Annotated[int, Meta(ge=1, le=10**6)]
    usage_id: Id
    at: Instant | None = None


class OfUsage(Request, frozen=True, kw_only=True):
    """One use."""

    subscription_id: Id
    usage_id: Id


class SettleUsage(Request, frozen=True, kw_only=True):
    """What was kept for a use is used or free: `quantity` of it, where that is another than was kept. Its feature and
    time are known; who names them is not refused."""

    subscription_id: Id
    usage_id: Id
    feature: FeatureName | None = None
    quantity: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    at: Instant | None = None


class UsageMetrics(Request, frozen=True, kw_only=True):
    """What was used of a feature."""

    subscription_id: Id
    feature: FeatureName
    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)


class CheckLimit(Request, frozen=True, kw_only=True):
    """Whether more of a feature may be used."""

    feature: FeatureName
    client_id: Id | None = None


class GenerateInvoice(Request, Repeatable, frozen=True, kw_only=True):
    """Bill at once what waits for the next bill; with `dry_run`, say what is billed `at` that time."""

    subscription_id: Id
    at: Instant | None = None
    dry_run: bool = False


class PlanReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A plan, with what was left to its defaults."""

    plan_id: str
    title: str
    currency: Currency
    amount: int
    interval: Literal["day", "week", "month", "year"]
    interval_count: int
    trial_days: int
    billed_by: Literal["carewire", "stripe"]
    features: tuple[Feature, ...]
    active: bool
    version: int
    dunning: tuple[DunningStep, ...] | None = None
    tax_category: str | None = None


class PlanPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of plans."""

    items: list[PlanReply]
    next_cursor: str | None = None


class SubscriptionPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of subscriptions."""

    items: list[SubscriptionReply]
    next_cursor: str | None = None


class NextBill(msgspec.Struct, frozen=True, kw_only=True):
    """When the next period begins, and what it costs."""

    at: str
    total: int


class PreviewReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a change costs. `PATCH` with this `at` charges exactly that."""

    at: str
    currency: Currency
    lines: list[LineReply]
    credit: int
    debit: int
    tax: int
    due_now: int
    next: NextBill


class EffectsReply(msgspec.Struct, frozen=True, kw_only=True):
    """What ending it means: `bookings` that are paid by it and lie ahead."""

    bookings: list[OtherId]
    ends_at: str
    refund: int


class PeriodUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What was used in one period."""

    start: str
    end: str
    used: int


class MetricsReply(msgspec.Struct, frozen=True, kw_only=True):
    """What was used of a feature, and what is beyond what is included costs."""

    used: int
    included: int
    overage: int
    amount: int
    periods: list[PeriodUsage]


class LimitReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """May more be used?"""

    allowed: bool
    used: int
    reserved: int
    included: int
    remaining: int
    limit: str | None = None
    resets_at: str | None = None


class InvoicePreview(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is billed at that time; `bill_id` is the bill that was made for it, where there is one."""

    at: str
    currency: Currency
    total: int
    lines: list[LineReply]
    bill_id: str | None = None
