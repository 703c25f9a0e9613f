"""The bills of periods and changes, and what their payment means. Pure: each rule gives another record."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.kernel.contract.entity import Decision, SetTimer
from actors.payments.bill.commands import OpenBill, Pay
from actors.payments.bill.letters import Dunned
from actors.payments.bill.state import Line
from actors.payments.plan.entity import DUNNING
from actors.payments.pricing.quote import discount_on
from actors.payments.standing import StandingAsk
from actors.payments.subscription.commands import (
    Charged,
    Dun,
    PeriodOver,
    SubscriptionCall,
    SubscriptionChanged,
    SubscriptionHeard,
)
from actors.payments.subscription.periods import period_end
from actors.payments.subscription.recurring import yearly
from actors.payments.subscription.state import LIVE, Extra, Subscription
from actors.payments.subscription.usage import included, overage, used_in
from actors.payments.taxes import TaxRule, taxed
from common.clock import to_rfc3339
from common.errors import FailedPrecondition

replace = msgspec.structs.replace
_pack: Final = msgspec.msgpack.Encoder().encode
_DAY_MS: Final = 86_400_000
_CATEGORY: Final = "subscription"
_FIRST_PAYMENT_MS: Final = 23 * 3_600_000


@dataclass(slots=True)
class SubscriptionDraft:
    """One change of a subscription while it is decided."""

    record: Subscription
    now: int
    name: str = ""
    charged: list[Charged] = field(default_factory=list)
    timers: list[SetTimer] = field(default_factory=list)
    notify: bool = False
    threshold: str = ""
    asked: list[SubscriptionCall] = field(default_factory=list)
    bound: str = ""
    arrival: str = ""
    secret: bytes | None = None
    before: Subscription = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.record

    def set(self, change: str, **members: object) -> None:
        """Other members; the first word counts."""
        self.record = replace(self.record, **members)
        self.name = self.name or change

    def ask(self, verb: str, ask: StandingAsk, about: str = "") -> None:
        """Ask the provider that runs it. Keys name what is asked, the number of it, and what it is about."""
        number = self.record.asks + 1
        self.record = replace(self.record, asks=number)
        self.asked.append(
            SubscriptionCall(connector=self.record.plan.billed_by, key=f"{verb}|{number}|{about}", payload=_pack(ask))
        )

    def explain(self, why: bytes | None) -> None:
        """Why it is cancelled; what was said of an earlier time does not count any more."""
        self.secret = why
        self.record = replace(self.record, reason_seq=0)

    def timer(self, key: str, due: int, command: PeriodOver | Dun) -> None:
        """Ask later."""
        self.timers.append(SetTimer(key, due, msgspec.msgpack.encode(command)))

    def decision(self, reply: object = None) -> Decision:
        """What is to happen."""
        if not self.name and self.record == self.before and not self.arrival:
            return Decision(reply, timers=self.timers)
        if not self.name:
            heard = SubscriptionHeard(record=self.record, asked=tuple(self.asked), arrival=self.arrival)
            return Decision(reply, notes=[heard], timers=self.timers)
        event = SubscriptionChanged(
            change=self.name,
            record=self.record,
            charged=tuple(self.charged),
            notify=self.notify,
            threshold=self.threshold,
            yearly=(yearly(self.before), yearly(self.record)),
            asked=tuple(self.asked),
            bound=self.bound,
            arrival=self.arrival,
            explained=self.secret is not None,
            secret=self.secret,
            author=self.record.payer if self.secret is not None else "",
        )
        return Decision(reply, events=[event], timers=self.timers)


def period_over(change: SubscriptionDraft, command: PeriodOver) -> None:
    """Its period ends: it does too, becomes what was planned, or goes on. Stale once another has begun."""
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
    begin_period(change)


def begin_period(change: SubscriptionDraft, *, first: bool = False) -> None:
    """The next period: its bill, and the timer of its end."""
    record = change.record
    start = record.period_end if not first else change.now
    number = record.number + 1
    end = period_end(record.anchor, record.plan, number)
    extras = [*record.extras, *_usage(change.before)]
    change.set(
        "started" if first else "renewed",
        number=number,
        period_start=start,
        period_end=end,
        last_start=record.period_start,
        last_quantity=change.before.quantity,
        last_features=change.before.plan.features,
        item_start=start,
        debited=record.price,
        trial_end=record.trial_end,
        extras=(),
        used={id_: one for id_, one in record.used.items() if one.at >= record.period_start},
    )
    item = Extra(
        what="proration",
        amount=record.price,
        start=start,
        end=end,
        quantity=record.quantity,
        discount=discount_on(record.price, record.discounts),
    )
    bill(change, [item, *extras], codes=record.codes)
    change.record = replace(change.record, codes=(), discounts=())
    change.timer(f"period:{end}", end, PeriodOver(end))


def bill(change: SubscriptionDraft, extras: list[Extra], *, codes: tuple[str, ...] = ()) -> None:
    """A bill of these amounts, less the credit that is there; a negative sum becomes credit. Of nothing there is none,
    unless `codes` have made it so: they are used up by it."""
    record = change.record
    lines = lines_of(record, extras)
    total = sum(line.total for line in lines)
    spent = min(record.credit, max(0, total))
    if spent:
        lines = lines_of(record, [*extras, Extra(what="proration", amount=-spent, start=change.now, end=change.now)])
        total = sum(line.total for line in lines)
    change.record = record = replace(record, credit=record.credit - spent + max(0, -total))
    if total < 0 or not (total or codes):
        return
    number = record.bills + 1
    bill_id = bill_id_of(record.id, number)
    change.record = replace(record, bills=number, latest_bill=bill_id)
    opening = OpenBill(
        kind="subscription",
        payer=record.payer,
        client=record.client,
        currency=record.plan.currency,
        lines=lines,
        subscription=record.id,
        service=record.plan_id,
        codes=codes,
        off_session=bool(record.method),
    )
    change.charged.append(Charged(bill=bill_id, opening=opening, pay=pay_of(record) if total else None))


def lines_of(record: Subscription, extras: list[Extra]) -> tuple[Line, ...]:
    """The lines of a bill, with the taxes on their sum."""
    plain = [
        Line(
            id=f"lin_{number}",
            quantity=one.quantity if one.amount >= 0 and one.amount % max(1, one.quantity) == 0 else 1,
            unit_amount=one.amount // one.quantity
            if one.amount >= 0 and one.amount % max(1, one.quantity) == 0
            else one.amount,
            amount=one.amount,
            discount=one.discount,
            tax_category=_CATEGORY if record.tax.jurisdiction else "",
            jurisdiction=record.tax.jurisdiction,
            period=(one.start, one.end),
            proration=one.what == "proration" and len(extras) > 1 and number > 1,
        )
        for number, one in enumerate(extras, 1)
    ]
    tax = record.tax
    if not tax.jurisdiction or tax.reason:
        return tuple(replace(line, tax_reason=tax.reason) for line in plain)
    rule = TaxRule(jurisdiction=tax.jurisdiction, category=_CATEGORY, rate=tax.rate, inclusive=tax.inclusive)
    return taxed(plain, [rule], tax.jurisdiction, to_rfc3339(0))


def pay_of(record: Subscription) -> Pay | None:
    """How a bill is paid without anybody there; None: somebody has to pay it."""
    if not record.method:
        return None
    return Pay(
        provider=record.provider,
        method_id=record.method_id,
        method=record.method,
        customer=record.customer,
        off_session=True,
    )


def bill_id_of(subscription: str, number: int) -> str:
    """The id of its bill of this number."""
    return f"bil_{subscription.partition('_')[2] or subscription}b{number}"


def paid(change: SubscriptionDraft, bill_id: str) -> None:
    """One of its bills was paid."""
    record = change.record
    if record.status == "incomplete":
        change.set("activated", status="active")
    if record.failed and bill_id == record.failed_bill:
        status = "active" if record.status in ("past_due", "unpaid") else record.status
        change.set("recovered", status=status, failed=0, failed_bill="", dunned=0, suspended=False, hopeless=False)


def failed(change: SubscriptionDraft, bill_id: str, *, never: bool) -> None:
    """The payment of one of its bills failed: the plan's dunning begins. `never`: a retry is of no use."""
    record = change.record
    if record.failed or record.status not in ("active", "trialing", "past_due"):
        return
    change.set("payment_failed", status="past_due", failed=change.now, failed_bill=bill_id, dunned=0, hopeless=never)
    for step, one in enumerate(record.plan.dunning or DUNNING):
        due = change.now + one.after_days * _DAY_MS
        change.timer(f"dun:{change.now}:{step}", due, Dun(change.now, step))
    _tell(change, bill_id)


def dun(change: SubscriptionDraft, command: Dun) -> None:
    """The next step of what follows from a failure. Stale once it is paid."""
    record = change.record
    steps = record.plan.dunning or DUNNING
    if command.failed != record.failed or command.step != record.dunned or command.step >= len(steps):
        return
    change.set("dunning", dunned=command.step + 1)
    for what in steps[command.step].do:
        match what:
            case "retry" if not record.hopeless:
                retry(change)
            case "notify":
                change.notify = True
            case "suspend":
                change.set("suspended", suspended=True)
            case "cancel":
                change.set("canceled", status="canceled", canceled=change.now, ended=change.now, failed=0)
            case "write_off":
                change.charged.append(Charged(bill=record.failed_bill, write_off=True))
    _tell(change, record.failed_bill)


def _tell(change: SubscriptionDraft, bill_id: str) -> None:
    """The bill that failed: which step comes next, and when."""
    record = change.record
    steps, failed = record.plan.dunning or DUNNING, record.failed or change.now
    following = steps[record.dunned] if record.failed and record.dunned < len(steps) else None
    told = Dunned(
        since=failed,
        steps=record.dunned,
        next_at=failed + following.after_days * _DAY_MS if following else 0,
        do=tuple(following.do) if following else (),
    )
    change.charged.append(Charged(bill=bill_id, dunned=told))


def retry(change: SubscriptionDraft) -> None:
    """Try the bill that failed once more."""
    record = change.record
    if record.failed_bill and (pay := pay_of(record)) is not None:
        change.charged.append(Charged(bill=record.failed_bill, pay=pay))
        change.name = change.name or "retried"


def await_first_payment(change: SubscriptionDraft) -> None:
    """It is incomplete until its first bill is paid, and no longer than a day."""
    change.timer("first_payment", change.now + _FIRST_PAYMENT_MS, Dun(0, -1))


def require_status(record: Subscription, *statuses: str) -> None:
    """Raises FailedPrecondition: it is in none of these."""
    if record.status not in statuses:
        raise FailedPrecondition(f"This subscription is {record.status}.", details={"reason": record.status})


def _usage(record: Subscription) -> list[Extra]:
    """What was used beyond what the period that ends includes."""
    found: list[Extra] = []
    for feature in record.plan.features:
        used = used_in(record, feature.feature, record.period_start, record.period_end)
        if amount := overage(feature, included(feature, record.quantity), used):
            found.append(Extra(what="usage", amount=amount, start=record.period_start, end=record.period_end))
    return found
