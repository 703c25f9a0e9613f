"""What can be asked of a bill, as it travels from region to shard. What Carewire itself tells it: `letters.py`."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Command, Query
from actors.payments.activities import Reason
from actors.payments.bill.by_time import ByTime
from actors.payments.bill.cards import PlaceBillCard
from actors.payments.bill.letters import (
    Adopt,
    AuthorizeDue,
    BookingTold,
    DisputeDue,
    Dunned,
    Grace,
    Invoiced,
    LendMethod,
    MoveBeneficiary,
    Neutralize,
    NoMethod,
    NotePaymentChange,
    Poll,
    SessionSeen,
    TimeLapsed,
)
from actors.payments.bill.state import BillRecord, CaptureWhen, Kind, Line, Terms
from actors.payments.versions import Versions


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    """A bill as it was opened for somebody: with what its lines say (by line id) and what the browser of the payer
    needs for the live payment."""

    record: BillRecord
    version: int
    texts: dict[str, str] = {}
    client: dict[str, str] = {}


class BillContents(Query, frozen=True, kw_only=True):
    """The bill with its secrets, to be read from the journal."""

    record: BillRecord
    client: bool = False


class OpenBill(Command[BillView], frozen=True, kw_only=True, tag="open"):
    """Make it. Idempotent: a bill that is there stays. `secret`: packed texts by line id.

    `parts` are computed by the bill from `lines` and `terms.platform_percent`. `waits`: it is for a booking that is not
    confirmed yet. `by_time`: what it costs is known once it is known for how long both sides were there; until then
    `lines` are the most that it may cost, and `planned` what it costs as planned. By the `formula` it prices itself.
    `reserved`: the subscription of which a unit, kept under the id of the booking, pays for it.
    `mirrored`: a provider runs its subscription, and says what is billed and when it is paid. `saves`: it is for the
    first session of a series, and the method that pays it is kept for the others, which have the bill as `first`.
    """

    kind: Kind
    payer: str
    client: str
    currency: str
    lines: tuple[Line, ...]
    capture: CaptureWhen = "now"
    beneficiary: str = ""
    booking: str = ""
    subscription: str = ""
    meeting: str = ""
    service: str = ""
    due_at: int = 0
    start: int = 0
    end: int = 0
    waits: bool = False
    terms: Terms = Terms()
    evidence: bytes = b""
    codes: tuple[str, ...] = ()
    off_session: bool = False
    reserved: str = ""
    by_time: bool = False
    planned: tuple[Line, ...] = ()
    formula: ByTime | None = None
    mirrored: bool = False
    first: str = ""
    saves: bool = False
    secret: bytes | None = None


class ChangeLines(Command[BillView], frozen=True, kw_only=True, tag="lines"):
    """Other lines, while nobody has paid."""

    lines: tuple[Line, ...]
    due_at: int | None = None
    versions: Versions = msgspec.UNSET
    secret: bytes | None = None


class BillTime(Command[BillView], frozen=True, kw_only=True, tag="time"):
    """What it costs by the time in which both sides were there; once. `evidence`: a packed `EvidenceReply`."""

    lines: tuple[Line, ...]
    evidence: bytes
    secret: bytes | None = None


class Pay(Command[BillView], frozen=True, kw_only=True, tag="pay"):
    """Begin a payment, or go on with the live one.

    `method`: the provider's id of a saved method, `method_id` ours; `customer` the provider's of the payer. `amount`
    and `currency`: what the person saw. `off_session`: Carewire pays by a saved method, nobody is there. `review`: the
    rule because of which staff looks at it first, and `why`; `network`: the mark of the address that it comes from.
    """

    provider: str
    method_id: str = ""
    method: str = ""
    customer: str = ""
    save: bool = False
    amount: int | None = None
    currency: str | None = None
    return_url: str = ""
    off_session: bool = False
    challenge: bool = False
    review: str = ""
    why: str = ""
    network: str = ""


class ConfirmPayment(Command[BillView], frozen=True, kw_only=True, tag="confirm"):
    """Confirm a payment: with a saved method, or with what the provider's page gave the browser (the secret: packed
    dict)."""

    payment: str
    method_id: str = ""
    method: str = ""
    secret: bytes | None = None


class CancelPayment(Command[BillView], frozen=True, tag="cancel"):
    """Give a payment up."""

    payment: str


class DecideReview(Command[BillView], frozen=True, tag="review"):
    """Staff has looked at a payment that is held: it begins, or is given up."""

    review: str
    approve: bool


class RefundBill(Command[BillView], frozen=True, kw_only=True, tag="refund"):
    """Give money back: `amount`, else all that can be; of one `payment`, or of whichever has it. `policy`: without an
    amount, what the cancellation policy gives. The secret: a packed note of who gives it back, for the staff."""

    amount: int | None = None
    payment: str = ""
    reason: Reason = "requested_by_customer"
    policy: bool = False
    secret: bytes | None = None


class VoidBill(Command[BillView], frozen=True, kw_only=True, tag="void"):
    """Nobody owes it any more. Of an open bill only."""

    versions: Versions = msgspec.UNSET


class WriteOff(Command[BillView], frozen=True, kw_only=True, tag="write_off"):
    """What is due will not come."""

    versions: Versions = msgspec.UNSET


class ReadBill(Command[BillView], frozen=True, tag="read"):
    """The bill, for one of those whom it concerns."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a bill, the oldest first: when, what, and its status then. `notes`: what was noted of refunds,
    by their ids."""

    record: BillRecord
    version: int
    events: list[tuple[int, str, str]] = []
    notes: dict[str, str] = {}


class ReadHistory(Command[Happened], frozen=True, tag="history"):
    """All that happened to it."""


class HistoryOf(Query, frozen=True, kw_only=True):
    """The same, to be read from the journal; `notes`: with what was noted of refunds."""

    record: BillRecord
    notes: bool = False


class CodeBill(Command[BillView], frozen=True, kw_only=True, tag="code"):
    """What an insurer wants to know of it, in codes (the secret: JSON). Again: that counts from then on."""

    versions: Versions = msgspec.UNSET
    secret: bytes | None = None


class CodedBill(msgspec.Struct, frozen=True, kw_only=True):
    """A bill with its codes (JSON) and what its lines say."""

    record: BillRecord
    version: int
    coding: str
    texts: dict[str, str] = {}


class CodingOf(Query, frozen=True, kw_only=True):
    """The same, to be read from the journal."""

    record: BillRecord


class ReadCoding(Command[CodedBill], frozen=True, tag="read_coding"):
    """The codes, for the client and the therapist."""


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute of a bill, with what staff has written for it."""

    record: BillRecord
    version: int
    written: dict[str, str] = {}


class DisputeOf(Query, frozen=True, kw_only=True):
    """The same, to be read from the journal."""

    record: BillRecord
    evidence_seq: int = 0


class ReadDispute(Command[DisputeView], frozen=True, tag="read_dispute"):
    """A dispute, for staff."""

    dispute: str


class DraftEvidence(Command[BillView], frozen=True, kw_only=True, tag="evidence"):
    """Members of the evidence in a dispute (the secret: packed dict). `automatic` false: it is not sent of itself."""

    dispute: str
    automatic: bool = True
    versions: Versions = msgspec.UNSET
    secret: bytes | None = None


class RespondToDispute(Command[BillView], frozen=True, kw_only=True, tag="dispute"):
    """Send the evidence that is drafted, or accept the dispute."""

    dispute: str
    accept: bool = False
    versions: Versions = msgspec.UNSET
    secret: bytes | None = None


BillCommand = (
    OpenBill
    | ChangeLines
    | Pay
    | ConfirmPayment
    | CancelPayment
    | DecideReview
    | RefundBill
    | VoidBill
    | WriteOff
    | ReadBill
    | ReadHistory
    | NotePaymentChange
    | Poll
    | BookingTold
    | SessionSeen
    | LendMethod
    | NoMethod
    | Adopt
    | Dunned
    | Invoiced
    | Neutralize
    | MoveBeneficiary
    | ReadDispute
    | DraftEvidence
    | RespondToDispute
    | DisputeDue
    | Grace
    | AuthorizeDue
    | CodeBill
    | ReadCoding
    | BillTime
    | TimeLapsed
    | PlaceBillCard
)
ClosedAs = Literal["void", "uncollectible"]
