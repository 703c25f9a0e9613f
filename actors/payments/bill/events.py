"""What happens to a bill. Each event holds all that is true afterwards: read models and reactions need nothing else."""

import msgspec

from actors.kernel.contract.entity import Event
from actors.payments.bill.state import BillRecord
from actors.payments.ledger import LedgerEntry


class ProviderCall(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Something is asked of a provider: an activity. `payload` is a packed `activities.Ask` without anything secret;
    where there is something, it is the event's secret, sealed under the payer's key."""

    connector: str
    key: str
    payload: bytes = b""
    sealed: bool = False


class BillChanged(Event, frozen=True, kw_only=True, tag="changed"):
    """Something happened to the bill; `record` is what it is now.

    `changed` are the ids of its payments, refunds and disputes that are not what they were. `entries`: the money that
    moved. `bound`: objects of providers that are known to be its. `asked`: what is asked of providers. `arrivals`: the
    webhooks that this answers. `release`: codes that are free again. `letters`: what other bills are told. The secret,
    if any, is what `secret_of` says: the texts of the lines (`texts`), what the payer's browser needs (`client`), what
    a provider is asked (`ask`), evidence, or what was noted of refunds (`note` and their ids).
    """

    change: str
    record: BillRecord
    changed: tuple[str, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    asked: tuple[ProviderCall, ...] = ()
    arrivals: tuple[str, ...] = ()
    secret_of: str = ""
    release: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    letters: tuple[tuple[str, bytes], ...] = ()


class Heard(Event, frozen=True, kw_only=True, tag="heard"):
    """A provider says that there is something to read, or has been read: nothing changed but that."""

    record: BillRecord
    asked: tuple[ProviderCall, ...] = ()
    arrivals: tuple[str, ...] = ()
    letters: tuple[tuple[str, bytes], ...] = ()


BillEvent = BillChanged | Heard
