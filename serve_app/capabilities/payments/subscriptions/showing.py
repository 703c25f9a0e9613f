"""What the operations of plans and subscriptions have in common: their declaration, what they show, examples."""

from functools import partial
from typing import Any, Final

import msgspec

from actors.payments.bill.answers import NEUTRAL, line_reply
from actors.payments.bill.replies import LineReply
from actors.payments.subscription.answers import subscription_reply
from actors.payments.subscription.billing import lines_of
from actors.payments.subscription.commands import SubscriptionView
from actors.payments.subscription.state import Extra, Subscription
from serve_app.capabilities.payments.declaring import Declare
from serve_app.edge.operation import Rest, Result

PATH: Final = "/api/subscriptions/{subscription_id}"
PLAN: Final[dict[str, Any]] = {
    "title": "Four sessions a month",
    "currency": "EUR",
    "amount": 30_000,
    "interval": "month",
    "features": [{"feature": "sessions", "included": 4, "limit": "hard"}],
}
PLAN_REPLY: Final = {
    **PLAN,
    "plan_id": "pln_01KAFZ0000000000000000000A",
    "interval_count": 1,
    "trial_days": 0,
    "billed_by": "carewire",
    "active": True,
    "version": 1,
}
ID: Final = {"subscription_id": "sub_01KAFZ0000000000000000000A"}
SUBSCRIPTION: Final[dict[str, Any]] = {
    **ID,
    "plan_id": PLAN_REPLY["plan_id"],
    "quantity": 1,
    "payer_id": "usr_ada",
    "client_id": "usr_ada",
    "status": "active",
    "billed_by": "carewire",
    "current_period_start": "2026-11-02T08:15:00.000Z",
    "current_period_end": "2026-12-02T08:15:00.000Z",
    "cancel_at_period_end": False,
    "suspended": False,
    "version": 3,
}
PREVIEW: Final[dict[str, Any]] = {
    "at": "2026-11-17T08:15:00.000Z",
    "currency": "EUR",
    "lines": [],
    "credit": -15_000,
    "debit": 30_000,
    "tax": 0,
    "due_now": 15_000,
    "next": {"at": "2026-12-02T08:15:00.000Z", "total": 60_000},
}
USE: Final = {**ID, "feature": "sessions", "quantity": 1, "usage_id": "use_1"}
METRICS: Final = {"used": 1, "included": 4, "overage": 0, "amount": 0, "periods": []}
LIMIT: Final = {"allowed": True, "used": 1, "reserved": 0, "included": 4, "remaining": 3, "limit": "hard"}

declared: Final = Declare(resource=("subscription_id",))
door: Final = partial(Rest, tag="subscriptions")


def shown_lines(record: Subscription, extras: list[Extra]) -> list[LineReply]:
    """Lines that a subscription would be billed."""
    return [line_reply(line, NEUTRAL["subscription"]) for line in lines_of(record, extras)]


def about(record: Subscription, reply: msgspec.Struct) -> Result:
    """An answer that does not say itself whom it tells of."""
    return Result(reply, persons=[record.payer, record.client])


def shown(view: SubscriptionView) -> Result:
    """A subscription at its version."""
    return Result(subscription_reply(view.record, view.version, view.reason), version=view.version)
