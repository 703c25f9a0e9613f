"""The rules of a subscription: who may do what to it, and what follows."""

from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from actors.kernel.contract.entity import Context, Decision, Principal
from actors.payments.subscription import billing
from actors.payments.subscription.billing import Change
from actors.payments.subscription.commands import (
    BillTold,
    Cancel,
    ChangeMeans,
    ChangePlan,
    Charged,
    CommitUsage,
    Dun,
    Pause,
    PeriodOver,
    Preview,
    PreviewChange,
    Reactivate,
    ReadSubscription,
    RecordUsage,
    ReleaseUsage,
    ReserveUsage,
    Resume,
    ReverseUsage,
    Subscribe,
    SubscriptionCommand,
    SubscriptionEvent,
    SubscriptionView,
)
from actors.payments.subscription.periods import prorated
from actors.payments.subscription.state import LIVE, Extra, PendingChange, Reserved, Subscription, Used
from actors.payments.subscription.usage import feature_of, late, require_left, used_in
from actors.payments.versions import require_version
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.policy import POLICY, Relation

T = TypeVar("T")
replace = msgspec.structs.replace
_DAY_MS: Final = 86_400_000
_OLDEST_PREVIEW_MS: Final = 600_000
_BY_SYSTEM: Final = (PeriodOver, Dun, BillTold, Subscribe)
_USAGE: Final = (RecordUsage, ReverseUsage, ReserveUsage, CommitUsage, ReleaseUsage)


@dataclass(slots=True)
class SubscriptionEntity:
    """State: the record, once it has begun."""

    id: str
    record: Subscription | None = None

    def decide(self, command: SubscriptionCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is none, or it is nothing to the one who asks.
            PermissionDenied: this they may not do.
            FailedPrecondition: not as it is now; or a limit is reached.
        """
        if isinstance(command, _BY_SYSTEM) and not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        if isinstance(command, Subscribe):
            return self._subscribe(command, context, version)
        record = self._permitted(command, context.by)
        change = Change(record, context.now_ms)
        match command:
            case ReadSubscription():
                return Decision(SubscriptionView(record=record, version=version))
            case PreviewChange():
                return Decision(_preview(record, command.change, context.now_ms, version))
            case ChangePlan():
                require_version(command.versions, version)
                _change_plan(change, command)
            case Cancel():
                _cancel(change, command)
            case Reactivate():
                _reactivate(change)
            case ChangeMeans():
                means = msgspec.structs.asdict(command.means)
                change.set("method_changed", **means)
                if record.failed:
                    billing.retry(change)
            case Pause():
                _require(record, "trialing", "active")
                change.set("paused", status="paused", paused_status=record.status)
            case Resume():
                _resume(change)
            case PeriodOver():
                _period_over(change, command)
            case Dun():
                _dun(change, command)
            case BillTold():
                _told(change, command)
            case _:
                _use(change, command)
        view = SubscriptionView(record=change.record, version=version + bool(change.name))
        return change.decision(None if isinstance(command, _BY_SYSTEM) else view)

    def apply(self, event: SubscriptionEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.record = event.record

    def _permitted(self, command: SubscriptionCommand, by: Principal) -> Subscription:
        record = self.record
        if record is None:
            raise NotFound("There is no such subscription.", subscription=self.id)
        if by.is_system:
            return record
        relations = {Relation.SELF} if by.user == record.payer else set()
        relations |= {Relation.MEMBER} if by.user == record.client else set()
        if not any(POLICY.allows(by.role, one, "subscription.read") for one in relations or {Relation.NONE}):
            raise NotFound("There is no such subscription.", subscription=self.id)
        if isinstance(command, _USAGE):
            POLICY.require(by.role, "usage.record", relations or {Relation.NONE})
        elif not isinstance(command, ReadSubscription | PreviewChange):
            POLICY.require(by.role, "subscription.change", relations or {Relation.NONE})
        return record

    def _subscribe(self, command: Subscribe, context: Context, version: int) -> Decision:
        if self.record is not None:
            return Decision(SubscriptionView(record=self.record, version=version))
        now, days = context.now_ms, command.plan.trial_days if command.trial else 0
        trial_end = now + days * _DAY_MS if days else 0
        record = Subscription(
            id=self.id,
            plan_id=command.plan_id,
            plan=command.plan,
            plan_version=command.plan_version,
            quantity=command.quantity,
            payer=command.payer,
            client=command.client,
            status="trialing" if days else "incomplete",
            anchor=trial_end or now,
            period_start=now,
            period_end=trial_end,
            trial_end=trial_end,
            tax=command.tax,
            credit=command.discount,
            codes=command.codes,
            **msgspec.structs.asdict(command.means),
        )
        change = Change(record, now)
        if days:
            change.set("created", item_start=now)
            change.timer(f"period:{trial_end}", trial_end, PeriodOver(trial_end))
        else:
            change.name = "created"
            billing.begin_period(change, first=True)
            billing.await_first_payment(change)
            if not change.charged:  # it costs nothing
                change.set("created", status="active")
        return change.decision(SubscriptionView(record=change.record, version=version + 1))


def _change_plan(change: Change, command: ChangePlan) -> None:
    record = change.record
    _require(record, *LIVE)
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


def _preview(record: Subscription, command: ChangePlan, now: int, version: int) -> Preview:
    """What the change would cost, by the rules that charge it."""
    _require(record, *LIVE)
    at = _moment(command, now)
    extras = () if command.when == "period_end" else _extras(record, command, at)
    after = Change(record, now)
    _change_plan(after, replace(command, at=at, versions=msgspec.UNSET))
    opening = after.charged[0].opening if after.charged else None
    due = sum(line.total for line in opening.lines) if opening else 0
    tax = sum(line.tax for line in opening.lines) if opening else 0
    renewed = Change(after.record, now)
    _period_over(renewed, PeriodOver(record.period_end))
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


def _moment(command: ChangePlan, now: int) -> int:
    if not command.at:
        return now
    if not now - _OLDEST_PREVIEW_MS <= command.at <= now:
        raise FailedPrecondition("This preview is too old. Ask for another.", details={"reason": "preview_expired"})
    return command.at


def _cancel(change: Change, command: Cancel) -> None:
    record = change.record
    if record.status in ("canceled", "incomplete_expired"):
        return
    if command.when == "period_end" and record.status in LIVE:
        change.set("cancel_planned", cancel_at_period_end=True, canceled=change.now, pending=None)
        return
    if command.refund == "prorated" and record.latest_bill and record.status in LIVE:
        credit, _ = prorated(record, record.plan, record.quantity, change.now)
        if credit.amount:
            change.charged.append(Charged(bill=record.latest_bill, refund=-credit.amount))
    change.set("canceled", status="canceled", canceled=change.now, ended=change.now, failed=0, pending=None)


def _reactivate(change: Change) -> None:
    record = change.record
    if record.status == "canceled":
        raise FailedPrecondition("It has ended. Begin another.", details={"reason": "ended"})
    if record.cancel_at_period_end:
        change.set("reactivated", cancel_at_period_end=False, canceled=0)


def _resume(change: Change) -> None:
    record = change.record
    _require(record, "paused")
    if record.period_end > change.now:
        change.set("resumed", status=record.paused_status or "active", paused_status=None)
        return
    change.set("resumed", status="active", paused_status=None, anchor=change.now, number=0)
    billing.begin_period(change, first=True)


def _period_over(change: Change, command: PeriodOver) -> None:
    record = change.record
    if command.end != record.period_end or record.status not in (*LIVE, "unpaid"):
        return
    if record.cancel_at_period_end:
        change.set("canceled", status="canceled", ended=command.end, failed=0)
        return
    if pending := record.pending:
        change.set(
            "changed",
            plan_id=pending.plan_id,
            plan=pending.plan,
            plan_version=pending.plan_version,
            quantity=pending.quantity,
            tax=pending.tax,
            pending=None,
            anchor=record.period_end,
            number=0,
        )
    status = "active" if record.status == "trialing" else record.status
    change.set("renewed", status=status)
    billing.begin_period(change)


def _dun(change: Change, command: Dun) -> None:
    if command.step < 0:
        if change.record.status == "incomplete":
            change.set("expired", status="incomplete_expired", ended=change.now)
        return
    billing.dun(change, command)


def _told(change: Change, command: BillTold) -> None:
    if command.paid:
        billing.paid(change, command.bill)
    else:
        billing.failed(change, command.bill, never=command.never)


def _use(change: Change, command: SubscriptionCommand) -> None:
    """Usage: each use counts once, whatever is repeated."""
    record, now = change.record, change.now
    match command:
        case RecordUsage():
            if command.usage_id in record.used:
                return
            feature = feature_of(record.plan, command.feature)
            at = command.at or now
            if at > now or at < (record.last_start or record.period_start):
                raise FailedPrecondition("Its period is closed.", details={"reason": "period_closed"})
            _require(record, *LIVE)
            if at >= record.period_start:
                require_left(record, feature, command.quantity, now)
            used = {**record.used, command.usage_id: Used(feature=command.feature, quantity=command.quantity, at=at)}
            _used(change, used, command.feature)
        case ReverseUsage():
            if (one := record.used.get(command.usage_id)) is not None:
                _used(change, _without(record.used, command.usage_id), one.feature, "usage_reversed")
        case ReserveUsage():
            if command.usage_id in record.reserved or command.usage_id in record.used:
                return
            _require(record, *LIVE)
            if record.suspended:
                raise FailedPrecondition("It is suspended until it is paid.", details={"reason": "suspended"})
            require_left(record, feature_of(record.plan, command.feature), command.quantity, now)
            kept = {id_: one for id_, one in record.reserved.items() if one.until > now}
            kept[command.usage_id] = Reserved(feature=command.feature, quantity=command.quantity, until=command.until)
            change.set("usage_reserved", reserved=kept)
        case CommitUsage():
            if (held := record.reserved.get(command.usage_id)) is not None:
                change.set("usage_committed", reserved=_without(record.reserved, command.usage_id))
                one = Used(feature=held.feature, quantity=held.quantity, at=now)
                _used(change, {**record.used, command.usage_id: one}, held.feature)
        case ReleaseUsage():
            if command.usage_id in record.reserved:
                change.set("usage_released", reserved=_without(record.reserved, command.usage_id))


def _used(change: Change, used: dict[str, Used], name: str, word: str = "usage_recorded") -> None:
    """Other uses: what belongs to the last period corrects its bill on the next."""
    record = change.record
    feature = feature_of(record.plan, name)
    before = used_in(record, name, record.period_start, record.period_end)
    wrong = late(record, feature, record.used, used)
    extras = record.extras
    if wrong:
        extras = (*extras, Extra(what="usage", amount=wrong, start=record.last_start, end=record.period_start))
    change.set(word, used=used, extras=extras)
    after = used_in(change.record, name, record.period_start, record.period_end)
    if before < feature.included <= after:
        change.threshold = name


def _require(record: Subscription, *statuses: str) -> None:
    if record.status not in statuses:
        raise FailedPrecondition(f"This subscription is {record.status}.", details={"reason": record.status})


def _without(values: dict[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in values.items() if key != name}
