"""What is counted of payments, for the rules that later ones are looked at by."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.payments.bill.events import BillChanged
from actors.payments.bill.state import PaymentRecord
from actors.payments.fraud.counting import NoteCardAttempt, of_address, of_payer

RISK: Final = "risk"
_USED: Final = ("authorized", "paid", "action_required")
_OURS: Final = ("blocked", "superseded")
_pack: Final = msgspec.msgpack.Encoder().encode


def count_tried(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """Who counts what a payer, and the address that a payment came from, have tried: a card was seen, or declined."""
    event = recorded.event
    letters: list[Letter] = []
    for payment in event.record.payments:
        if payment.id not in event.changed or (tried := _tried(event.change, payment)) is None:
            continue
        letters.append(Letter(of_payer(event.record.payer), _pack(tried)))
        if payment.network:
            letters.append(Letter(of_address(payment.network), _pack(tried)))
    return Owed(letters)


def _tried(change: str, payment: PaymentRecord) -> NoteCardAttempt | None:
    card = payment.method.fingerprint if payment.method is not None else ""
    if change == "payment_failed" and payment.error is not None and payment.error.code not in _OURS:
        return NoteCardAttempt(card=card, declined=True)
    return NoteCardAttempt(card=card) if change in _USED and card else None


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("count_tried", "bill", BillChanged, count_tried, to=(RISK,)),
]
