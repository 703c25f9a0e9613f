"""A subscription as data. Times in ms, amounts in minor units of the plan's currency."""

from typing import Literal

import msgspec

from actors.payments.plan.entity import PlanBody
from actors.payments.pricing.quote import Discount
from actors.payments.standing import PreviewSeen

Status = Literal[
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "unpaid",
    "paused",
    "canceled",
]
LIVE: tuple[Status, ...] = ("trialing", "active", "past_due")


class Tax(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """By which row of the table its bills are taxed."""

    jurisdiction: str = ""
    rate: str = "0"
    inclusive: bool = False
    reason: str = ""


class UsageRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One use, known by its id."""

    feature: str
    quantity: int
    at: int


class ReservedUnits(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Units that are kept for somebody until `until`."""

    feature: str
    quantity: int
    until: int


class Extra(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An amount for the next bill: a proration, or use beyond what is included; `discount` comes off it."""

    what: Literal["proration", "usage"]
    amount: int
    start: int
    end: int
    quantity: int = 1
    discount: int = 0


class PendingChange(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What it becomes when the period ends."""

    plan_id: str
    plan: PlanBody
    plan_version: int
    quantity: int
    tax: Tax


class Subscription(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A subscription at one moment. `debited` is what was debited for the item since `item_start`; `extras` wait for
    the next bill. `bills`: how many it has made. `failed`: since when a payment fails (0: none does), `dunned`: how
    many steps were done, `hopeless`: the bank will never pay by this method. `used` are the uses of this period and the
    last, by id. `discounts`: what its `codes` take off the first bill, until that is made.

    Of one that a provider runs: `ref` is the provider's id of it, `asks` how often it was asked, `answered` the last of
    these that it has answered (with `refused`, its code, where it said no), `invoices` the bills by the provider's ids
    of their invoices, `preview` what a change would cost.

    `last_quantity` is that of the last period (0: it has had none). `reason_seq`: the number of the event whose secret
    says why it was cancelled (0: nobody said)."""

    id: str
    plan_id: str
    plan: PlanBody
    plan_version: int
    quantity: int
    payer: str
    client: str
    status: Status
    anchor: int
    period_start: int
    period_end: int
    number: int = 0
    tax: Tax = Tax()
    trial_end: int = 0
    cancel_at_period_end: bool = False
    canceled: int = 0
    ended: int = 0
    provider: str = ""
    method_id: str = ""
    method: str = ""
    customer: str = ""
    pending: PendingChange | None = None
    latest_bill: str = ""
    bills: int = 0
    suspended: bool = False
    item_start: int = 0
    debited: int = 0
    extras: tuple[Extra, ...] = ()
    credit: int = 0
    failed: int = 0
    failed_bill: str = ""
    dunned: int = 0
    paused_status: Status | None = None
    used: dict[str, UsageRecord] = {}
    reserved: dict[str, ReservedUnits] = {}
    last_start: int = 0
    codes: tuple[str, ...] = ()
    discounts: tuple[Discount, ...] = ()
    hopeless: bool = False
    ref: str = ""
    asks: int = 0
    answered: int = 0
    invoices: dict[str, str] = {}
    preview: PreviewSeen | None = None
    refused: str = ""
    last_quantity: int = 0
    reason_seq: int = 0

    @property
    def mirrored(self) -> bool:
        """Does a provider run it?"""
        return self.plan.billed_by != "carewire"

    @property
    def price(self) -> int:
        """Of a whole period."""
        return self.plan.amount * self.quantity
