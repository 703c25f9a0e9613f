"""What follows from events of bills and payers: those whom they concern find every change in their mailboxes."""

from typing import Final

import msgspec

from actors.calendars.booking.commands import CancelBooking, ConfirmBooking
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.payments.bill.answers import Viewer, bill_reply, dispute_reply, payment_reply, refund_reply
from actors.payments.bill.commands import BillView
from actors.payments.bill.events import BillChanged
from actors.payments.bill.state import BillRecord, PaymentRecord
from actors.payments.coupon.entity import CommitCoupon, ReleaseCoupon, coupon_of
from actors.payments.declines import decline_class
from actors.payments.issuer.answers import invoice_reply
from actors.payments.issuer.entity import InvoiceIssued, Issue
from actors.payments.issuer.state import PLATFORM, scaled
from actors.payments.payer.answers import method_reply
from actors.payments.payer.commands import Introduce, PayerChanged
from actors.payments.subscription.answers import subscription_reply, usage_reply
from actors.payments.subscription.commands import BillTold, CommitUsage, ReleaseUsage, SubscriptionChanged
from actors.workflows.inbox import INBOX, event_id, item, tell

BOOKING: Final = "booking"
SUBSCRIPTION: Final = "subscription"
PAYER: Final = "payer"
COUPON: Final = "coupon"
_OVER: Final = ("booking_completed", "no_show", "booking_gone")
_pack: Final = msgspec.msgpack.Encoder().encode


def tell_bill_changed(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """Payer, client and therapist, each what they may see: `bill_updated`, and what changed of its payments, refunds
    and disputes."""
    letters: list[Letter] = []
    for by in _concerned(recorded.event.record):
        letters += _told(entity_id, recorded, by)
    return Owed(letters)


def tell_method_changed(entity_id: str, recorded: Recorded[PayerChanged]) -> Owed:
    """The payer: `payment_method_updated`, for each that came, went or changed."""
    event, record = recorded.event, recorded.event.record
    if record.erasing:
        return NOTHING
    change = "default" if event.removed else event.change  # of those that stay: another is taken where none is named
    changed = [(one, change) for one in record.methods if one.id in event.methods]
    letters: list[Letter] = []
    for method, change in [*changed, *((one, "removed") for one in event.removed)]:
        method_id, shown = method.id, method_reply(record, method, recorded.at_ms)
        payload = {"method": shown, "change": change}
        letters += tell([record.id], event_id(entity_id, recorded, method_id), "payment_method_updated", payload)
    return Owed(letters)


def confirm_paid_booking(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """The booking whose money is authorised, or will be by the method that was saved, or that costs nothing: it is
    confirmed by that."""
    event, record = recorded.event, recorded.event.record
    free = event.change == "created" and not record.total
    there = not record.closed and any(_holds_money(one) for one in record.payments)
    saved = not record.closed and event.change == "method_saved"
    if record.gate != "waiting" or not (free or saved or (there and event.change in ("authorized", "paid"))):
        return NOTHING
    return Owed([Letter(f"{BOOKING}:{record.booking}", _pack(ConfirmBooking(paid=True)))])


def release_unpaid_booking(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """The booking whose payment failed and was not repaired in time: it is cancelled."""
    event, record = recorded.event, recorded.event.record
    if event.change != "payment_lapsed":
        return NOTHING
    return Owed([Letter(f"{BOOKING}:{record.booking}", _pack(CancelBooking("payment")))])


def _holds_money(payment: PaymentRecord) -> bool:
    """Is its money there, and not about to be given back?"""
    wanted = not payment.unwanted and payment.asked != "void" and not payment.setup
    return wanted and payment.status in ("requires_capture", "succeeded")


def settle_codes(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """The codes of a bill: used up when it is paid, free again when it will not be."""
    event = recorded.event
    letters = [Letter(coupon_of(code), _pack(ReleaseCoupon(event.record.id))) for code in event.release]
    free = event.change in ("created", "booking_confirmed") and not event.record.total
    if event.record.codes and (free or event.change == "paid"):
        letters += [Letter(coupon_of(code), _pack(CommitCoupon(event.record.id))) for code in event.record.codes]
    return Owed(letters)


def settle_unit(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """The subscription of which a unit was to pay for the session that is over: it is used, or free again."""
    event, record = recorded.event, recorded.event.record
    if not record.reserved or event.change not in _OVER:
        return NOTHING
    command = CommitUsage(record.booking) if record.unit_used else ReleaseUsage(record.booking)
    return Owed([Letter(f"{SUBSCRIPTION}:{record.reserved}", _pack(command))])


def invoice_paid_bill(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """The payer of a bill of which money was taken for the first time: they are introduced to whoever issues invoices
    for the session, and that issues one."""
    event, record = recorded.event, recorded.event.record
    charges = [posting for one in event.entries if one.kind == "charge" for posting in one.postings]
    taken = sum(amount for account, amount in charges if _held(account))
    if not taken or taken != record.captured or record.invoice:
        return NOTHING
    issue = Issue(
        bill=record.id,
        bill_kind=record.kind,
        payer=record.payer,
        client=record.client,
        beneficiary=record.beneficiary,
        currency=record.currency,
        lines=scaled(record.lines, min(taken, record.total)),
    )
    told = Introduce(issuer=record.beneficiary or PLATFORM, issue=msgspec.to_builtins(issue))
    return Owed([Letter(f"{PAYER}:{record.payer}", _pack(told))])


def tell_invoice(entity_id: str, recorded: Recorded[InvoiceIssued]) -> Owed:
    """The payer: `invoice_issued`."""
    invoice = recorded.event.invoice
    payload = {"invoice": invoice_reply(invoice, {})}
    return Owed(tell([invoice.payer], event_id(entity_id, recorded), "invoice_issued", payload))


def tell_subscription_bill(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """The subscription of a bill that was paid, or whose payment failed."""
    event, record = recorded.event, recorded.event.record
    if not record.subscription or event.change not in ("paid", "payment_failed"):
        return NOTHING
    error = record.latest.error if record.latest else None
    never = error is not None and decline_class(error.code, error.decline_code) == "never"
    told = BillTold(bill=record.id, paid=event.change == "paid", never=never)
    return Owed([Letter(f"{SUBSCRIPTION}:{record.subscription}", _pack(told))])


def tell_subscription_changed(entity_id: str, recorded: Recorded[SubscriptionChanged]) -> Owed:
    """Payer and client: `subscription_updated`; and `usage_threshold` once all that is included is used."""
    event, record = recorded.event, recorded.event.record
    used = [usage_reply(record, event.threshold)] if event.threshold else []
    also = tuple(item(event_id(entity_id, recorded, "usage"), "usage_threshold", one) for one in used)
    payload = {"subscription": subscription_reply(record, recorded.seq), "change": event.change}
    people = dict.fromkeys((record.payer, record.client))
    return Owed(tell(people, event_id(entity_id, recorded), "subscription_updated", payload, also=also))


def _held(account: str) -> bool:
    return account.startswith("provider:")


def _concerned(record: BillRecord) -> list[Viewer]:
    people = dict.fromkeys((record.payer, record.client, record.beneficiary))
    return [Viewer(user) for user in people if user]


def _told(entity_id: str, recorded: Recorded[BillChanged], by: Viewer) -> list[Letter]:
    event, record = recorded.event, recorded.event.record
    bill = bill_reply(BillView(record=record, version=recorded.seq), by)
    payload = {"bill": bill, "change": event.change}
    also = []
    for id_ in event.changed if by.user in (record.payer, record.beneficiary) else ():
        name, what = _part(record, id_, by, recorded.seq)
        if what is not None:
            also.append(item(event_id(entity_id, recorded, id_), name, what))
    return tell([by.user], event_id(entity_id, recorded), "bill_updated", payload, also=tuple(also))


def _part(record: BillRecord, id_: str, by: Viewer, version: int) -> tuple[str, dict[str, object] | None]:
    if payment := record.payment(id_):
        shown = {"payment": payment_reply(record, payment, by), "bill_id": record.id}
        return "payment_updated", shown if by.user == record.payer else None
    for refund in record.refunds:
        if refund.id == id_:
            return "refund_updated", {"refund": refund_reply(record, refund)}
    for dispute in record.disputes:
        if dispute.id == id_ and by.user == record.beneficiary:
            return "dispute_updated", {"dispute": dispute_reply(record, dispute, version)}
    return "", None


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_bill_changed", "bill", BillChanged, tell_bill_changed, to=(INBOX,)),
    Reaction("confirm_paid_booking", "bill", BillChanged, confirm_paid_booking, to=(BOOKING,)),
    Reaction("release_unpaid_booking", "bill", BillChanged, release_unpaid_booking, to=(BOOKING,)),
    Reaction("settle_codes", "bill", BillChanged, settle_codes, to=(COUPON,)),
    Reaction("settle_unit", "bill", BillChanged, settle_unit, to=(SUBSCRIPTION,)),
    Reaction("invoice_paid_bill", "bill", BillChanged, invoice_paid_bill, to=(PAYER,)),
    Reaction("tell_invoice", "issuer", InvoiceIssued, tell_invoice, to=(INBOX,)),
    Reaction("tell_subscription_bill", "bill", BillChanged, tell_subscription_bill, to=(SUBSCRIPTION,)),
    Reaction("tell_subscription_changed", "subscription", SubscriptionChanged, tell_subscription_changed, to=(INBOX,)),
    Reaction("tell_method_changed", "payer", PayerChanged, tell_method_changed, to=(INBOX,)),
]
