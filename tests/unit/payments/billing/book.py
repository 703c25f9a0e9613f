"""A subscription beside the bills that it makes, for the tests of billing."""

from typing import Any

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.bill.commands import OpenBill, Pay, WriteOff
from actors.payments.bill.letters import Dunned
from actors.payments.plan.entity import Feature, PlanBody
from actors.payments.subscription.commands import (
    BillNow,
    BillTold,
    ChangePlan,
    Generated,
    Means,
    PeriodOver,
    Subscribe,
    SubscriptionView,
)
from actors.payments.subscription.kind import SubscriptionKind
from actors.payments.subscription.state import Subscription, Tax
from tests.unit.rooms.harness import World

SUB = "subscription:sub_1"

DAY = 86_400_000

ADA = Principal("ada", "client")

PLAN = PlanBody(
    title="Monthly",
    currency="EUR",
    amount=3_000,
    interval="month",
    features=(
        Feature(feature="sessions", included=4, limit="hard"),
        Feature(feature="messages", included=10, limit="soft", unit_amount=50),
    ),
)

CARD = Means(provider="stripe", method_id="mth_1", method="pm_1", customer="cus_1")


class Book(World):
    """One subscription, and the bills that it makes."""

    def __init__(self, plan: PlanBody = PLAN, **more: Any) -> None:
        super().__init__(SubscriptionKind())
        given: dict[str, Any] = {"quantity": 1, "tax": Tax(), "means": CARD, "payer": "ada"} | more
        command = Subscribe(plan_id="pln_1", plan=plan, plan_version=1, client="ada", **given)
        self.view(command, SYSTEM)

    def view(self, command: msgspec.Struct, by: Principal = ADA) -> Subscription:
        """After a command."""
        return msgspec.convert(self.ask(SUB, command, by), SubscriptionView).record

    @property
    def record(self) -> Subscription:
        """What it is."""
        record: Subscription = self.resident(SUB).entity.record
        return record

    def told(self, *, paid: bool, never: bool = False) -> None:
        """The latest bill says so."""
        bill = self.record.latest_bill
        self.do(SUB, BillTold(bill=bill, paid=paid, never=never), SYSTEM)

    def bills(self) -> list[OpenBill]:
        """The bills that were opened."""
        return [one for one in self._commands() if isinstance(one, OpenBill)]

    def payments(self) -> int:
        """How often a bill was to be paid."""
        return sum(isinstance(one, Pay) for one in self._commands())

    def dunned(self) -> list[Dunned]:
        """What bills were told of the dunning."""
        return [one for one in self._commands() if isinstance(one, Dunned)]

    def generated(self, command: BillNow) -> Generated:
        """What is billed at a time."""
        return msgspec.convert(self.ask(SUB, command, ADA), Generated)

    def _commands(self) -> list[Any]:
        letters = [one for one in self.letters if one.to.startswith("bill:")]
        return [msgspec.msgpack.decode(one.command, type=OpenBill | Pay | WriteOff | Dunned) for one in letters]

    def renew(self) -> None:
        """The period ends."""
        self.now_ms = max(self.now_ms, self.record.period_end)
        self.do(SUB, PeriodOver(self.record.period_end), SYSTEM)


def total(bill: OpenBill) -> int:
    """What a bill comes to."""
    return sum(line.total for line in bill.lines)


def change(plan: PlanBody = PLAN, quantity: int = 1, **more: Any) -> ChangePlan:
    """Another plan, or another quantity of it."""
    given: dict[str, Any] = {"plan_id": "pln_2", "plan_version": 1, "tax": Tax()} | more
    return ChangePlan(plan=plan, quantity=quantity, **given)
