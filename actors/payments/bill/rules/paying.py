"""Payments of a bill: begun, confirmed, given up. One is live at a time; whoever comes second is shown the first."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Principal
from actors.payments.activities import Begin, Confirm, encode
from actors.payments.bill.commands import ConfirmPayment, Pay
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.observing import next_id
from actors.payments.bill.rules.settling import settle
from actors.payments.bill.state import BillRecord, PaymentRecord
from common.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound
from common.timeline import DAY_MS

replace = msgspec.structs.replace
HELD_MS: Final = 6 * DAY_MS
"""For how long money can be held, before a provider has said more."""
SAVES: Final = ("stripe",)
"""The providers that save a method without a payment."""
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation")


def pay(draft: Draft, command: Pay, by: Principal) -> None:
    """Begin a payment, or go on with the live one.

    Raises:
        FailedPrecondition: nothing is due, or the live payment cannot be given up now.
        Conflict: the person saw another amount.
    """
    record = draft.record
    _require_due(record)
    _require_same(record, command)
    live = record.live
    if live is None or live.unwanted:
        begin(draft, command, by, queued=live is not None)
    elif live.provider == command.provider:
        _go_on(draft, live, command, by)
    else:
        _switch(draft, live, command, by)


def begin(draft: Draft, command: Pay, by: Principal, *, queued: bool = False) -> None:
    """A new payment of all that is due."""
    record = draft.record
    saves = bool(command.customer) and not command.off_session and is_far(record, command.provider, draft.now_ms)
    ask = Begin(
        bill=record.id,
        amount=0 if saves else record.due,
        currency=record.currency,
        hold=holds(record) and not saves,
        setup=saves,
        customer=command.customer,
        method=command.method,
        save=command.save,
        off_session=command.off_session,
        challenge=command.challenge,
        return_url=command.return_url,
    )
    held = bool(command.review)
    payment = PaymentRecord(
        id=next_id(draft, "pay"),
        provider=command.provider,
        amount=record.due,
        currency=record.currency,
        created=draft.now_ms,
        updated=draft.now_ms,
        method_id=command.method_id,
        hold=ask.hold,
        setup=saves,
        queued=queued or held,
        begin=encode(ask),
        review="held" if held else "",
        rule=command.review,
        why=command.why,
        network=command.network,
    )
    draft.put(payment, change="review_held" if held else "payment_created")
    if not payment.queued:
        draft.ask(payment, "begin", ask)
        draft.watch(payment)
    if command.provider == "manual" and is_staff(record, by):
        draft.ask(payment, "confirm", Confirm(bill=record.id, ref=payment.id))


def confirm(draft: Draft, command: ConfirmPayment) -> None:
    """Confirm a payment.

    Raises:
        NotFound: the bill has no such payment.
        FailedPrecondition: it is over, or is not to be confirmed now.
    """
    payment = _known(draft.record, command.payment)
    if payment.over or payment.status in ("processing", "requires_capture"):
        return
    if not payment.ref:
        raise FailedPrecondition("The payment is being made. Try again in a moment.", details={"reason": "creating"})
    if payment.provider == "manual":
        raise FailedPrecondition("Staff confirms this payment once the money is here.", details={"reason": "manual"})
    ask = Confirm(
        bill=draft.record.id,
        ref=payment.ref,
        method=command.method,
        result=_result(command.secret),
    )
    payment = draft.put(replace(payment, method_id=command.method_id or payment.method_id, error=None))
    draft.ask(payment, "confirm", ask, sealed=bool(ask.result))


def cancel(draft: Draft, payment_id: str) -> None:
    """Give a payment up.

    Raises:
        NotFound: the bill has no such payment.
        FailedPrecondition: it is over, or under way.
    """
    payment = _known(draft.record, payment_id)
    if payment.status == "canceled" or payment.unwanted:
        return
    if payment.over:
        raise FailedPrecondition("It has been paid. Ask for a refund.", details={"reason": "succeeded"})
    if payment.status == "processing":
        raise FailedPrecondition("The payment is under way and cannot be stopped.", details={"reason": "processing"})
    if payment.queued:
        draft.put(replace(payment, queued=False, status="canceled"), change="payment_canceled")
        return
    if draft.record.booking and payment.status == "requires_capture":
        raise FailedPrecondition(
            "It has confirmed a booking. Cancel that, and the money goes back by its terms.",
            details={"reason": "booking_confirmed", "booking_id": draft.record.booking},
        )
    draft.put(replace(payment, unwanted=True), change="payment_updated")
    settle(draft)


def holds(record: BillRecord) -> bool:
    """Is money for it authorised first, and taken later?"""
    return record.capture == "on_completion" or record.gate in ("waiting", "open")


def is_far(record: BillRecord, provider: str, now_ms: int) -> bool:
    """Would a hold lapse before the session is over, so that its method is saved now and authorised later?"""
    held = record.capture == "on_completion" and record.gate in ("waiting", "open")
    return held and provider in SAVES and max(record.start, record.end) - now_ms > HELD_MS


def must_save(record: BillRecord, provider: str, now_ms: int) -> bool:
    """Is the method kept, for a session that is far or the later ones of a series, where its provider can?"""
    return is_far(record, provider, now_ms) or (record.saves and provider in SAVES)


def is_staff(record: BillRecord, by: Principal) -> bool:
    """May they say that money is here?"""
    return by.role == "admin" or (by.role == "therapist" and by.user == record.beneficiary)


def _go_on(draft: Draft, live: PaymentRecord, command: Pay, by: Principal) -> None:
    record = draft.record
    if live.provider == "manual" and is_staff(record, by) and live.status == "requires_action":
        draft.ask(live, "confirm", Confirm(bill=record.id, ref=live.ref))
        return
    if command.method and live.status in _CONFIRMABLE and live.ref:
        live = draft.put(replace(live, method_id=command.method_id, error=None))
        ask = Confirm(bill=record.id, ref=live.ref, method=command.method, return_url=command.return_url)
        draft.ask(live, "confirm", ask)


def _switch(draft: Draft, live: PaymentRecord, command: Pay, by: Principal) -> None:
    """The live payment is given up at its provider first; the new one waits for that."""
    if live.status == "processing" or live.status == "requires_capture":
        raise FailedPrecondition(
            "A payment is under way with another provider.",
            details={"reason": "payment_under_way", "provider": live.provider, "payment_id": live.id},
        )
    if live.queued:
        draft.put(replace(live, queued=False, status="canceled"))
        running = draft.record.live
        begin(draft, command, by, queued=running is not None)
        return
    draft.put(replace(live, unwanted=True))
    begin(draft, command, by, queued=True)
    settle(draft)


def _require_due(record: BillRecord) -> None:
    if record.closed:
        raise FailedPrecondition("This bill is closed.", details={"reason": record.closed})
    if record.gate == "gone":
        raise FailedPrecondition("The booking of this bill is gone.", details={"reason": "booking_gone"})
    if record.due == 0:
        raise FailedPrecondition("There is nothing to pay.", details={"reason": "paid"})


def _require_same(record: BillRecord, command: Pay) -> None:
    if command.currency is not None and command.currency != record.currency:
        raise Conflict("The bill is in another currency.", details={"total": record.due, "currency": record.currency})
    if command.amount is not None and command.amount != record.due:
        raise Conflict("The amount has changed.", details={"total": record.due, "currency": record.currency})


def _known(record: BillRecord, payment_id: str) -> PaymentRecord:
    payment = record.payment(payment_id)
    if payment is None:
        raise NotFound("There is no such payment.", payment=payment_id)
    return payment


def _result(secret: bytes | None) -> dict[str, str]:
    if secret is None:
        return {}
    try:
        return msgspec.msgpack.decode(secret, type=dict[str, str])
    except msgspec.MsgspecError:
        raise InvalidArgument("result holds texts.", details={"field": "result"}) from None
