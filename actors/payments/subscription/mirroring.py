"""A subscription that a provider runs: commands become what the provider is asked, and what it says of the subscription
is what it is. Its invoices become bills whose payments are the provider's. Pure: each rule changes a
`SubscriptionDraft`.
"""

from typing import Final, get_args

import msgspec

from actors.kernel.contract.activities import Answered
from actors.payments.activities import decode_observed
from actors.payments.bill.commands import OpenBill
from actors.payments.bill.letters import Adopt
from actors.payments.bill.state import Line
from actors.payments.plan.entity import PlanBody
from actors.payments.standing import (
    SETTLED,
    ChangeProviderSubscription,
    EndSubscription,
    InvoiceSeen,
    MeterUse,
    OpenSubscription,
    PreviewSubscription,
    PriceOf,
    ReadProviderSubscription,
    SubscriptionSeen,
)
from actors.payments.subscription import using
from actors.payments.subscription.billing import SubscriptionDraft, bill_id_of, require_status
from actors.payments.subscription.commands import (
    Cancel,
    ChangeMeans,
    ChangePlan,
    Charged,
    Pause,
    PeriodOver,
    PreviewChange,
    Reactivate,
    Resume,
)
from actors.payments.subscription.state import LIVE, PendingChange, Status, Subscription, UsageRecord
from actors.payments.subscription.using import UsageCommand
from common.errors import FailedPrecondition, Unavailable

replace = msgspec.structs.replace
_STATUSES: Final = frozenset(get_args(Status))
_LATER_MS: Final = 60_000
_KEPT: Final = 100
"""Of so many invoices, the last ones, it is remembered which bills they are."""
Steering = ChangePlan | Cancel | Reactivate | ChangeMeans | Pause | Resume | PreviewChange


def price_of(plan_id: str, version: int, plan: PlanBody) -> PriceOf:
    """What one of it costs, by a mark that is that of this version of the plan."""
    return PriceOf(
        mark=f"{plan_id}-{version}",
        currency=plan.currency,
        amount=plan.amount,
        interval=plan.interval,
        interval_count=plan.interval_count,
    )


def begin(change: SubscriptionDraft, trial_days: int) -> None:
    """The provider is asked to begin it."""
    record = change.record
    ask = OpenSubscription(
        subscription=record.id,
        customer=record.customer,
        price=price_of(record.plan_id, record.plan_version, record.plan),
        quantity=record.quantity,
        method=record.method,
        trial_days=trial_days,
    )
    change.ask("open", ask)


def read(change: SubscriptionDraft) -> None:
    """The provider is asked what it is."""
    record = change.record
    if record.ref:
        change.ask("read", ReadProviderSubscription(subscription=record.id, ref=record.ref))


def steer(change: SubscriptionDraft, command: Steering) -> None:
    """The provider is asked to change it. What it is then, the answer says.

    Raises:
        FailedPrecondition: not as it is now, or not with a provider that runs it.
        Unavailable: the provider has not begun it yet.
    """
    record = change.record
    if not record.ref:
        raise Unavailable("The payment provider has not begun it yet. Try again soon.", retry_after_s=2)
    asked = ChangeProviderSubscription(subscription=record.id, ref=record.ref, quantity=record.quantity)
    match command:
        case ChangePlan():
            change.ask("change", _other_terms(change, command))
        case PreviewChange():
            change.ask("preview", _preview(change, command.change))
        case Cancel():
            _cancel(change, command)
        case Reactivate():
            if record.status == "canceled":
                raise FailedPrecondition("It has ended. Begin another.", details={"reason": "ended"})
            change.ask("change", replace(asked, cancel_at_end=False))
        case ChangeMeans():
            change.set("method_changed", **msgspec.structs.asdict(command.means))
            change.ask("change", replace(asked, method=command.means.method))
        case Pause():
            require_status(record, "trialing", "active")
            change.ask("change", replace(asked, paused=True))
        case Resume():
            require_status(record, "paused")
            change.ask("change", replace(asked, paused=False))


def use(change: SubscriptionDraft, command: UsageCommand) -> None:
    """As everywhere; and what is billed by use is told to the provider, whose meters take nothing back.

    Raises:
        FailedPrecondition: as `using.use`; or it is to be taken back.
    """
    before = change.record.used
    using.use(change, command)
    for use_id, used in change.record.used.items():
        if use_id not in before and _is_metered(change.record, used.feature):
            _meter(change, use_id, used)
    for use_id, used in before.items():
        if use_id not in change.record.used and _is_metered(change.record, used.feature):
            raise FailedPrecondition("The payment provider has counted it.", details={"reason": "billed_by"})


def _is_metered(record: Subscription, feature: str) -> bool:
    return any(one.feature == feature and one.unit_amount for one in record.plan.features)


def _meter(change: SubscriptionDraft, use_id: str, used: UsageRecord) -> None:
    record = change.record
    ask = MeterUse(
        subscription=record.id,
        ref=record.ref,
        customer=record.customer,
        feature=used.feature,
        quantity=used.quantity,
        use=use_id,
        at=used.at // 1000,
    )
    change.ask("meter", ask)


def answered(change: SubscriptionDraft, told: Answered) -> None:
    """What the provider answered, folded in."""
    verb, number, _ = told.key.split("|", 2)
    record = change.record
    last = max(record.answered, int(number))
    if told.outcome != "done":
        change.record = replace(record, answered=last, refused=told.code or told.outcome)
        if verb == "open":
            change.set("expired", status="incomplete_expired", ended=change.now)
        elif record.pending is not None:
            change.set("change_refused", pending=None)
        return
    change.record = replace(record, answered=last, refused="")
    seen = decode_observed(told.result)
    if isinstance(seen, SubscriptionSeen):
        if seen.preview is not None:
            change.record = replace(change.record, preview=seen.preview)
        else:
            fold(change, seen)


def fold(change: SubscriptionDraft, seen: SubscriptionSeen) -> None:
    """It is what the provider says. A word that is unknown leaves the status as it was."""
    record = change.record
    word = "paused" if seen.paused else seen.status
    status: Status = word if word in _STATUSES else record.status  # type: ignore[assignment] # it is one of them
    renewed = seen.period_start_ms > record.period_start and bool(record.ref)
    members: dict[str, object] = {
        "ref": seen.ref,
        "status": status,
        "quantity": seen.quantity,
        "period_start": seen.period_start_ms,
        "period_end": seen.period_end_ms,
        "trial_end": seen.trial_end_ms,
        "cancel_at_period_end": seen.cancel_at_end,
        "canceled": seen.canceled_ms,
        "ended": seen.ended_ms,
        "suspended": status == "unpaid",
    }
    if renewed:
        members |= {"last_start": record.period_start, "last_quantity": record.quantity}
        members["last_features"] = record.plan.features
        members["used"] = {id_: one for id_, one in record.used.items() if one.at >= record.period_start}
    pending = record.pending
    if pending is not None and seen.price == f"{pending.plan_id}-{pending.plan_version}":
        members |= {"plan_id": pending.plan_id, "plan": pending.plan, "plan_version": pending.plan_version}
        members["pending"] = None
    if replace(record, **members) != record:
        change.set(_word(record, replace(record, **members)), **members)
    if not record.ref:
        change.bound = f"{record.plan.billed_by}:{seen.ref}"
    for invoice in reversed(seen.invoices):
        _bill(change, invoice)
    if seen.period_end_ms and status in LIVE:
        due = max(change.now, seen.period_end_ms) + _LATER_MS
        change.timer(f"period:{seen.period_end_ms}", due, PeriodOver(seen.period_end_ms))


def _word(before: Subscription, after: Subscription) -> str:
    """What has happened to it."""
    if not before.ref:
        return "created"
    if after.status != before.status:
        return {"active": "activated", "past_due": "payment_failed", "incomplete_expired": "expired"}.get(
            after.status, after.status
        )
    if after.period_start != before.period_start:
        return "renewed"
    if after.cancel_at_period_end != before.cancel_at_period_end:
        return "cancel_planned" if after.cancel_at_period_end else "reactivated"
    return "changed"


def _bill(change: SubscriptionDraft, invoice: InvoiceSeen) -> None:
    """An invoice with a payment becomes a bill with that payment, once; one that is given up closes it."""
    record = change.record
    if (known := record.invoices.get(invoice.ref)) is not None:
        if invoice.status in SETTLED[1:]:
            change.set("bill_closed", invoices={ref: one for ref, one in record.invoices.items() if ref != invoice.ref})
            change.charged.append(Charged(bill=known, void=True))
        return
    if not invoice.payment or invoice.total <= 0 or invoice.status in SETTLED[1:]:
        return
    bill_id = bill_id_of(record.id, record.bills + 1)
    kept = dict([*record.invoices.items(), (invoice.ref, bill_id)][-_KEPT:])
    change.set("billed", bills=record.bills + 1, latest_bill=bill_id, invoices=kept)
    opening = OpenBill(
        kind="subscription",
        payer=record.payer,
        client=record.client,
        currency=record.plan.currency,
        lines=lines_of(invoice),
        subscription=record.id,
        service=record.plan_id,
        mirrored=True,
    )
    adopt = Adopt(provider=record.plan.billed_by, ref=invoice.payment)
    change.charged.append(Charged(bill=bill_id, opening=opening, adopt=adopt))


def lines_of(invoice: InvoiceSeen) -> tuple[Line, ...]:
    """The provider's lines as they are, and one for what the customer had in credit: together what is to be paid."""
    lines = [
        Line(
            id=f"lin_{number}",
            quantity=1,
            unit_amount=one.amount,
            amount=one.amount,
            tax=one.tax,
            period=(one.start_ms, one.end_ms) if one.end_ms else None,
            proration=one.proration,
        )
        for number, one in enumerate(invoice.lines, 1)
    ]
    if rest := invoice.total - sum(one.total for one in lines):
        lines.append(Line(id=f"lin_{len(lines) + 1}", quantity=1, unit_amount=rest, amount=rest))
    return tuple(lines)


def _other_terms(change: SubscriptionDraft, command: ChangePlan) -> ChangeProviderSubscription:
    record = change.record
    require_status(record, *LIVE)
    if command.when == "period_end":
        raise FailedPrecondition(
            "The payment provider changes it at once, or not at all.", details={"reason": "billed_by", "field": "when"}
        )
    pending = PendingChange(
        plan_id=command.plan_id,
        plan=command.plan,
        plan_version=command.plan_version,
        quantity=command.quantity,
        tax=command.tax,
    )
    change.record = replace(record, pending=pending)
    return ChangeProviderSubscription(
        subscription=record.id,
        ref=record.ref,
        price=price_of(command.plan_id, command.plan_version, command.plan),
        quantity=command.quantity,
        proration=command.proration,
        at=command.at // 1000,
    )


def _preview(change: SubscriptionDraft, command: ChangePlan) -> PreviewSubscription:
    record = change.record
    require_status(record, *LIVE)
    change.record = replace(record, preview=None)
    return PreviewSubscription(
        subscription=record.id,
        ref=record.ref,
        price=price_of(command.plan_id, command.plan_version, command.plan),
        quantity=command.quantity,
        proration=command.proration,
        at=(command.at or change.now) // 1000,
    )


def _cancel(change: SubscriptionDraft, command: Cancel) -> None:
    record = change.record
    if record.status in ("canceled", "incomplete_expired"):
        return
    change.explain(command.secret)
    if command.secret is not None:
        change.name = "cancel_asked"
    record = change.record
    if command.when == "period_end" and record.status in LIVE:
        ask = ChangeProviderSubscription(
            subscription=record.id, ref=record.ref, quantity=record.quantity, cancel_at_end=True
        )
        change.ask("change", ask)
        return
    prorate = command.refund == "prorated"
    change.ask("end", EndSubscription(subscription=record.id, ref=record.ref, prorate=prorate))
