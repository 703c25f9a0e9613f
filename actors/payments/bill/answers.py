"""Bills, payments and refunds as those see them whom they concern."""

from typing import Final, NamedTuple

import msgspec

from actors.kernel.contract.entity import Principal
from actors.payments.activities import CardError, MethodSeen
from actors.payments.bill.commands import BillView
from actors.payments.bill.replies import (
    BillReply,
    DisputeReply,
    DunningReply,
    EvidenceReply,
    HoldReply,
    LineReply,
    MethodSummary,
    PaymentErrorReply,
    PaymentReply,
    PeriodReply,
    RefundReply,
    TransactionReply,
)
from actors.payments.bill.state import BillRecord, DisputeRecord, Line, PaymentRecord, RefundRecord
from actors.payments.bill.views import Transaction
from common.clock import to_rfc3339

NEUTRAL: Final = {
    "booking": "Appointment",
    "session": "Appointment",
    "subscription": "Subscription",
    "charge": "Service",
    "fee": "Fee",
}
"""What a line says to whoever pays for somebody else."""
UNKNOWN: Final = "processing"


class Viewer(NamedTuple):
    """Who looks at a bill: one of those whom it concerns, or (`all`) somebody who may see everything."""

    user: str
    all: bool = False


def viewer_of(by: Principal) -> Viewer:
    """As the policy has it."""
    return Viewer(by.user, by.is_system or by.role == "admin")


def bill_reply(view: BillView, viewer: Viewer) -> BillReply:
    """The bill as the viewer may see it."""
    record = view.record
    if _sees_little(record, viewer):
        return _little(record, view.version)
    shown_payment = record.latest
    live = record.live
    client = view.client if live is not None and viewer.user == record.payer else {}
    return BillReply(
        bill_id=record.id,
        kind=record.kind,
        status=record.status,
        payer_id=record.payer,
        client_id=record.client,
        currency=record.currency,
        total=record.total,
        version=view.version,
        created_at=to_rfc3339(record.created),
        updated_at=to_rfc3339(record.updated),
        beneficiary_id=record.beneficiary or None,
        booking_id=record.booking or None,
        subscription_id=record.subscription or None,
        meeting_id=record.meeting or None,
        lines=[line_reply(line, _text(record, line, view.texts, viewer)) for line in record.lines],
        subtotal=record.subtotal,
        discount=record.discount,
        tax=record.tax,
        captured=record.captured,
        refunded=record.refunded,
        due=record.due,
        disputed=record.disputed,
        capture=record.capture,
        due_at=to_rfc3339(record.due_at) if record.due_at else None,
        hold=_hold(record),
        payment=None if shown_payment is None else payment_reply(record, shown_payment, viewer, client),
        invoice_id=record.invoice or None,
        evidence=msgspec.msgpack.decode(record.evidence, type=EvidenceReply) if record.evidence else None,
        dunning=_dunning(record),
    )


def _little(record: BillRecord, version: int) -> BillReply:
    return BillReply(
        bill_id=record.id,
        kind=record.kind,
        status=record.status,
        payer_id=record.payer,
        client_id=record.client,
        currency=record.currency,
        total=record.total,
        version=version,
        created_at=to_rfc3339(record.created),
        updated_at=to_rfc3339(record.updated),
        booking_id=record.booking or None,
        subscription_id=record.subscription or None,
    )


def line_reply(line: Line, text: str) -> LineReply:
    """A line with what it says."""
    period = line.period and PeriodReply(start=to_rfc3339(line.period[0]), end=to_rfc3339(line.period[1]))
    return LineReply(
        line_id=line.id,
        description=text,
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        amount=line.amount,
        discount=line.discount,
        tax=line.tax,
        tax_rate=line.tax_rate,
        tax_reason=line.tax_reason or None,
        tax_category=line.tax_category or None,
        period=period,
        proration=line.proration,
    )


def payment_reply(
    record: BillRecord, payment: PaymentRecord, viewer: Viewer, client: dict[str, str] | None = None
) -> PaymentReply:
    """The payment; the method for payers and administrators only, `client` for the payer."""
    back = sum(one.amount for one in record.refunds if one.payment == payment.id and one.status == "succeeded")
    shows_method = viewer.user == record.payer or viewer.all
    needed = {"provider": payment.provider, **client} if client and viewer.user == record.payer else None
    return PaymentReply(
        payment_id=payment.id,
        bill_id=record.id,
        provider=payment.provider,
        provider_ref=payment.ref or None,
        status=payment.status if payment.known or payment.over else UNKNOWN,
        amount=payment.amount,
        captured=payment.captured,
        refunded=back,
        currency=payment.currency,
        created_at=to_rfc3339(payment.created),
        updated_at=to_rfc3339(payment.updated),
        method=method_summary(payment.method, payment.method_id) if shows_method else None,
        client=needed if not payment.over else None,
        error=error_reply(payment.error),
    )


def error_reply(error: CardError | None) -> PaymentErrorReply | None:
    """Why it failed."""
    if error is None:
        return None
    return PaymentErrorReply(
        code=error.code, message=error.message, retryable=error.retryable, decline_code=error.decline_code or None
    )


def method_summary(seen: MethodSeen | None, method_id: str) -> MethodSummary | None:
    """By what was paid."""
    if seen is None:
        return None
    return MethodSummary(
        type=seen.type,
        method_id=method_id or None,
        brand=seen.brand or None,
        last4=seen.last4 or None,
        exp_month=seen.exp_month or None,
        exp_year=seen.exp_year or None,
    )


def refund_reply(record: BillRecord, refund: RefundRecord, note: str | None = None) -> RefundReply:
    """The refund, with its note for those who may see that."""
    return RefundReply(
        refund_id=refund.id,
        bill_id=record.id,
        payment_id=refund.payment,
        amount=refund.amount,
        currency=refund.currency,
        reason=refund.reason,
        by=refund.by,
        status=refund.status,
        created_at=to_rfc3339(refund.created),
        provider_ref=refund.provider_ref or None,
        note=note,
    )


def dispute_reply(
    record: BillRecord, dispute: DisputeRecord, version: int, evidence: dict[str, str] | None = None
) -> DisputeReply:
    """The dispute."""
    return DisputeReply(
        dispute_id=dispute.id,
        bill_id=record.id,
        payment_id=dispute.payment,
        provider_ref=dispute.provider_ref,
        amount=dispute.amount,
        currency=dispute.currency,
        reason=dispute.reason,
        status=dispute.status,
        version=version,
        evidence_due_at=to_rfc3339(dispute.due) if dispute.due else None,
        evidence=evidence,
        submitted_at=to_rfc3339(dispute.submitted) if dispute.submitted else None,
    )


def transaction_reply(row: Transaction) -> TransactionReply:
    """A row of the history."""
    return TransactionReply(
        transaction_id=row.id,
        at=to_rfc3339(row.at),
        kind=row.kind,
        amount=row.amount,
        currency=row.currency,
        bill_id=row.bill or None,
        status=row.status,
        payment_id=row.payment or None,
        payout_id=row.payout or None,
    )


def _dunning(record: BillRecord) -> DunningReply | None:
    told = record.dunning
    if told is None or not record.due:
        return None
    return DunningReply(
        failed_at=to_rfc3339(told.since),
        steps=told.steps,
        next_at=to_rfc3339(told.next_at) if told.next_at else None,
        next=list(told.do) or None,
    )


def _sees_little(record: BillRecord, viewer: Viewer) -> bool:
    return not (viewer.all or viewer.user in (record.payer, record.beneficiary))


def _text(record: BillRecord, line: Line, texts: dict[str, str], viewer: Viewer) -> str:
    neutral = NEUTRAL[record.kind]
    if viewer.user == record.payer and viewer.user != record.client:
        return neutral
    return texts.get(line.id, neutral)


def _hold(record: BillRecord) -> HoldReply | None:
    held = next((one for one in record.payments if one.status == "requires_capture"), None)
    if held is None:
        return None
    expires = to_rfc3339(held.capture_before) if held.capture_before else None
    return HoldReply(amount=held.authorized, expires_at=expires)
