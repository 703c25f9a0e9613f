"""What is used of a plan: each use counts once, in the period to which it belongs. Pure."""

from actors.payments.plan.entity import Feature, PlanBody
from actors.payments.subscription.state import Subscription, UsageRecord
from common.errors import FailedPrecondition, NotFound


def feature_of(plan: PlanBody, name: str) -> Feature:
    """A feature of a plan. Raises NotFound."""
    found = next((one for one in plan.features if one.feature == name), None)
    if found is None:
        raise NotFound("The plan has no such feature.", details={"field": "feature"})
    return found


def included(feature: Feature, quantity: int) -> int:
    """How much of it a subscription of so many includes in a period."""
    return feature.included * quantity


def used_in(record: Subscription, name: str, start: int, end: int) -> int:
    """How much was used in a time."""
    return sum(one.quantity for one in record.used.values() if one.feature == name and start <= one.at < end)


def reserved_of(record: Subscription, name: str, now: int) -> int:
    """How much is kept for somebody."""
    return sum(one.quantity for one in record.reserved.values() if one.feature == name and one.until > now)


def remaining(record: Subscription, feature: Feature, now: int) -> int:
    """What is left of what is included in this period."""
    used = used_in(record, feature.feature, record.period_start, record.period_end)
    return max(0, included(feature, record.quantity) - used - reserved_of(record, feature.feature, now))


def require_left(record: Subscription, feature: Feature, quantity: int, now: int, *, always: bool = False) -> None:
    """Raises FailedPrecondition: a hard limit is reached; with `always`, a soft one too."""
    left = remaining(record, feature, now)
    if (always or feature.limit == "hard") and quantity > left:
        raise FailedPrecondition(
            "This is more than the plan includes.", details={"reason": "usage_limit", "remaining": left}
        )


def overage(feature: Feature, within: int, used: int) -> int:
    """What use beyond what is included, `within`, costs."""
    return max(0, used - within) * (feature.unit_amount or 0)


def late(record: Subscription, feature: Feature, before: dict[str, UsageRecord], after: dict[str, UsageRecord]) -> int:
    """By how much the bill of the last period was wrong, once it is known what was used in it after all."""

    within = included(feature, record.last_quantity or record.quantity)

    def cost(used: dict[str, UsageRecord]) -> int:
        spent = sum(
            one.quantity
            for one in used.values()
            if one.feature == feature.feature and record.last_start <= one.at < record.period_start
        )
        return overage(feature, within, spent)

    return cost(after) - cost(before)
