"""What happens to a payee. Each event holds all that is true afterwards."""

import msgspec

from actors.kernel.contract.entity import Event
from actors.payments.ledger import LedgerEntry
from actors.payments.payee.state import PayeeRecord, PayoutRecord


class PayoutAsked(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An activity: `payload` is a packed `activities.Ask`."""

    connector: str
    key: str
    payload: bytes


class PayeeChanged(Event, frozen=True, kw_only=True, tag="changed"):
    """`record` is what the payee is now. `payouts`: those that are not what they were. `entries`: the money that moved.
    `bound`: objects of providers that are known to be theirs. `linked`: the secret is the page of the account."""

    change: str
    record: PayeeRecord
    payouts: tuple[PayoutRecord, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    asked: tuple[PayoutAsked, ...] = ()
    bound: tuple[str, ...] = ()
    arrival: str = ""
    linked: bool = False
