"""A bill of a subscription that a provider runs: the provider has made its payment, and retries it. It is read like any
other, so what it moves is posted, invoiced and given back as everywhere; what only the provider decides is refused."""

from typing import Final

from actors.payments.activities import Read
from actors.payments.bill.commands import BillCommand, CancelPayment, ChangeLines, Pay, VoidBill, WriteOff
from actors.payments.bill.letters import Adopt
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.observing import next_id
from actors.payments.bill.state import BillRecord, PaymentRecord
from common.errors import FailedPrecondition

_THEIRS: Final = (ChangeLines, CancelPayment, VoidBill, WriteOff)


def adopt(draft: Draft, command: Adopt) -> None:
    """The payment that the provider has made for it. It is read at once, and watched."""
    record = draft.record
    if record.paid_by(command.provider, command.ref) is not None:
        return
    payment = PaymentRecord(
        id=next_id(draft, "pay"),
        provider=command.provider,
        amount=record.due,
        currency=record.currency,
        created=draft.now_ms,
        updated=draft.now_ms,
        ref=command.ref,
        asks=1,
    )
    draft.put(payment, change="payment_created")
    draft.read(payment, Read(bill=record.id, ref=command.ref))
    draft.watch(payment)


def require_ours(record: BillRecord, command: BillCommand) -> None:
    """Raises FailedPrecondition: this the provider decides that runs the subscription."""
    if not record.mirrored:
        return
    live = record.live
    elsewhere = isinstance(command, Pay) and (live is None or command.provider != live.provider)
    if elsewhere or isinstance(command, _THEIRS):
        raise FailedPrecondition(
            "The payment provider runs this subscription. Change or cancel that instead.",
            details={"reason": "billed_by", "subscription_id": record.subscription},
        )
