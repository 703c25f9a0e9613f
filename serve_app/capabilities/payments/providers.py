"""The port to payment providers: what one must be able to do. docs/payment-providers.md shows how one is added.

A provider answers with what it read, never with what it was told: a payment comes whole, with all refunds and disputes.
Calls end as those of every connector do: they return, or raise `Refused`, `Later`, `Misconfigured` or `Erased` of
`serve_app.activities.connector`. A card that is declined is an answer (`PaymentSeen.error`), no refusal. Every provider
passes `tests/contract/providers.py`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import msgspec

from actors.payments.activities import (
    AccountSeen,
    AnswerDispute,
    AttachMethod,
    Begin,
    Capture,
    Confirm,
    CustomerSeen,
    Detach,
    EraseCustomer,
    OpenAccount,
    OpenCustomer,
    PaymentSeen,
    Read,
    ReadMethods,
    ReadTransfer,
    Refund,
    ReverseTransfer,
    SetUp,
    Transfer,
    TransferSeen,
    Void,
)
from actors.payments.standing import (
    ChangeProviderSubscription,
    EndSubscription,
    MeterUse,
    OpenSubscription,
    PreviewSubscription,
    SubscriptionSeen,
)
from serve_app.activities.connector import Refused


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a call. `ref` is the activity's, the same on every attempt, and goes into the object's metadata;
    `key` is what the provider recognises a repeat by: `ref`, but where it repeats a stored failure under that.
    `made_at_ms` is when the call came to be owed."""

    key: str
    ref: str
    made_at_ms: int


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a provider's statement. `ref`: its own id; `source`: of what moved the money, the object that our
    entries name. `amount` is what came (or went, below 0), before `fee`."""

    ref: str
    source: str
    kind: str
    amount: int
    fee: int
    currency: str
    at_ms: int


class PaymentProvider(Protocol):
    """Moves money from payers, and back. What it cannot look for, `find` does not find: None."""

    name: str

    async def begin(self, ask: Begin, attempt: Attempt) -> PaymentSeen:
        """Make a payment."""
        ...

    async def confirm(self, ask: Confirm, attempt: Attempt) -> PaymentSeen:
        """Go on with it."""
        ...

    async def capture(self, ask: Capture, attempt: Attempt) -> PaymentSeen:
        """Take what is held, or a part of it. One that is beyond that is answered as it is."""
        ...

    async def void(self, ask: Void, attempt: Attempt) -> PaymentSeen:
        """Give it up. One that is beyond that is answered as it is."""
        ...

    async def refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen:
        """Return money."""
        ...

    async def read(self, ask: Read, attempt: Attempt) -> PaymentSeen:
        """Read it."""
        ...

    async def find_begun(self, ask: Begin, attempt: Attempt) -> PaymentSeen | None:
        """The payment that was made under `attempt.ref`."""
        ...

    async def find_refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen | None:
        """The payment, if a refund was made under `attempt.ref`."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


@runtime_checkable
class CustomerProvider(Protocol):
    """Keeps means of payment for payers who come back."""

    async def open_customer(self, ask: OpenCustomer, attempt: Attempt) -> CustomerSeen:
        """Make a record of a payer, with nothing of the person in it."""
        ...

    async def find_customer(self, ask: OpenCustomer, attempt: Attempt) -> CustomerSeen | None:
        """The one that was made under `attempt.ref`."""
        ...

    async def erase_customer(self, ask: EraseCustomer, attempt: Attempt) -> CustomerSeen:
        """Delete it, with its methods. One that is gone is answered as gone."""
        ...

    async def set_up(self, ask: SetUp, attempt: Attempt) -> CustomerSeen:
        """Begin to save a method."""
        ...

    async def attach(self, ask: AttachMethod, attempt: Attempt) -> CustomerSeen:
        """Keep a method."""
        ...

    async def detach(self, ask: Detach, attempt: Attempt) -> CustomerSeen:
        """Forget one. The answer names no customer."""
        ...

    async def read_methods(self, ask: ReadMethods, attempt: Attempt) -> CustomerSeen:
        """All methods."""
        ...


@runtime_checkable
class DisputeProvider(Protocol):
    """Takes evidence."""

    async def answer_dispute(self, ask: AnswerDispute, attempt: Attempt) -> PaymentSeen:
        """Send it, once; or give up."""
        ...


@runtime_checkable
class PayoutProvider(Protocol):
    """Pays others their share."""

    async def open_account(self, ask: OpenAccount, attempt: Attempt) -> AccountSeen:
        """An account, and the page on which its owner completes it."""
        ...

    async def transfer(self, ask: Transfer, attempt: Attempt) -> TransferSeen:
        """Pay."""
        ...

    async def find_transfer(self, ask: Transfer, attempt: Attempt) -> TransferSeen | None:
        """The one that was made under `attempt.ref`."""
        ...

    async def read_transfer(self, ask: ReadTransfer, attempt: Attempt) -> TransferSeen:
        """Read one. Raises Refused (`resource_missing`): there is none, and never was."""
        ...

    async def reverse_transfer(self, ask: ReverseTransfer, attempt: Attempt) -> TransferSeen:
        """Take it back."""
        ...

    async def find_reversal(self, ask: ReverseTransfer, attempt: Attempt) -> TransferSeen | None:
        """The transfer, if it was reversed under `attempt.ref`."""
        ...


@runtime_checkable
class SubscriptionProvider(Protocol):
    """Runs subscriptions of its own."""

    async def open_subscription(self, ask: OpenSubscription, attempt: Attempt) -> SubscriptionSeen:
        """Begin one."""
        ...

    async def find_subscription(self, ask: OpenSubscription, attempt: Attempt) -> SubscriptionSeen | None:
        """The one that was made under `attempt.ref`."""
        ...

    async def read_subscription(self, ref: str) -> SubscriptionSeen:
        """Read it, with its last invoices."""
        ...

    async def change_subscription(self, ask: ChangeProviderSubscription, attempt: Attempt) -> SubscriptionSeen:
        """Other terms. Again it changes nothing."""
        ...

    async def end_subscription(self, ask: EndSubscription, attempt: Attempt) -> SubscriptionSeen:
        """End it. One that has ended is answered as it is."""
        ...

    async def preview_subscription(self, ask: PreviewSubscription, attempt: Attempt) -> SubscriptionSeen:
        """What other terms would cost."""
        ...

    async def meter_use(self, ask: MeterUse, attempt: Attempt) -> SubscriptionSeen:
        """Count a use, once."""
        ...


@runtime_checkable
class Statements(Protocol):
    """Says what has moved, for reconciliation."""

    def movements(self, from_ms: int, to_ms: int) -> AsyncIterator[Movement]:
        """All that moved in [from_ms, to_ms), a page at a time, in no order that is promised."""
        ...

    async def balance(self, currency: str) -> int:
        """What the account holds, available or not yet."""
        ...


def unsupported(name: str) -> Refused:
    """This provider does not do such things."""
    return Refused("unsupported", f"{name} does not do this.")
