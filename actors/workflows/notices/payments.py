"""What whoever pays is told of money while they do not look: that it has arrived, was declined, waits for them, comes
back; that an invoice is there; that their subscription is another one. Each is told once, of the event in which it
happened, and says an amount and nothing of what was paid for."""

from typing import Final

from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.payments.bill.events import BillChanged
from actors.payments.bill.state import BillRecord, PaymentRecord
from actors.payments.issuer.entity import InvoiceIssued
from actors.payments.ledger import LedgerEntry
from actors.payments.subscription.commands import SubscriptionChanged
from actors.workflows.notify import FEATURE, NOTIFIER, told

_LINK: Final = "/payments"
_NEWS: Final = (
    "activated",
    "canceled",
    "cancel_planned",
    "change_planned",
    "changed",
    "paused",
    "reactivated",
    "resumed",
    "suspended",
)
"""Changes of a subscription that its payer has not been told of otherwise: a renewal is told as a payment."""


def notify_payment(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """The payer: a payment arrived, failed, or waits for them; or money of it is on its way back."""
    event, payer, version = recorded.event, recorded.event.record.payer, recorded.seq
    tells = [tell for entry in event.entries if (tell := _moved(event.record, entry, version))]
    changed = [one for one in event.record.payments if one.id in event.changed]
    if event.change == "payment_failed":
        tells += [_of_payment("payment_failed", one, one.amount, version) for one in changed if one.error]
    if event.change == "action_required":
        asked = [one for one in changed if _is_asked(one)]
        tells += [_of_payment("payment_action_required", one, one.amount, version) for one in asked]
    return Owed([letter for tell in tells for letter in told((payer,), tell)])


def notify_invoice(entity_id: str, recorded: Recorded[InvoiceIssued]) -> Owed:
    """The payer: an invoice can be read. Of a correction they hear by the money that comes back."""
    invoice = recorded.event.invoice
    if invoice.kind != "invoice":
        return NOTHING
    values: dict[str, str | int] = {"invoice_id": invoice.id, "amount": invoice.total, "currency": invoice.currency}
    subject = Subject("invoice", invoice.id, recorded.seq)
    return Owed(told((invoice.payer,), Tell(name="invoice_ready", subject=subject, values=values, link=_LINK)))


def notify_subscription(entity_id: str, recorded: Recorded[SubscriptionChanged]) -> Owed:
    """The payer: their subscription began, changed, rests, or ends."""
    event, record = recorded.event, recorded.event.record
    if event.change not in _NEWS:
        return NOTHING
    subject = Subject("subscription", record.id, recorded.seq)
    values: dict[str, str | int] = {"subscription_id": record.id}
    tell = Tell(name="subscription_changed", subject=subject, values=values, link=_LINK)
    return Owed(told((record.payer,), tell))


def _moved(record: BillRecord, entry: LedgerEntry, version: int) -> Tell | None:
    """What is told of money that came, or went back."""
    amount = sum(amount for account, amount in entry.postings if account.startswith("provider:"))
    payment = record.paid_by(entry.provider, entry.source)
    if entry.kind == "charge" and amount > 0 and payment is not None:
        return _of_payment("payment_succeeded", payment, amount, version)
    refund = next((one for one in record.refunds if one.provider_ref == entry.source), None)
    if entry.kind == "refund" and amount < 0 and refund is not None:
        values: dict[str, str | int] = {"refund_id": refund.id, "amount": -amount, "currency": record.currency}
        subject = Subject("refund", refund.id, version)
        return Tell(name="payment_refunded", subject=subject, values=values, link=_LINK)
    return None


def _of_payment(name: str, payment: PaymentRecord, amount: int, version: int) -> Tell:
    """Of one payment a later notice takes the place of an earlier: what has arrived waits for nobody any more."""
    values: dict[str, str | int] = {"payment_id": payment.id, "amount": amount, "currency": payment.currency}
    return Tell(name=name, subject=Subject("payment", payment.id, version), values=values, link=_LINK)


def _is_asked(payment: PaymentRecord) -> bool:
    """Is it a bank that asks, of a method that is known? What has none yet waits at the provider's own page, before
    which the person sits."""
    return payment.status == "requires_action" and (payment.method is not None or bool(payment.method_id))


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("notify_payment", "bill", BillChanged, notify_payment, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_invoice", "issuer", InvoiceIssued, notify_invoice, to=(NOTIFIER,), feature=FEATURE),
    Reaction(
        "notify_subscription", "subscription", SubscriptionChanged, notify_subscription, to=(NOTIFIER,), feature=FEATURE
    ),
]
