"""The read models of payees: their payouts, and who is owed something."""

from typing import Final

import msgspec

from actors.payments.bill.views import Transaction, transaction_view
from actors.payments.payee.events import PayeeChanged
from actors.payments.payee.state import PayoutRecord
from store.ports.views import Index, View

PAYOUTS: Final = "payouts"
PAYEES: Final = "payees"
INDEXES: Final = (
    Index(PAYOUTS, ("order",)),
    Index(PAYOUTS, ("therapist", "order")),
    Index(PAYOUTS, ("status", "order")),
    Index(PAYEES, ("owed", "order")),
)


def payee_views(therapist: str, event: PayeeChanged, version: int) -> list[View]:
    """What an event changes of them. `order` of payouts sorts by when they were made."""
    owed = any(one.share > 0 for one in event.record.items)
    found = [
        View(collection=PAYEES, id=therapist, version=version, fields={"owed": owed, "order": therapist}, data=b"")
    ]
    for one in event.payouts:
        fields: dict[str, str | int | bool | None] = {
            "therapist": therapist,
            "status": one.status,
            "order": f"{one.created:015d}|{one.id}",
        }
        found.append(
            View(collection=PAYOUTS, id=one.id, version=version, fields=fields, data=msgspec.msgpack.encode(one))
        )
    return found


def history_views(therapist: str, event: PayeeChanged, version: int, at_ms: int) -> list[View]:
    """The rows that it adds to the history of a therapist: what was paid out to them, below 0 what was taken back."""
    made: list[View] = []
    for number, entry in enumerate(event.entries):
        amount = sum(amount for account, amount in entry.postings if account.startswith("payable:"))
        payout = next(one for one in event.payouts if one.ref == entry.source)
        id_ = f"txn_{payout.id.partition('_')[2]}-{version}.{number}"
        row = Transaction(
            id=id_,
            at=at_ms,
            kind="payout",
            amount=amount,
            currency=entry.currency,
            bill="",
            payment="",
            status=payout.status,
            payer=therapist,
            payout=payout.id,
        )
        made.append(transaction_view(row, version))
    return made


def payout_in(view: View) -> PayoutRecord:
    """A payout as its document holds it."""
    return msgspec.msgpack.decode(view.data, type=PayoutRecord)
