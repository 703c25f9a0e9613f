"""Subscriptions that Stripe runs, beside the connector and the fake of Stripe: what it says is what they are."""

import json
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.history.codec import StoredActivity, decode_effects
from actors.kernel.shard.residents.resident import TurnDraft
from actors.payments.bill.commands import OpenBill
from actors.payments.bill.letters import Adopt
from actors.payments.plan.entity import Feature, PlanBody
from actors.payments.subscription.commands import (
    BillTold,
    Cancel,
    ChangeMeans,
    ChangePlan,
    Means,
    NoteSubscriptionChange,
    Pause,
    PreviewChange,
    Reactivate,
    ReadSubscription,
    RecordUsage,
    Resume,
    ReverseUsage,
    Subscribe,
    SubscriptionView,
)
from actors.payments.subscription.kind import SubscriptionKind
from actors.payments.subscription.mirroring import lines_of
from actors.payments.subscription.state import Subscription, Tax
from common.clock import SystemClock
from common.errors import FailedPrecondition
from config.capabilities.payments import PaymentSettings
from serve_app.activities.connector import Call, Refused
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.webhooks.stripe import events, to
from tests.fakes.stripe.account import Account
from tests.fakes.stripe.billing import unpaid
from tests.fakes.stripe.payer import Others
from tests.unit.payments.beside import beside
from tests.unit.rooms.harness import World, run

SUB = "subscription:sub_1"
ADA = Principal("ada", "client")
PLAN = PlanBody(
    title="Monthly and secret",
    currency="EUR",
    amount=3_000,
    interval="month",
    billed_by="stripe",
    features=(Feature(feature="messages", included=10, limit="soft", unit_amount=50),),
)


class Mirror(World):
    """One subscription, and the account at Stripe in which it lies."""

    def __init__(self, card: str = "pm_card_visa", plan: PlanBody = PLAN, *, trial: bool = False) -> None:
        super().__init__(SubscriptionKind())
        self.account = Account.opened(now_s=lambda: self.now_ms / 1000)
        self.others = Others(self.account)
        self.connector = ProviderConnector(beside(self.account, SystemClock()), PaymentSettings())
        self.owed: list[StoredActivity] = []
        self.unheard: list[dict[str, Any]] = []
        self.account.books.listeners.append(self.unheard.append)
        customer = self.account.books.add("cus", "customer", metadata={})["id"]
        method = self.account.cards.attach(self.account.cards.method(card)["id"], customer)["id"] if card else ""
        means = Means(provider="stripe", method_id="mth_1" if card else "", method=method, customer=customer)
        command = Subscribe(
            plan_id="pln_1",
            plan=plan,
            plan_version=1,
            quantity=1,
            payer="ada",
            client="ada",
            tax=Tax(),
            means=means,
            trial=trial,
        )
        self.ask(SUB, command, SYSTEM)
        self.rest()

    @override
    def _store(self, draft: TurnDraft) -> None:
        self.owed += decode_effects(draft.close()).activities
        super()._store(draft)

    @property
    def record(self) -> Subscription:
        """What it is."""
        record: Subscription = self.resident(SUB).entity.record
        return record

    @property
    def there(self) -> dict[str, Any]:
        """What it is at Stripe."""
        return dict(self.account.books.get("subscription", self.record.ref))

    def steer(self, command: msgspec.Struct) -> Subscription:
        """After a command, once Stripe has answered."""
        msgspec.convert(self.ask(SUB, command, ADA), SubscriptionView)
        self.rest()
        return self.record

    def rest(self) -> None:
        """All that is owed is done, and every webhook has arrived, the last first."""
        while self.owed or self.unheard:
            while self.owed:
                self.carry_out()
            while self.unheard:
                (arrival,) = events(json.dumps(self.unheard.pop()).encode())
                letter = to(arrival, "")
                if letter is not None and letter.to == SUB:
                    self.do(SUB, msgspec.msgpack.decode(letter.command, type=NoteSubscriptionChange), SYSTEM)

    def carry_out(self) -> None:
        """One of what is owed."""
        activity = self.owed.pop(0)
        call = Call(PartnerKey(activity.key.encode().rjust(64)[-16:]), activity.payload, "", 1, 0)
        try:
            answer = Answered(key=activity.key, outcome="done", result=run(self.connector.carry_out(call)))
        except Refused as refusal:
            answer = Answered(key=activity.key, outcome="refused", code=refusal.code)
        self.do(SUB, answer, SYSTEM)

    def bills(self) -> list[tuple[int, bool]]:
        """The bills that were opened: their totals, and whether they got the payment of their invoice."""
        told = [msgspec.msgpack.decode(one.command) for one in self.letters if one.to.startswith("bill:")]
        opened = [msgspec.convert(one, OpenBill) for one in told if one["type"] == "open"]
        adopted = [msgspec.convert(one, Adopt) for one in told if one["type"] == "adopt"]
        assert len(opened) == len(adopted)
        return [(sum(line.total for line in one.lines), one.mirrored) for one in opened]


def another(amount: int, quantity: int = 1, **more: Any) -> ChangePlan:
    plan = msgspec.structs.replace(PLAN, amount=amount)
    return ChangePlan(plan_id="pln_2", plan=plan, plan_version=1, quantity=quantity, tax=Tax(), **more)


def test_stripe_begins_it_bills_it_and_renews_it_and_each_invoice_becomes_a_bill_once() -> None:
    mirror = Mirror()
    assert (mirror.record.status, mirror.bills()) == ("active", [(3_000, True)])
    assert mirror.record.period_end == mirror.there["items"]["data"][0]["current_period_end"] * 1000
    mirror.account.billing.renew(mirror.record.ref)
    mirror.rest()
    assert mirror.bills() == [(3_000, True), (3_000, True)]
    for _ in range(2):
        mirror.do(SUB, NoteSubscriptionChange(provider="stripe", ref=mirror.record.ref), SYSTEM)
        mirror.rest()
    assert len(mirror.bills()) == 2
    asked = " ".join(one.text for one in mirror.account.seen)
    assert "secret" not in asked


def test_without_a_method_it_is_incomplete_until_its_payment_is_confirmed() -> None:
    mirror = Mirror(card="")
    assert (mirror.record.status, mirror.bills()) == ("incomplete", [(3_000, True)])
    (invoice,) = unpaid(mirror.account.books)
    intent = mirror.account.books.objects[invoice]["payments"]["data"][0]["payment"]["payment_intent"]
    mirror.others.types_card(mirror.account.books.objects[intent]["client_secret"])
    mirror.account.billing.paid(invoice)
    mirror.unheard.clear()  # no webhook comes: the bill tells of its payment
    mirror.do(SUB, BillTold(bill=mirror.record.latest_bill, paid=True), SYSTEM)
    mirror.rest()
    assert mirror.record.status == "active"


def test_a_renewal_that_is_declined_is_shown_and_no_retry_is_ours() -> None:
    mirror = Mirror()
    declining = mirror.account.cards.method("pm_card_chargeCustomerFail")["id"]
    mirror.steer(ChangeMeans(means=Means(provider="stripe", method_id="mth_2", method=declining, customer="cus")))
    mirror.account.billing.renew(mirror.record.ref)
    mirror.rest()
    assert (mirror.record.status, len(mirror.bills())) == ("past_due", 2)
    assert not [one for one in mirror.letters if b"off_session" in one.command and b"pay" in one.command[:12]]


@pytest.mark.parametrize("proration", ["now", "next", "none"])
def test_a_change_costs_what_stripe_said_that_it_would(proration: Any) -> None:
    mirror = Mirror()
    wanted = another(9_000, 2, proration=proration, at=mirror.record.period_start + 10 * 86_400_000)
    mirror.ask(SUB, PreviewChange(change=wanted), ADA)
    mirror.rest()
    assert mirror.record.preview is not None
    due = mirror.record.preview.due
    assert (due.total > 0, mirror.record.preview.next_total) == (proration != "none", 18_000)
    record = mirror.steer(wanted)
    assert (record.plan_id, record.quantity, record.plan.amount, record.pending) == ("pln_2", 2, 9_000, None)
    expected = [(3_000, True), (due.total, True)] if proration == "now" else [(3_000, True)]
    assert mirror.bills() == expected
    assert sum(line.total for line in lines_of(due)) == due.total


def test_it_is_cancelled_taken_back_paused_and_ended_by_stripe() -> None:
    mirror = Mirror()
    assert mirror.steer(Cancel()).cancel_at_period_end
    assert not mirror.steer(Reactivate()).cancel_at_period_end
    assert mirror.steer(Pause()).status == "paused"
    assert mirror.steer(Resume()).status == "active"
    mirror.steer(Cancel())
    mirror.account.billing.renew(mirror.record.ref)
    mirror.rest()
    assert (mirror.record.status, mirror.there["status"]) == ("canceled", "canceled")
    with pytest.raises(FailedPrecondition):
        mirror.steer(Reactivate())
    ended = Mirror()
    assert ended.steer(Cancel(when="now", refund="prorated")).status == "canceled"


def test_why_it_was_cancelled_is_kept_beside_what_stripe_says() -> None:
    mirror = Mirror()
    mirror.steer(Cancel(secret=msgspec.msgpack.encode({"reason": "Too dear"})))
    view = msgspec.convert(mirror.ask(SUB, ReadSubscription(), ADA), SubscriptionView)
    assert (view.record.cancel_at_period_end, view.reason) == (True, "Too dear")
    assert "Too dear" not in str(mirror.there)


def test_a_refusal_changes_nothing_and_a_change_when_the_period_ends_is_none_of_stripes() -> None:
    mirror = Mirror()
    with pytest.raises(FailedPrecondition):
        mirror.steer(another(9_000, when="period_end"))
    mirror.account.billing.cancel(mirror.record.ref, {})
    mirror.unheard.clear()
    record = mirror.steer(another(9_000))
    assert (record.plan_id, record.pending, bool(record.refused)) == ("pln_1", None, True)


def test_use_is_counted_there_once_and_what_was_counted_stays() -> None:
    mirror = Mirror()
    for _ in range(2):
        mirror.ask(SUB, RecordUsage(usage_id="use_1", feature="messages", quantity=4), SYSTEM)
        mirror.rest()
    assert [one["payload"]["value"] for one in mirror.account.billing.metered.values()] == ["4"]
    with pytest.raises(FailedPrecondition):
        mirror.ask(SUB, ReverseUsage("use_1"), SYSTEM)


def test_a_trial_is_stripes_and_an_invoice_that_is_given_up_closes_its_bill() -> None:
    trial = Mirror(plan=msgspec.structs.replace(PLAN, trial_days=14), trial=True)
    assert (trial.record.status, trial.bills(), trial.record.trial_end > 0) == ("trialing", [], True)
    mirror = Mirror(card="")
    (invoice,) = unpaid(mirror.account.books)
    mirror.account.books.objects[invoice]["status"] = "void"
    mirror.do(SUB, NoteSubscriptionChange(provider="stripe", ref=mirror.record.ref), SYSTEM)
    mirror.rest()
    told = [msgspec.msgpack.decode(one.command)["type"] for one in mirror.letters if one.to.startswith("bill:")]
    assert told == ["open", "adopt", "void"]


def test_it_survives_the_journal_and_the_snapshot() -> None:
    mirror = Mirror()
    before = mirror.record
    for snapshot in (False, True):
        mirror.passivate(SUB, snapshot=snapshot)
        assert mirror.record == before
