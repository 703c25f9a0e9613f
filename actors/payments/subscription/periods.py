"""When a period ends, and what a change within one costs. Pure, in whole seconds, each amount rounded once."""

from datetime import UTC, datetime

from actors.payments.plan.entity import PlanBody
from actors.payments.subscription.state import Extra, Subscription
from common.money import share

_DAY_MS = 86_400_000


def period_end(anchor: int, plan: PlanBody, number: int) -> int:
    """The end of period `number` (the first is 1), counted in UTC from the anchor. A month that lacks its day ends on
    its last."""
    count = plan.interval_count * number
    if plan.interval == "day":
        return anchor + count * _DAY_MS
    if plan.interval == "week":
        return anchor + 7 * count * _DAY_MS
    months = count * (12 if plan.interval == "year" else 1)
    start = datetime.fromtimestamp(anchor / 1000, UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, _days_of(year, month + 1))
    end = start.replace(year=year, month=month + 1, day=day)
    return int(end.timestamp()) * 1000 + anchor % 1000


def prorated(record: Subscription, plan: PlanBody, quantity: int, at: int) -> tuple[Extra, Extra]:
    """What is credited for the rest of what was debited, and debited for the rest of the period by the new terms.

    The credit is of what was debited for the item since it is what it is: so a change and its reversal at one instant
    cost nothing.
    """
    end = record.period_end // 1000
    left = max(0, end - at // 1000)
    since, whole = max(1, end - record.item_start // 1000), max(1, end - record.period_start // 1000)
    credit = -share(record.debited, min(left, since), since)
    debit = share(plan.amount * quantity, min(left, whole), whole)
    return (
        Extra(what="proration", amount=credit, start=at, end=record.period_end),
        Extra(what="proration", amount=debit, start=at, end=record.period_end, quantity=quantity),
    )


def _days_of(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (following - datetime(year, month, 1, tzinfo=UTC)).days
