"""What follows from bills for those whose share they hold, and from payouts: each therapist is told of theirs."""

from collections.abc import Iterator
from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.payments import ledger
from actors.payments.bill.events import BillChanged
from actors.payments.bill.state import BillRecord
from actors.payments.ledger import LedgerEntry
from actors.payments.payee.answers import payout_reply
from actors.payments.payee.commands import Earn, Finish
from actors.payments.payee.events import PayeeChanged
from actors.workflows.inbox import INBOX, event_id, tell
from common.timeline import DAY_MS

PAYEE: Final = "payee"
_PAYABLE: Final = ledger.payable("")
_OVER: Final = ("booking_completed", "no_show", "booking_gone")
_pack: Final = msgspec.msgpack.Encoder().encode


def share_bill(entity_id: str, recorded: Recorded[BillChanged]) -> Owed:
    """Each therapist whose share moved: by how much, and from when on it is paid out; and that a session is over."""
    event, record = recorded.event, recorded.event.record
    letters = [
        Letter(f"{PAYEE}:{therapist}", _pack(earn))
        for entry in event.entries
        for therapist, earn in _shares(record, entry, recorded.at_ms)
    ]
    if event.change in _OVER and record.beneficiary:
        finish = Finish(record.id, (record.completed or recorded.at_ms) + record.terms.release_days * DAY_MS)
        letters.append(Letter(f"{PAYEE}:{record.beneficiary}", _pack(finish)))
    return Owed(letters)


def tell_payout(entity_id: str, recorded: Recorded[PayeeChanged]) -> Owed:
    """The therapist: `payout_updated`, for each that is new or changed."""
    letters: list[Letter] = []
    for payout in recorded.event.payouts:
        payload = {"payout": payout_reply(payout)}
        id_ = event_id(entity_id, recorded, payout.id)
        letters += tell([recorded.event.record.id], id_, "payout_updated", payload)
    return Owed(letters) if letters else NOTHING


def _shares(record: BillRecord, entry: LedgerEntry, at_ms: int) -> Iterator[tuple[str, Earn]]:
    """What an entry gave to therapists, or took from them."""
    shared = [one for one in entry.postings if one[0].startswith((_PAYABLE, ledger.REVENUE, ledger.tax("")))]
    gross, fee = -sum(amount for _, amount in shared), -sum(amount for name, amount in shared if name == ledger.REVENUE)
    for account, amount in shared:
        if not account.startswith(_PAYABLE):
            continue
        if entry.kind == "transfer":
            gross, fee = _moved(record, account)
        earn = Earn(
            bill=record.id,
            gross=gross,
            share=-amount,
            fee=fee,
            currency=entry.currency,
            release=_release(record, at_ms),
        )
        yield account.removeprefix(_PAYABLE), earn


def _moved(record: BillRecord, account: str) -> tuple[int, int]:
    """What was taken, and the platform's fee of it, where a session went to another therapist with all that it holds.
    The fee of the one whom it left is in what they had."""
    held = min(record.net, record.total)
    if account != ledger.payable(record.beneficiary):
        return -held, 0
    return held, -dict(ledger.earned(record.total, record.parts, 0, held)).get(ledger.REVENUE, 0)


def _release(record: BillRecord, at_ms: int) -> int:
    """From when on a share is paid out; 0: not before the session is over."""
    if not record.completed and record.gate in ("waiting", "open"):
        return 0
    return (record.completed or at_ms) + record.terms.release_days * DAY_MS


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("share_bill", "bill", BillChanged, share_bill, to=(PAYEE,)),
    Reaction("tell_payout", "payee", PayeeChanged, tell_payout, to=(INBOX,)),
]
