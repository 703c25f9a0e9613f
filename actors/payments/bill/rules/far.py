"""A session that lies farther off than money can be held. Its means of payment is saved when the time is booked, which
confirms it; the money is authorised two days before it begins. Where that fails it may be repaired for a while, and
then the time is given back or kept, as the terms say."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, SetTimer
from actors.payments.activities import Begin
from actors.payments.bill.commands import Pay
from actors.payments.bill.letters import AuthorizeDue, Grace, LendMethod, NoMethod
from actors.payments.bill.rules import paying
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.state import BillRecord, PaymentRecord
from common.timeline import DAY_MS

AHEAD_MS: Final = 2 * DAY_MS
_pack: Final = msgspec.msgpack.Encoder().encode


def saved(record: BillRecord) -> PaymentRecord | None:
    """The payment that has saved the method by which its money will be authorised: the last."""
    return next((one for one in reversed(record.payments) if _has_saved(one)), None)


def backed_by(record: BillRecord) -> str:
    """The provider's id of the method that it still needs. "": none."""
    one = saved(record)
    needed = one is not None and one.method is not None and record.due and not record.completed
    return one.method.ref if needed and one is not None and one.method is not None else ""


def plan(draft: Draft) -> None:
    """When its money is to be authorised, once a method is saved and the time is known."""
    record = draft.record
    if (record.first or saved(record) is not None) and record.gate == "open" and record.due:
        due = max(draft.now_ms + 1, record.start - AHEAD_MS)
        draft.timers.append(SetTimer(f"authorize:{record.start}", due, _pack(AuthorizeDue(record.start))))


def authorize(draft: Draft, command: AuthorizeDue) -> None:
    """It begins soon."""
    record, method = draft.record, saved(draft.record)
    wanted = record.gate == "open" and record.start == command.start and record.due and record.live is None
    if wanted and method is None and record.first:
        draft.letter(f"bill:{record.first}", LendMethod(record.id))
    if wanted and method is not None and method.method is not None:
        began = msgspec.msgpack.decode(method.begin, type=Begin)
        pay = Pay(
            provider=method.provider,
            method_id=method.method_id,
            method=method.method.ref,
            customer=began.customer,
            off_session=True,
        )
        paying.begin(draft, pay, SYSTEM)


def borrow(draft: Draft, bill_id: str) -> None:
    """The bill of a later session of the series asks by which method it is paid."""
    if bill_id not in draft.record.borrowers:
        draft.record = msgspec.structs.replace(draft.record, borrowers=(*draft.record.borrowers, bill_id))


def lend(draft: Draft) -> None:
    """Whoever asked for the method is answered, once there is one, or once it is known that there will be none."""
    record = draft.record
    if not record.borrowers:
        return
    pay = _lent(record)
    over = record.closed or record.gate == "gone" or bool(record.captured)
    if pay is None and not over:
        return
    for bill_id in record.borrowers:
        draft.letter(f"bill:{bill_id}", pay or NoMethod())
    draft.record = msgspec.structs.replace(draft.record, borrowers=())


def nothing_lent(draft: Draft) -> None:
    """There is no method that could pay it: its time is given back, unless the terms keep it."""
    record = draft.record
    if record.gate == "open" and not record.completed and record.due and record.live is None:
        released = record.terms.on_failure == "release"
        draft.set("payment_lapsed" if released else "method_wanted")


def _lent(record: BillRecord) -> Pay | None:
    """How the others of the series are paid: as this one was."""
    for payment in reversed(record.payments):
        began = msgspec.msgpack.decode(payment.begin, type=Begin) if payment.begin else None
        there = payment.status in ("requires_capture", "succeeded")
        if there and began is not None and began.customer and payment.method is not None and payment.method.ref:
            return Pay(
                provider=payment.provider,
                method_id=payment.method_id,
                method=payment.method.ref,
                customer=began.customer,
                off_session=True,
            )
    return None


def failed(draft: Draft) -> None:
    """A payment for a time that is confirmed was declined just now: it may be repaired until this timer."""
    record, latest = draft.record, draft.record.latest
    if draft.change == "payment_failed" and record.gate == "open" and not record.completed and latest is not None:
        due = draft.now_ms + max(1, record.terms.grace)
        draft.timers.append(SetTimer(f"grace:{latest.id}", due, _pack(Grace(latest.id))))


def grace_over(draft: Draft, payment_id: str) -> None:
    """It was not repaired in time: the time is given back, unless the terms keep it."""
    record, latest = draft.record, draft.record.latest
    if latest is None or latest.id != payment_id or record.gate != "open" or record.completed:
        return
    if latest.error is not None and record.due and record.terms.on_failure == "release":
        draft.set("payment_lapsed")


def _has_saved(payment: PaymentRecord) -> bool:
    return payment.setup and payment.status == "succeeded" and payment.method is not None and bool(payment.method.ref)
