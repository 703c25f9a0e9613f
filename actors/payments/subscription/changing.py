"""Another plan or quantity, and what is billed when: what a preview says is what is charged. Pure."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Decision
from actors.payments.bill.state import Line
from actors.payments.subscription import billing
from actors.payments.subscription.billing import SubscriptionDraft, period_over, require_status
from actors.payments.subscription.commands import BillNow, ChangePlan, Charged, Generated, PeriodOver, Preview
from actors.payments.subscription.periods import prorated
from actors.payments.subscription.state import LIVE, Extra, PendingChange, Subscription
from common.errors import FailedPrecondition

replace = msgspec.structs.replace
_OLDEST_PREVIEW_MS: Final = 600_000
_MOST_PERIODS: Final = 400


def change_plan(change: SubscriptionDraft, command: ChangePlan) -> None:
    """It becomes this: at once, billed or credited for the rest of the period; or when the period ends.

    Raises:
        FailedPrecondition: it is not live, or the preview is too old.
    """
    record = change.record
    require_status(record, *LIVE)
    at = _moment(command, change.now)
    if command.when == "period_end":
        pending = PendingChange(
            plan_id=command.plan_id,
            plan=command.plan,
            plan_version=command.plan_version,
            quantity=command.quantity,
            tax=command.tax,
        )
        change.set("change_planned", pending=pending)
        return
    extras = _extras(record, command, at)
    change.set(
        "changed",
        plan_id=command.plan_id,
        plan=command.plan,
        plan_version=command.plan_version,
        quantity=command.quantity,
        tax=command.tax,
        pending=None,
        item_start=at if extras else record.item_start,
        debited=extras[1].amount if extras else record.debited,
    )
    if command.proration == "now" and extras:
        billing.bill(change, list(extras))
    elif extras:
        change.set("changed", extras=(*record.extras, *extras))


def _extras(record: Subscription, command: ChangePlan, at: int) -> tuple[Extra, ...]:
    if command.proration == "none" or record.status == "trialing":
        return ()
    return prorated(record, command.plan, command.quantity, at)


def preview(record: Subscription, command: ChangePlan, now: int, version: int) -> Preview:
    """What the change would cost, by the rules that charge it."""
    require_status(record, *LIVE)
    at = _moment(command, now)
    extras = () if command.when == "period_end" else _extras(record, command, at)
    after = SubscriptionDraft(record, now)
    change_plan(after, replace(command, at=at, versions=msgspec.UNSET))
    opening = after.charged[0].opening if after.charged else None
    due = sum(line.total for line in opening.lines) if opening else 0
    tax = sum(line.tax for line in opening.lines) if opening else 0
    renewed = SubscriptionDraft(after.record, now)
    period_over(renewed, PeriodOver(record.period_end))
    following = renewed.charged[0].opening if renewed.charged else None
    return Preview(
        at=at,
        extras=extras,
        due_now=due,
        tax=tax,
        next_at=record.period_end,
        next_total=sum(line.total for line in following.lines) if following else 0,
        currency=record.plan.currency,
        version=version,
    )


def billed_at(record: Subscription, at: int, now: int) -> Generated:
    """What is billed when the period ends, or when the one ends that is over `at` that time; before the end of this
    one: what waits for the next bill."""
    require_status(record, *LIVE)
    if at and at < record.period_end:
        return Generated(
            at=max(at, now), currency=record.plan.currency, lines=billing.lines_of(record, [*record.extras])
        )
    for _ in range(_MOST_PERIODS):
        end = record.period_end
        renewed = SubscriptionDraft(record, now)
        period_over(renewed, PeriodOver(end))
        if renewed.record.period_end > at or renewed.record.status not in LIVE:
            return Generated(at=end, currency=record.plan.currency, lines=_lines(renewed))
        record = renewed.record
    raise FailedPrecondition("This is too far ahead.", details={"reason": "too_far"})


def bill_now(change: SubscriptionDraft, command: BillNow) -> Decision:
    """What waits for the next bill is billed at once. Where nothing does, the bill of this period is the answer."""
    record, now = change.record, change.now
    require_status(record, *LIVE)
    if command.at > now:
        raise FailedPrecondition(
            "Bills are made when their time comes. Ask with dry_run.", details={"reason": "not_due"}
        )
    if record.extras:
        change.set("billed", extras=())
        billing.bill(change, list(record.extras))
    bill = change.record.latest_bill
    at = now if record.extras else record.period_start
    return change.decision(Generated(at=at, currency=record.plan.currency, lines=_lines(change), bill=bill))


def _lines(change: SubscriptionDraft) -> tuple[Line, ...]:
    opening = change.charged[0].opening if change.charged else None
    return opening.lines if opening else ()


def due_of(charged: Charged) -> int:
    """What a bill that is made comes to."""
    return sum(line.total for line in charged.opening.lines) if charged.opening else 0


def _moment(command: ChangePlan, now: int) -> int:
    if not command.at:
        return now
    if not now - _OLDEST_PREVIEW_MS <= command.at <= now:
        raise FailedPrecondition("This preview is too old. Ask for another.", details={"reason": "preview_expired"})
    return command.at
