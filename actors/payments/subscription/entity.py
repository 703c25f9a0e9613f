"""The rules of a subscription: who may do what to it, and what follows."""

from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Principal
from actors.payments.subscription import billing, changing, mirroring, using
from actors.payments.subscription.billing import SubscriptionDraft, require_status
from actors.payments.subscription.commands import (
    BillNow,
    BillTold,
    Cancel,
    ChangeMeans,
    ChangePlan,
    Charged,
    CommitUsage,
    Dun,
    Explained,
    NoteSubscriptionChange,
    Pause,
    PeriodOver,
    PreviewChange,
    Reactivate,
    ReadSubscription,
    RecordUsage,
    ReleaseUsage,
    ReserveUsage,
    Resume,
    ReverseUsage,
    Subscribe,
    SubscriptionChanged,
    SubscriptionCommand,
    SubscriptionEvent,
    SubscriptionView,
)
from actors.payments.subscription.periods import period_end, prorated
from actors.payments.subscription.state import LIVE, Subscription
from actors.payments.versions import require_version
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.policy import POLICY, Relation

T = TypeVar("T")
replace = msgspec.structs.replace
_DAY_MS: Final = 86_400_000
_OLDEST_PREVIEW_MS: Final = 600_000
_MOST_PERIODS: Final = 400
_BY_SYSTEM: Final = (PeriodOver, Dun, BillTold, NoteSubscriptionChange, Subscribe)
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
            FailedPrecondition: not as it is now, or it has changed meanwhile; or a limit is reached.
        """
        if isinstance(command, _BY_SYSTEM) and not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        if isinstance(command, Subscribe):
            return self._subscribe(command, context, version)
        record = self._permitted(command, context.by)
        if isinstance(command, CommitUsage) and not context.by.is_system:
            _require_kept(record, command.usage_id)
        change = SubscriptionDraft(record, context.now_ms)
        match command:
            case ReadSubscription() if record.reason_seq and _may_know_why(record, context.by):
                return Decision(Explained(record=record))
            case ReadSubscription():
                return Decision(SubscriptionView(record=record, version=version))
            case ChangePlan() | Cancel() | Reactivate() | ChangeMeans() | Pause() | Resume():
                require_version(command.versions, version)
        if record.mirrored:
            self._steer(change, command)
        elif isinstance(command, PreviewChange):
            return Decision(changing.preview(record, command.change, context.now_ms, version))
        elif isinstance(command, BillNow):
            if command.dry:
                return Decision(changing.billed_at(record, command.at, context.now_ms))
            return changing.bill_now(change, command)
        else:
            self._run(change, command)
        view = SubscriptionView(record=change.record, version=version + bool(change.name))
        return change.decision(None if isinstance(command, _BY_SYSTEM) else view)

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What the provider that runs it answered, folded in."""
        if self.record is None:
            return Decision()
        change = SubscriptionDraft(self.record, context.now_ms)
        mirroring.answered(change, answered)
        return change.decision()

    def _run(self, change: SubscriptionDraft, command: SubscriptionCommand) -> None:
        """What Carewire runs itself."""
        record = change.record
        match command:
            case ChangePlan():
                changing.change_plan(change, command)
            case Cancel():
                _cancel(change, command)
            case Reactivate():
                _reactivate(change)
            case ChangeMeans():
                means = msgspec.structs.asdict(command.means)
                change.set("method_changed", hopeless=False, **means)
                if record.failed:
                    billing.retry(change)
            case Pause():
                require_status(record, "trialing", "active")
                change.set("paused", status="paused", paused_status=record.status)
            case Resume():
                _resume(change)
            case PeriodOver():
                billing.period_over(change, command)
            case Dun():
                _dun(change, command)
            case BillTold():
                _told(change, command)
            case RecordUsage() | ReverseUsage() | ReserveUsage() | CommitUsage() | ReleaseUsage():
                using.use(change, command)

    def _steer(self, change: SubscriptionDraft, command: SubscriptionCommand) -> None:
        """What a provider runs: it is asked."""
        match command:
            case ChangePlan() | PreviewChange() | Cancel() | Reactivate() | ChangeMeans() | Pause() | Resume():
                mirroring.steer(change, command)
            case RecordUsage() | ReverseUsage() | ReserveUsage() | CommitUsage() | ReleaseUsage():
                mirroring.use(change, command)
            case NoteSubscriptionChange():
                change.arrival = command.arrival
                mirroring.read(change)
            case PeriodOver() | BillTold():
                mirroring.read(change)
            case BillNow():
                raise FailedPrecondition("The payment provider bills it.", details={"reason": "billed_by"})

    def apply(self, event: SubscriptionEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        record = event.record
        if isinstance(event, SubscriptionChanged) and event.explained:
            record = replace(record, reason_seq=seq)
        self.record = record

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
        elif not (
            isinstance(command, ReadSubscription | PreviewChange) or (isinstance(command, BillNow) and command.dry)
        ):
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
            codes=command.codes,
            discounts=command.discounts,
            **msgspec.structs.asdict(command.means),
        )
        change = SubscriptionDraft(record, now)
        if record.mirrored:
            change.set("created", status="incomplete", period_end=trial_end or period_end(now, command.plan, 1))
            mirroring.begin(change, days)
        elif days:
            change.set("created", item_start=now)
            change.timer(f"period:{trial_end}", trial_end, PeriodOver(trial_end))
        else:
            change.name = "created"
            billing.begin_period(change, first=True)
            billing.await_first_payment(change)
            if not any(one.pay or changing.due_of(one) for one in change.charged):  # it costs nothing
                change.set("created", status="active")
        return change.decision(SubscriptionView(record=change.record, version=version + 1))


def _require_kept(record: Subscription, usage_id: str) -> None:
    """Whoever commits is not told that it counts where it does not. Raises NotFound: nothing is kept any more."""
    if usage_id not in record.reserved and usage_id not in record.used:
        raise NotFound("Nothing is kept under this usage_id.", details={"field": "usage_id"})


def _may_know_why(record: Subscription, by: Principal) -> bool:
    """May they read why it was cancelled?"""
    return by.role == "admin" or (bool(by.user) and by.user == record.payer)


def _cancel(change: SubscriptionDraft, command: Cancel) -> None:
    record = change.record
    if record.status in ("canceled", "incomplete_expired"):
        return
    change.explain(command.secret)
    record = change.record
    if command.when == "period_end" and record.status in LIVE:
        change.set("cancel_planned", cancel_at_period_end=True, canceled=change.now, pending=None)
        return
    if command.refund == "prorated" and record.latest_bill and record.status in LIVE:
        credit, _ = prorated(record, record.plan, record.quantity, change.now)
        if credit.amount:
            change.charged.append(Charged(bill=record.latest_bill, refund=-credit.amount))
    change.set("canceled", status="canceled", canceled=change.now, ended=change.now, failed=0, pending=None)


def _reactivate(change: SubscriptionDraft) -> None:
    record = change.record
    if record.status == "canceled":
        raise FailedPrecondition("It has ended. Begin another.", details={"reason": "ended"})
    if record.cancel_at_period_end:
        change.set("reactivated", cancel_at_period_end=False, canceled=0, reason_seq=0)


def _resume(change: SubscriptionDraft) -> None:
    record = change.record
    require_status(record, "paused")
    if record.period_end > change.now:
        change.set("resumed", status=record.paused_status or "active", paused_status=None)
        return
    change.set("resumed", status="active", paused_status=None, anchor=change.now, number=0)
    billing.begin_period(change, first=True)


def _dun(change: SubscriptionDraft, command: Dun) -> None:
    if command.step < 0:
        if change.record.status == "incomplete":
            change.set("expired", status="incomplete_expired", ended=change.now)
        return
    billing.dun(change, command)


def _told(change: SubscriptionDraft, command: BillTold) -> None:
    if command.paid:
        billing.paid(change, command.bill)
    else:
        billing.failed(change, command.bill, never=command.never)
