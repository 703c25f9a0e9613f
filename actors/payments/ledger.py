"""Postings: the ledger lies in the events. Each event that moves money carries its own, and they sum to zero.

An amount is positive where it is debited: assets (`provider:`, `bank`, `receivable:`) and costs (`fees:`, `writeoff`,
`disputed` while it is open) grow by it; what is owed or earned (`revenue`, `payable:`, `tax:`, `credit:`) grows by a
negative one.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from common.money import apportion
from store.ports.views import Index, View

POSTINGS: Final = "postings"
"""The read model: a document for each posting. `order` sorts by time."""
INDEXES: Final = (Index(POSTINGS, ("order",)), Index(POSTINGS, ("account", "order")), Index(POSTINGS, ("source",)))

Posting = tuple[str, int]
REVENUE: Final = "revenue"
DISPUTED: Final = "disputed"
WRITEOFF: Final = "writeoff"
BANK: Final = "bank"


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One movement of money. `source`: the provider's id of what moved it, by which its statements name it. `kind`:
    charge, refund, fee, dispute, dispute_won, dispute_lost, payout, credit, write_off.

    Raises:
        ValueError: the postings do not sum to zero.
    """

    kind: str
    currency: str
    postings: tuple[Posting, ...]
    source: str = ""
    provider: str = ""
    therapist: str = ""
    service: str = ""
    recovered: bool = False

    def __post_init__(self) -> None:
        if sum(amount for _, amount in self.postings):
            raise ValueError("postings sum to zero")


def receivable(payer: str) -> str:
    """What a payer owes."""
    return f"receivable:{payer}"


def provider(name: str) -> str:
    """What a provider holds for us."""
    return f"provider:{name}"


def fees(name: str) -> str:
    """What a provider took for its work."""
    return f"fees:{name}"


def payable(therapist: str) -> str:
    """What is owed to a therapist."""
    return f"payable:{therapist}"


def tax(jurisdiction: str) -> str:
    """What is owed to a tax office."""
    return f"tax:{jurisdiction}"


def credit(payer: str) -> str:
    """What a payer has with us."""
    return f"credit:{payer}"


def earned(total: int, parts: Sequence[Posting], before: int, after: int) -> list[Posting]:
    """How the accounts that share `total` change when what was taken of it goes from `before` to `after`.

    `parts` are the accounts with their shares of the total. The split of every sum taken is that of the sum itself, so
    taking it in pieces, or giving pieces back, ends where taking it at once does.
    """
    if not total:
        return [(account, 0) for account, _ in parts]
    weights = [amount for _, amount in parts]
    was, is_ = apportion(before, weights), apportion(after, weights)
    return [(account, old - new) for (account, _), old, new in zip(parts, was, is_, strict=True)]


def nonzero(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Without those of nothing, and one for each account."""
    sums: dict[str, int] = {}
    for account, amount in postings:
        sums[account] = sums.get(account, 0) + amount
    return tuple((account, amount) for account, amount in sums.items() if amount)


class PostedRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A posting as its document holds it."""

    entity: str
    kind: str
    at: int
    account: str
    currency: str
    amount: int
    source: str
    provider: str
    therapist: str
    service: str
    recovered: bool
    bill: str = ""


def views_of(entity_id: str, seq: int, at_ms: int, entries: Sequence[LedgerEntry]) -> list[View]:
    """The documents of what an event posted. Raises ValueError: it does not sum to zero."""
    made: list[View] = []
    for number, entry in enumerate(entries):
        if sum(amount for _, amount in entry.postings):
            raise ValueError("postings sum to zero")
        for place, (account, amount) in enumerate(entry.postings):
            id_ = f"{entity_id}#{seq}.{number}.{place}"
            row = PostedRow(
                entity=entity_id,
                kind=entry.kind,
                at=at_ms,
                account=account,
                currency=entry.currency,
                amount=amount,
                source=entry.source,
                provider=entry.provider,
                therapist=entry.therapist,
                service=entry.service,
                recovered=entry.recovered,
                bill=entity_id.partition(":")[2] if entity_id.startswith("bill:") else "",
            )
            fields: dict[str, str | int | bool | None] = {
                "account": account,
                "currency": entry.currency,
                "amount": amount,
                "kind": entry.kind,
                "at": at_ms,
                "source": entry.source,
                "order": f"{at_ms:015d}|{id_}",
            }
            made.append(View(collection=POSTINGS, id=id_, version=seq, fields=fields, data=msgspec.msgpack.encode(row)))
    return made
