"""What can be asked of a payee, as it travels from region to shard."""

import msgspec

from actors.kernel.contract.entity import Command, Query
from actors.payments.payee.state import PayeeRecord


class PayeeView(msgspec.Struct, frozen=True, kw_only=True):
    """A payee. `link`: the page on which the owner completes the account. `made`: the payouts that a run has made."""

    record: PayeeRecord
    version: int
    link: str = ""
    made: tuple[str, ...] = ()


class PayeeOf(Query, frozen=True, kw_only=True):
    """The same, to be read from the journal."""

    record: PayeeRecord
    made: tuple[str, ...] = ()


class Earn(Command[None], frozen=True, kw_only=True, tag="earn"):
    """A letter of a bill: the share of what was taken for it, or (below 0) of what went back. `release`: from when on
    it is paid out; 0: once `Finish` says so."""

    bill: str
    gross: int
    share: int
    fee: int
    currency: str
    release: int


class Finish(Command[None], frozen=True, tag="finish"):
    """A letter of a bill: its session is over, or will not be; what is owed for it is paid out from then on."""

    bill: str
    release: int


class OpenPayoutAccount(Command[PayeeView], frozen=True, kw_only=True, tag="account"):
    """Be paid by this provider. Of an account that is there, a new page on which it is completed."""

    provider: str
    return_url: str


class PayOut(Command[PayeeView], frozen=True, kw_only=True, tag="pay_out"):
    """Pay what is due. `named`: this therapist is meant, not all of them: without an account they are paid by hand."""

    named: bool = False


class ReadPayee(Command[PayeeView], frozen=True, tag="read"):
    """What they are owed, and their account."""


class LookAtAccount(Command[PayeeView], frozen=True, kw_only=True, tag="look"):
    """The same, and the account is read at its provider if nothing has been heard of it for `stale_ms`: whatever told
    of it may be lost."""

    stale_ms: int


class PayoutsDue(Command[None], frozen=True, tag="due"):
    """A timer: the day for which a payout was planned has come."""

    day: int


class AccountHeard(Command[None], frozen=True, kw_only=True, tag="seen"):
    """A letter: something happened to the provider's account, to a transfer (`ref`), or to money on its way from the
    account to a bank (any other `ref`)."""

    provider: str
    ref: str
    arrival: str = ""
    created: int = 0


PayeeCommand = Earn | Finish | OpenPayoutAccount | PayOut | ReadPayee | LookAtAccount | PayoutsDue | AccountHeard
BY_SYSTEM = (Earn, Finish, PayoutsDue, AccountHeard)
