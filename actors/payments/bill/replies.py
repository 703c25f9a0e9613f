"""Bills, payments, refunds and disputes as they go over the wire, member by member."""

import msgspec

from common.persons import UserId


class _Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of them: what is absent is left out."""


class PeriodReply(_Reply, frozen=True, kw_only=True):
    """A stretch of time that a line is about."""

    start: str
    end: str


class LineReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a bill."""

    line_id: str
    description: str
    quantity: int
    unit_amount: int
    amount: int
    discount: int
    tax: int
    tax_rate: str
    tax_reason: str | None = None
    tax_category: str | None = None
    period: PeriodReply | None = None
    proration: bool = False


class PaymentErrorReply(_Reply, frozen=True, kw_only=True):
    """Why a payment failed."""

    code: str
    message: str
    retryable: bool
    decline_code: str | None = None


class MethodSummary(_Reply, frozen=True, kw_only=True):
    """By what was paid."""

    type: str
    method_id: str | None = None
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


class PaymentReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment. `client` is for the payer's browser only."""

    payment_id: str
    bill_id: str
    provider: str
    provider_ref: str | None
    status: str
    amount: int
    captured: int
    refunded: int
    currency: str
    created_at: str
    updated_at: str
    method: MethodSummary | None = None
    client: dict[str, str] | None = None
    error: PaymentErrorReply | None = None


class HoldReply(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is authorised and not taken."""

    amount: int
    expires_at: str | None


class EvidenceReply(msgspec.Struct, frozen=True, kw_only=True):
    """For how long both sides were there: when, and who says so."""

    overlap_s: int
    billed_minutes: int
    intervals: list[tuple[str, str]]
    source: str


class DunningReply(_Reply, frozen=True, kw_only=True):
    """What follows from a payment that fails: how many steps were taken, and what comes when."""

    failed_at: str
    steps: int
    next_at: str | None = None
    next: list[str] | None = None


class BillReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bill. Who neither pays nor sent it sees its status and total only."""

    bill_id: str
    kind: str
    status: str
    payer_id: UserId
    client_id: UserId
    currency: str
    total: int
    version: int
    created_at: str
    updated_at: str
    beneficiary_id: UserId | None = None
    booking_id: str | None = None
    subscription_id: str | None = None
    meeting_id: str | None = None
    lines: list[LineReply] | None = None
    subtotal: int | None = None
    discount: int | None = None
    tax: int | None = None
    captured: int | None = None
    refunded: int | None = None
    due: int | None = None
    disputed: int | None = None
    capture: str | None = None
    due_at: str | None = None
    hold: HoldReply | None = None
    payment: PaymentReply | None = None
    invoice_id: str | None = None
    evidence: EvidenceReply | None = None
    dunning: DunningReply | None = None


class BillPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of bills."""

    items: list[BillReply]
    next_cursor: str | None = None


class RefundReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refund. `note`: what was written when it was given back, for the therapist and administrators."""

    refund_id: str
    bill_id: str
    payment_id: str
    amount: int
    currency: str
    reason: str
    by: str
    status: str
    created_at: str
    provider_ref: str | None = None
    note: str | None = None


class DisputeReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dispute. `evidence` is for staff."""

    dispute_id: str
    bill_id: str
    payment_id: str
    provider_ref: str
    amount: int
    currency: str
    reason: str
    status: str
    version: int
    evidence_due_at: str | None = None
    evidence: dict[str, str] | None = None
    submitted_at: str | None = None


class TransactionReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A movement of money."""

    transaction_id: str
    at: str
    kind: str
    amount: int
    currency: str
    status: str
    bill_id: str | None = None
    payment_id: str | None = None
    payout_id: str | None = None


class TransactionPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of the history."""

    items: list[TransactionReply]
    next_cursor: str | None = None


class BillEventReply(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a bill."""

    at: str
    change: str
    status: str


class BillHistory(msgspec.Struct, frozen=True, kw_only=True):
    """All that happened to a bill."""

    events: list[BillEventReply]
    payments: list[PaymentReply]
    refunds: list[RefundReply]
    disputes: list[DisputeReply]
