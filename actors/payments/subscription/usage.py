"""What is used of a plan: each use counts once, in the period to which it belongs. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from actors.payments.plan.entity import Feature, PlanBody
from actors.payments.subscription.state import Subscription, UsageRecord
from common.errors import FailedPrecondition, NotFound


class Metrics(NamedTuple):
    """What was used of a feature in a time: of what is included, beyond it, and what that costs."""

    used: int
    included: int
    overage: int
    amount: int


class UsageTerms(NamedTuple):
    """What one period includes of a feature (None: nothing is said of it)."""

    start: int
    end: int
    quantity: int
    feature: Feature | None


def feature_of(plan: PlanBody, name: str) -> Feature:
    """A feature of a plan. Raises NotFound."""
    return _found(named(plan.features, name))


def named(features: Iterable[Feature], name: str) -> Feature | None:
    """The one of this name."""
    return next((one for one in features if one.feature == name), None)


def feature_at(record: Subscription, name: str, at: int) -> Feature:
    """A feature as the plan of the period has it in which `at` lies. Raises NotFound."""
    return feature_of(record.plan, name) if at >= record.period_start else _found(last_terms(record, name).feature)


def last_terms(record: Subscription, name: str) -> UsageTerms:
    """Those of the last period: what is said late of it is priced by its plan, not by today's."""
    features = record.plan.features if record.last_features is None else record.last_features
    quantity = record.last_quantity or record.quantity
    return UsageTerms(record.last_start, record.period_start, quantity, named(features, name))


def metrics(record: Subscription, name: str, since: int, until: int) -> Metrics:
    """Of a feature in a time, recomputed from the uses themselves, each period by its own terms."""
    now = UsageTerms(record.period_start, record.period_end, record.quantity, named(record.plan.features, name))
    found = Metrics(0, 0, 0, 0)
    for terms in (last_terms(record, name), now):
        start, end = max(since, terms.start), min(until, terms.end)
        if terms.feature is None or not terms.start or start >= end:
            continue
        used, within = used_in(record, name, start, end), included(terms.feature, terms.quantity)
        beyond, costs = max(0, used - within), overage(terms.feature, within, used)
        found = Metrics(found.used + used, found.included + within, found.overage + beyond, found.amount + costs)
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


def late(record: Subscription, name: str, before: dict[str, UsageRecord], after: dict[str, UsageRecord]) -> int:
    """By how much the bill of the last period was wrong, once it is known what was used in it after all."""
    terms = last_terms(record, name)
    if (feature := terms.feature) is None:
        return 0
    within = included(feature, terms.quantity)

    def cost(used: dict[str, UsageRecord]) -> int:
        spent = sum(one.quantity for one in used.values() if one.feature == name and terms.start <= one.at < terms.end)
        return overage(feature, within, spent)

    return cost(after) - cost(before)


def _found(feature: Feature | None) -> Feature:
    if feature is None:
        raise NotFound("The plan has no such feature.", details={"field": "feature"})
    return feature
