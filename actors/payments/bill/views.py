"""The read models of bills: the bills themselves, and what moved money, for the history."""

from typing import Final

import msgspec

from actors.payments.bill.events import BillChanged
from actors.payments.bill.state import BillRecord
from store.ports.views import Index, View

BILLS: Final = "bills"
TRANSACTIONS: Final = "transactions"
INDEXES: Final = (
    Index(BILLS, ("order",)),
    Index(BILLS, ("payer", "order")),
    Index(BILLS, ("client", "order")),
    Index(BILLS, ("beneficiary", "order")),
    Index(BILLS, ("booking", "order")),
    Index(BILLS, ("subscription", "order")),
    Index(BILLS, ("disputed", "order")),
    Index(BILLS, ("review", "order")),
    Index(TRANSACTIONS, ("order",)),
    Index(TRANSACTIONS, ("payer", "order")),
)
_HISTORY: Final = ("charge", "refund", "dispute", "dispute_won", "credit")


class Transaction(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A row of the history."""

    id: str
    at: int
    kind: str
    amount: int
    currency: str
    bill: str
    payment: str
    status: str
    payer: str
    payout: str = ""


def bill_view(record: BillRecord, version: int) -> View:
    """The bill in the read model. `order` sorts by when it was made."""
    fields: dict[str, str | int | bool | None] = {
        "payer": record.payer,
        "client": record.client,
        "beneficiary": record.beneficiary,
        "booking": record.booking,
        "subscription": record.subscription,
        "status": record.status,
        "disputed": bool(record.disputes),
        "review": any(one.review == "held" and not one.over for one in record.payments),
        "order": f"{record.created:015d}|{record.id}",
    }
    return View(collection=BILLS, id=record.id, version=version, fields=fields, data=msgspec.msgpack.encode(record))


def record_in(view: View) -> BillRecord:
    """The inverse of `bill_view`."""
    return msgspec.msgpack.decode(view.data, type=BillRecord)


def transaction_views(event: BillChanged, seq: int, at_ms: int) -> list[View]:
    """The rows of the history that an event adds."""
    made: list[View] = []
    record = event.record
    for number, entry in enumerate(event.entries):
        if entry.kind not in _HISTORY:
            continue
        amount = sum(amount for account, amount in entry.postings if account.startswith("provider:"))
        id_ = f"txn_{record.key()}-{seq}.{number}"
        payment = record.paid_by(entry.provider, entry.source)
        row = Transaction(
            id=id_,
            at=at_ms,
            kind=entry.kind,
            amount=amount,
            currency=entry.currency,
            bill=record.id,
            payment=payment.id if payment else "",
            status="succeeded",
            payer=record.payer,
        )
        made.append(transaction_view(row, seq))
    return made


def transaction_view(row: Transaction, version: int) -> View:
    """A row of the history in the read model. `order` sorts by time."""
    fields: dict[str, str | int | bool | None] = {
        "payer": row.payer,
        "kind": row.kind,
        "order": f"{row.at:015d}|{row.id}",
    }
    return View(collection=TRANSACTIONS, id=row.id, version=version, fields=fields, data=msgspec.msgpack.encode(row))


def transaction_in(view: View) -> Transaction:
    """The inverse."""
    return msgspec.msgpack.decode(view.data, type=Transaction)
