"""Subscriptions as those see them whom they concern."""

import msgspec

from actors.payments.subscription.state import Subscription
from actors.payments.subscription.usage import feature_of, included, used_in
from common.clock import to_rfc3339
from common.persons import UserId


class PendingReply(msgspec.Struct, frozen=True, kw_only=True):
    """What it becomes when the period ends."""

    plan_id: str
    quantity: int


class SubscriptionReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subscription. `cancel_reason`: for its payer and administrators, where it is read by itself."""

    subscription_id: str
    plan_id: str
    quantity: int
    payer_id: UserId
    client_id: UserId
    status: str
    billed_by: str
    current_period_start: str
    current_period_end: str
    cancel_at_period_end: bool
    suspended: bool
    version: int
    trial_end: str | None = None
    canceled_at: str | None = None
    cancel_reason: str | None = None
    ended_at: str | None = None
    method_id: str | None = None
    pending_change: PendingReply | None = None
    latest_bill_id: str | None = None


class UsageReply(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of a feature in this period."""

    subscription_id: str
    feature: str
    used: int
    included: int


def subscription_reply(record: Subscription, version: int, reason: str = "") -> SubscriptionReply:
    """The subscription, with why it was cancelled for those who may see that."""
    pending = record.pending
    return SubscriptionReply(
        subscription_id=record.id,
        plan_id=record.plan_id,
        quantity=record.quantity,
        payer_id=record.payer,
        client_id=record.client,
        status=record.status,
        billed_by=record.plan.billed_by,
        current_period_start=to_rfc3339(record.period_start),
        current_period_end=to_rfc3339(record.period_end),
        cancel_at_period_end=record.cancel_at_period_end,
        suspended=record.suspended,
        version=version,
        trial_end=_at(record.trial_end),
        canceled_at=_at(record.canceled),
        cancel_reason=reason or None,
        ended_at=_at(record.ended),
        method_id=record.method_id or None,
        pending_change=PendingReply(plan_id=pending.plan_id, quantity=pending.quantity) if pending else None,
        latest_bill_id=record.latest_bill or None,
    )


def usage_reply(record: Subscription, name: str) -> UsageReply:
    """What is used of a feature."""
    feature = feature_of(record.plan, name)
    used = used_in(record, name, record.period_start, record.period_end)
    within = included(feature, record.quantity)
    return UsageReply(subscription_id=record.id, feature=name, used=used, included=within)


def _at(moment: int) -> str | None:
    return to_rfc3339(moment) if moment else None
