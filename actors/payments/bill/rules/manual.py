"""The provider `manual`: cash, a bank transfer, an insurer. No process and no network: what staff says counts."""

import msgspec

from actors.payments.activities import Begin, Capture, Confirm, PaymentAsk, PaymentSeen, Refund, RefundSeen, Void
from actors.payments.bill.state import PaymentRecord


def answer(payment: PaymentRecord, ask: PaymentAsk) -> PaymentSeen:
    """What a provider would answer. A payment that the payer begins waits for staff to say that the money is here."""
    ref = payment.ref or payment.id
    seen = PaymentSeen(
        ref=ref,
        status=payment.status,
        currency=payment.currency,
        amount=payment.amount,
        captured=payment.captured,
        fee=0,
    )
    match ask:
        case Begin():
            client = {"instructions": f"Pay the amount and name {payment.id} as its purpose."}
            return _with(seen, status="requires_action", client=client)
        case Confirm():
            if payment.hold:
                return _with(seen, status="requires_capture", authorized=payment.amount)
            return _with(seen, status="succeeded", captured=payment.amount)
        case Capture():
            return _with(seen, status="succeeded", captured=ask.amount)
        case Void():
            return _with(seen, status="canceled")
        case Refund():
            back = RefundSeen(ref=ask.refund, amount=ask.amount, status="succeeded", refund=ask.refund)
            return _with(seen, refunds=(back,))
    return seen


def _with(seen: PaymentSeen, **members: object) -> PaymentSeen:
    return msgspec.structs.replace(seen, **members)
