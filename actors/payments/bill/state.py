"""A bill as data, and what follows from it. Amounts are minor units of its currency, times in milliseconds."""

from typing import Final, Literal

import msgspec

from actors.payments.activities import RANK, CardError, MethodSeen, PaymentStatus, Reason, RefundStatus
from actors.payments.bill.by_time import ByTime
from actors.payments.bill.cards import BillCard

Kind = Literal["booking", "session", "subscription", "charge", "fee"]
CaptureWhen = Literal["now", "on_completion"]
BillStatus = Literal["open", "authorized", "paid", "refunded", "void", "uncollectible"]
Gate = Literal["", "waiting", "open", "gone"]
"""Of a bill for a booking: has the booking been confirmed, or has it gone? "": it is for none."""
FINAL: Final = 4
_WORKING: Final = ("pending", "succeeded")


class Line(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A line. What it says in words is no part of the record: it is sealed under the client's key.
    `inclusive`: the tax is part of the amount."""

    id: str
    quantity: int
    unit_amount: int
    amount: int
    discount: int = 0
    tax: int = 0
    tax_rate: str = "0"
    tax_reason: str = ""
    tax_category: str = ""
    jurisdiction: str = ""
    period: tuple[int, int] | None = None
    proration: bool = False
    inclusive: bool = False

    @property
    def total(self) -> int:
        """What is to be paid for it; negative for a credit."""
        return self.amount - self.discount + (0 if self.inclusive else self.tax)


class PaymentRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One payment. `queued`: it waits until the one before it is given up. `asked`: what a provider was asked for and
    has not answered: confirm, capture or void. `unwanted`: it is to be given up. `client_seq`: the number of the event
    whose secret holds what the payer's browser needs. `begin`: what it began with, packed, until it has. `review`:
    staff looks at it before it begins, because of the `rule` that it met, and `why`. `network`: the mark of the address
    that it came from."""

    id: str
    provider: str
    amount: int
    currency: str
    created: int
    updated: int
    ref: str = ""
    status: PaymentStatus = "creating"
    known: bool = True
    native: str = ""
    authorized: int = 0
    captured: int = 0
    fee: int = 0
    capture_before: int = 0
    method_id: str = ""
    method: MethodSeen | None = None
    error: CardError | None = None
    client_seq: int = 0
    queued: bool = False
    unwanted: bool = False
    asked: str = ""
    hold: bool = False
    setup: bool = False
    asks: int = 0
    heard: int = 0
    begin: bytes = b""
    aliases: tuple[str, ...] = ()
    review: Literal["", "held", "approved", "declined"] = ""
    rule: str = ""
    why: str = ""
    network: str = ""

    @property
    def review_id(self) -> str:
        """The review of it, where it is held for one, or was."""
        return f"rev_{self.id.partition('_')[2]}"

    @property
    def over(self) -> bool:
        """Is its status final?"""
        return RANK[self.status] == FINAL


class RefundRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Money that is given back. `posted`: its movement is in the ledger."""

    id: str
    payment: str
    amount: int
    currency: str
    reason: Reason
    by: Literal["staff", "policy", "system"]
    created: int
    status: RefundStatus = "pending"
    provider_ref: str = ""
    fee: int = 0
    posted: bool = False
    code: str = ""


class DisputeRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A dispute. `held`: the provider has taken the amount for the time being; `lost`: for good."""

    id: str
    payment: str
    provider_ref: str
    amount: int
    currency: str
    reason: str
    status: str
    created: int
    fee: int = 0
    due: int = 0
    held: bool = False
    lost: bool = False
    closed: bool = False
    submitted: int = 0
    declined_draft: bool = False
    evidence_seq: int = 0


class Terms(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What was agreed when the bill was made. `cancellation`: rows of minutes of notice and the percentage that is
    returned. `grace`: how long a failed payment may be repaired (ms)."""

    cancellation: tuple[tuple[int, int], ...] | None = None
    no_show_percent: int = 100
    on_failure: Literal["release", "keep"] = "release"
    grace: int = 0
    platform_percent: str = "0"
    release_days: int = 0
    requires_confirmation: bool = False


class Dunning(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What follows from a payment that fails `since` then: `steps` were taken, `do` comes at `next_at` (0: no more)."""

    since: int
    steps: int = 0
    next_at: int = 0
    do: tuple[str, ...] = ()


class BillRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A bill at one moment. `parts`: the accounts that share what is taken. `keep`: how much of the total may be kept;
    None: all of it. `codes`: the discount codes that it holds. `texts_seq`: the number of the event whose secret holds
    what the lines say, `coding_seq` that of the event with the codes for an insurer. `reserved`: the subscription of
    which a unit pays for the session; `unit_used`: for good. `mirrored`: a provider runs its
    subscription, and has the say. `cards`: where it is shown. `saves`: it is for the first session of a series, whose
    method pays for the others; those have it as `first`, and are `borrowers` while they wait for it."""

    id: str
    kind: Kind
    payer: str
    client: str
    currency: str
    created: int
    updated: int
    lines: tuple[Line, ...] = ()
    subtotal: int = 0
    discount: int = 0
    tax: int = 0
    total: int = 0
    parts: tuple[tuple[str, int], ...] = ()
    capture: CaptureWhen = "now"
    beneficiary: str = ""
    booking: str = ""
    subscription: str = ""
    meeting: str = ""
    service: str = ""
    due_at: int = 0
    closed: Literal["", "void", "uncollectible"] = ""
    keep: int | None = None
    gate: Gate = ""
    completed: int = 0
    start: int = 0
    terms: Terms = Terms()
    payments: tuple[PaymentRecord, ...] = ()
    refunds: tuple[RefundRecord, ...] = ()
    disputes: tuple[DisputeRecord, ...] = ()
    invoice: str = ""
    texts_seq: int = 0
    evidence: bytes = b""
    codes: tuple[str, ...] = ()
    first_paid: int = 0
    recovering: bool = False
    off_session: bool = False
    reserved: str = ""
    by_time: bool = False
    planned: tuple[Line, ...] = ()
    formula: ByTime | None = None
    end: int = 0
    coding_seq: int = 0
    unit_used: bool = False
    dunning: Dunning | None = None
    mirrored: bool = False
    cards: tuple[BillCard, ...] = ()
    first: str = ""
    saves: bool = False
    borrowers: tuple[str, ...] = ()

    @property
    def awaits_time(self) -> bool:
        """Is it not known yet what it costs, since nobody has said for how long both sides were there?"""
        return self.by_time and not self.evidence and self.keep is None

    def dispute(self, dispute_id: str) -> DisputeRecord | None:
        """The dispute of this id, if there is one."""
        return next((one for one in self.disputes if one.id == dispute_id), None)

    @property
    def captured(self) -> int:
        """All that was ever taken."""
        return sum(one.captured for one in self.payments)

    @property
    def refunded(self) -> int:
        """All that is back."""
        return sum(one.amount for one in self.refunds if one.status == "succeeded")

    @property
    def disputed(self) -> int:
        """What is contested at present."""
        return sum(one.amount for one in self.disputes if not one.closed)

    @property
    def lost(self) -> int:
        """What disputes took for good."""
        return sum(one.amount for one in self.disputes if one.lost)

    @property
    def net(self) -> int:
        """What the ledger holds for it: taken, without what was given back or lost."""
        return self.captured - sum(one.amount for one in self.refunds if one.posted) - self.lost

    @property
    def refundable(self) -> int:
        """What can still be given back."""
        return self.captured - sum(one.amount for one in self.refunds if one.status in _WORKING) - self.lost

    @property
    def wanted(self) -> int:
        """What may be kept of the total."""
        if self.closed:
            return 0
        return self.total if self.keep is None else min(self.keep, self.total)

    @property
    def due(self) -> int:
        """What is still to be paid."""
        return max(0, self.wanted - self.captured)

    @property
    def live(self) -> PaymentRecord | None:
        """The one payment that is not over."""
        return next((one for one in reversed(self.payments) if not one.over), None)

    @property
    def latest(self) -> PaymentRecord | None:
        """The live payment, else the one that brought money, else the last."""
        paid = next((one for one in reversed(self.payments) if one.captured), None)
        return self.live or paid or (self.payments[-1] if self.payments else None)

    @property
    def status(self) -> BillStatus:
        """See the contract."""
        if self.captured and self.refunded == self.captured:
            return "refunded"
        if self.closed:
            return self.closed
        if self.captured and not self.due:
            return "paid"
        if not self.total and self.gate != "gone":
            return "paid"
        if any(one.status == "requires_capture" for one in self.payments):
            return "authorized"
        return "open"

    def payment(self, payment_id: str) -> PaymentRecord | None:
        """The payment with this id."""
        return next((one for one in self.payments if one.id == payment_id), None)

    def paid_by(self, provider: str, ref: str) -> PaymentRecord | None:
        """The payment that a provider calls so."""
        return next((one for one in self.payments if one.provider == provider and ref in (one.ref, *one.aliases)), None)

    def key(self) -> str:
        """What the ids of its payments, refunds and disputes have in common."""
        return self.id.partition("_")[2] or self.id


def bill_of(object_id: str) -> str:
    """The bill of a payment, a refund, a dispute or an invoice, whose id says it. "": it is none of ours."""
    _, _, rest = object_id.partition("_")
    key, dash, number = rest.rpartition("-")
    return f"bil_{key}" if dash and number.isdecimal() else ""
