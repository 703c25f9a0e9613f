"""What can be asked of a subscription, and the events that follow."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Command, Event, Query
from actors.payments.bill.commands import OpenBill, Pay
from actors.payments.bill.letters import Adopt, Dunned
from actors.payments.bill.state import Line
from actors.payments.plan.entity import PlanBody
from actors.payments.pricing.quote import Discount
from actors.payments.subscription.state import Extra, Subscription, Tax
from actors.payments.versions import Versions


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with its version. `reason`: why it was cancelled, for its payer and administrators."""

    record: Subscription
    version: int
    reason: str = ""


class Explained(Query, frozen=True, kw_only=True):
    """The same, to be read from the journal."""

    record: Subscription


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a change costs: `extras` now or on the next bill, and what the next period costs."""

    at: int
    extras: tuple[Extra, ...]
    due_now: int
    tax: int
    next_at: int
    next_total: int
    currency: str
    version: int


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """By what it is paid."""

    provider: str = ""
    method_id: str = ""
    method: str = ""
    customer: str = ""


class Subscribe(Command[SubscriptionView], frozen=True, kw_only=True, tag="subscribe"):
    """Begin. `discounts`: what its `codes` take off the first bill. Idempotent."""

    plan_id: str
    plan: PlanBody
    plan_version: int
    quantity: int
    payer: str
    client: str
    tax: Tax
    means: Means
    trial: bool = True
    codes: tuple[str, ...] = ()
    discounts: tuple[Discount, ...] = ()


class ChangePlan(Command[SubscriptionView], frozen=True, kw_only=True, tag="change"):
    """Another plan or quantity: now, or when the period ends. `at`: the moment of a preview, not older than ten
    minutes."""

    plan_id: str
    plan: PlanBody
    plan_version: int
    quantity: int
    tax: Tax
    proration: Literal["now", "next", "none"] = "now"
    when: Literal["now", "period_end"] = "now"
    at: int = 0
    versions: Versions = msgspec.UNSET


class PreviewChange(Command[Preview], frozen=True, kw_only=True, tag="preview"):
    """What that would cost."""

    change: ChangePlan


class Cancel(Command[SubscriptionView], frozen=True, kw_only=True, tag="cancel"):
    """End it: with the period, or now. The secret: packed, why."""

    when: Literal["period_end", "now"] = "period_end"
    refund: Literal["none", "prorated"] = "none"
    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class Reactivate(Command[SubscriptionView], frozen=True, tag="reactivate"):
    """It does not end with the period after all."""

    versions: Versions = msgspec.UNSET


class ChangeMeans(Command[SubscriptionView], frozen=True, kw_only=True, tag="means"):
    """Pay by another method from now on; what has failed is tried at once."""

    means: Means
    versions: Versions = msgspec.UNSET


class Pause(Command[SubscriptionView], frozen=True, tag="pause"):
    """Nothing is billed until it goes on."""

    versions: Versions = msgspec.UNSET


class Resume(Command[SubscriptionView], frozen=True, tag="resume"):
    """It goes on, with a period that begins now."""

    versions: Versions = msgspec.UNSET


class RecordUsage(Command[SubscriptionView], frozen=True, kw_only=True, tag="use"):
    """So much was used. The same `usage_id` counts once."""

    usage_id: str
    feature: str
    quantity: int
    at: int = 0


class ReverseUsage(Command[SubscriptionView], frozen=True, tag="reverse"):
    """It was not used after all. Idempotent."""

    usage_id: str


class ReserveUsage(Command[SubscriptionView], frozen=True, kw_only=True, tag="reserve"):
    """Keep so much until `until`. `included`: of what the plan includes, and nothing beyond that. Idempotent."""

    usage_id: str
    feature: str
    quantity: int
    until: int
    included: bool = False


class CommitUsage(Command[SubscriptionView], frozen=True, tag="commit"):
    """What was kept is used, or (`quantity`) so much instead. Idempotent."""

    usage_id: str
    quantity: int = 0


class ReleaseUsage(Command[SubscriptionView], frozen=True, tag="release"):
    """What was kept is free. Idempotent."""

    usage_id: str


class ReadSubscription(Command[SubscriptionView], frozen=True, tag="read"):
    """What it is."""


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What is billed at a time: `bill` is the one that was made for it ("": none yet)."""

    at: int
    currency: str
    lines: tuple[Line, ...] = ()
    bill: str = ""


class BillNow(Command[Generated], frozen=True, kw_only=True, tag="generate"):
    """Bill at once what waits for the next bill; with `dry`, say what is billed `at` a time (0: at the end)."""

    at: int = 0
    dry: bool = False


class PeriodOver(Command[None], frozen=True, tag="period_over"):
    """A timer: the period that ends then is over."""

    end: int


class Dun(Command[None], frozen=True, tag="dun"):
    """A timer: the next step of what follows from a failure."""

    failed: int
    step: int


class NoteSubscriptionChange(Command[None], frozen=True, kw_only=True, tag="seen"):
    """A webhook: something happened to it at the provider that runs it. It is read."""

    provider: str
    ref: str
    arrival: str = ""
    created: int = 0


class BillTold(Command[None], frozen=True, kw_only=True, tag="bill"):
    """A letter of one of its bills: it was paid, or its payment failed (`never`: and will again)."""

    bill: str
    paid: bool
    never: bool = False


SubscriptionCommand = (
    Subscribe
    | ChangePlan
    | PreviewChange
    | BillNow
    | Cancel
    | Reactivate
    | ChangeMeans
    | Pause
    | Resume
    | RecordUsage
    | ReverseUsage
    | ReserveUsage
    | CommitUsage
    | ReleaseUsage
    | ReadSubscription
    | PeriodOver
    | Dun
    | NoteSubscriptionChange
    | BillTold
)


class SubscriptionCall(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Something is asked of the provider that runs it: an activity, with a packed `standing.StandingAsk`."""

    connector: str
    key: str
    payload: bytes


class Charged(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A bill that is made, or (`opening` None) only paid, refunded, closed, or told of the dunning."""

    bill: str
    opening: OpenBill | None = None
    pay: Pay | None = None
    refund: int = 0
    write_off: bool = False
    dunned: Dunned | None = None
    adopt: Adopt | None = None
    void: bool = False


class SubscriptionChanged(Event, frozen=True, kw_only=True, tag="changed"):
    """`record` is what it is now. `charged`: bills. `notify`: the payer is told to do something about a payment.
    `threshold`: a feature of which all that is included is used. `yearly`: what it was worth in a year before, and is
    now (`recurring.yearly`). `asked`: what the provider that runs it is asked; `bound`: the object that is known to be
    its; `arrival`: the webhook that this answers. `explained`: its secret says why it was cancelled."""

    change: str
    record: Subscription
    charged: tuple[Charged, ...] = ()
    notify: bool = False
    threshold: str = ""
    yearly: tuple[int, int] = (0, 0)
    asked: tuple[SubscriptionCall, ...] = ()
    bound: str = ""
    arrival: str = ""
    explained: bool = False


class SubscriptionHeard(Event, frozen=True, kw_only=True, tag="heard"):
    """The provider that runs it is asked, or has answered: nothing changed for anybody."""

    record: Subscription
    asked: tuple[SubscriptionCall, ...] = ()
    arrival: str = ""


SubscriptionEvent = SubscriptionChanged | SubscriptionHeard
