"""What entities ask of payment providers, and what those answer: the payloads and results of the activities of the
connectors `stripe`, `paypal` and `razorpay`.

An entity asks with one `Ask`; the connector answers with one `Observed`: the provider's object as it was read at that
moment. Webhooks, polls and imports say that there is something to read; what counts is what was read. Payloads hold ids
and amounts only. A payment's asks go in one lane of its bill, so they are carried out one at a time.
"""

from typing import Final, Literal

import msgspec

from actors.payments.standing import StandingAsk, SubscriptionSeen

PROVIDERS: Final = ("stripe", "paypal", "razorpay")
"""Those with a connector. `manual` has none: staff books the money in."""
LANE: Final = "money"
"""Of a bill, a payer and a payee: what is asked of a provider for one of them is asked in order."""

PaymentStatus = Literal[
    "creating",
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
]
RefundStatus = Literal["pending", "succeeded", "failed", "canceled"]
Reason = Literal["requested_by_customer", "duplicate", "fraudulent", "other"]
RANK: Final[dict[PaymentStatus, int]] = {
    "creating": 0,
    "requires_payment_method": 1,
    "requires_confirmation": 1,
    "requires_action": 1,
    "processing": 2,
    "requires_capture": 3,
    "succeeded": 4,
    "canceled": 4,
}
"""A status gives way to one of no lower rank only. Those of rank 4 are final."""


class _Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of them. `bill`: its id, for the metadata ("": none)."""

    bill: str = ""


class Begin(_Ask, frozen=True, kw_only=True, tag="begin"):
    """Make a payment. With a `method` (the provider's id) it is confirmed at once.

    `hold`: authorise now, capture later. `save`: keep the method for later. `off_session`: nobody is there to act.
    `challenge`: ask for 3-D Secure. `customer`: the provider's id of the payer, "" where they have none.
    `setup`: save a method and charge nothing (`amount` 0).
    """

    amount: int
    currency: str
    hold: bool = False
    customer: str = ""
    method: str = ""
    save: bool = False
    off_session: bool = False
    challenge: bool = False
    setup: bool = False
    return_url: str = ""


class Confirm(_Ask, frozen=True, kw_only=True, tag="confirm"):
    """Confirm a payment: with a `method`, or with what the provider's own page gave the browser (`result`)."""

    ref: str
    method: str = ""
    result: dict[str, str] = {}
    return_url: str = ""


class Capture(_Ask, frozen=True, kw_only=True, tag="capture"):
    """Take `amount` of what is authorised and release the rest."""

    ref: str
    amount: int
    currency: str


class Void(_Ask, frozen=True, kw_only=True, tag="void"):
    """Give up a payment of which nothing was captured."""

    ref: str


class Refund(_Ask, frozen=True, kw_only=True, tag="refund"):
    """Return `amount` of what was captured. `refund` is our id of it, for the metadata (`carewire_refund`)."""

    ref: str
    refund: str
    amount: int
    currency: str
    reason: Reason = "requested_by_customer"


class Read(_Ask, frozen=True, kw_only=True, tag="read"):
    """Read a payment with its refunds and disputes; where `ref` is "", the one that was made under `key`
    (our activity's key as the provider knows it)."""

    ref: str = ""
    key: str = ""


class AnswerDispute(_Ask, frozen=True, kw_only=True, tag="answer_dispute"):
    """Send evidence (Stripe's members), or with `accept` give the dispute up."""

    ref: str
    dispute: str
    evidence: dict[str, str] = {}
    accept: bool = False


class OpenCustomer(_Ask, frozen=True, kw_only=True, tag="open_customer"):
    """Make a customer: an opaque `payer` mark, and nothing else of the person."""

    payer: str


class EraseCustomer(_Ask, frozen=True, kw_only=True, tag="erase_customer"):
    """Delete a customer and all methods."""

    customer: str


class SetUp(_Ask, frozen=True, kw_only=True, tag="set_up"):
    """Begin to save a method: the browser does the rest."""

    customer: str


class AttachMethod(_Ask, frozen=True, kw_only=True, tag="attach"):
    """Keep the method that this token names."""

    customer: str
    token: str


class Detach(_Ask, frozen=True, kw_only=True, tag="detach"):
    """Forget a method."""

    method: str


class ReadMethods(_Ask, frozen=True, kw_only=True, tag="read_methods"):
    """All methods of a customer."""

    customer: str


class OpenAccount(_Ask, frozen=True, kw_only=True, tag="open_account"):
    """An account for payouts, and a link to its onboarding. `account`: the one that is there."""

    payee: str
    account: str = ""
    return_url: str = ""


class Transfer(_Ask, frozen=True, kw_only=True, tag="transfer"):
    """Pay out. `payout`: our mark of it, for the metadata (`carewire_payout`)."""

    payout: str
    account: str
    amount: int
    currency: str


class ReadTransfer(_Ask, frozen=True, kw_only=True, tag="read_transfer"):
    """Read a payout; where `ref` is "", the one that was made for `payout` to `account`."""

    payout: str
    account: str
    ref: str = ""


class ReverseTransfer(_Ask, frozen=True, kw_only=True, tag="reverse_transfer"):
    """Take a payout back."""

    payout: str
    ref: str
    amount: int


PaymentAsk = Begin | Confirm | Capture | Void | Refund | Read | AnswerDispute
CustomerAsk = OpenCustomer | EraseCustomer | SetUp | AttachMethod | Detach | ReadMethods
AccountAsk = OpenAccount | Transfer | ReadTransfer | ReverseTransfer
Ask = PaymentAsk | CustomerAsk | AccountAsk | StandingAsk


class MethodSeen(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A means of payment. `ref`: the provider's id ("": it cannot be used again). `fingerprint`: the same for the same
    card, opaque."""

    ref: str
    type: str
    brand: str = ""
    last4: str = ""
    exp_month: int = 0
    exp_year: int = 0
    country: str = ""
    fingerprint: str = ""


class CardError(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Why it failed, in the provider's codes; `message` is ours, safe to show."""

    code: str
    message: str
    decline_code: str = ""
    retryable: bool = True


class RefundSeen(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A refund. `refund`: our id of it, "" where it was made by hand at the provider. `fee`: what the provider gave
    back of its fee (positive) or took for it (negative)."""

    ref: str
    amount: int
    status: RefundStatus
    refund: str = ""
    reason: str = ""
    fee: int = 0


class DisputeSeen(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A dispute. `status` as Stripe says it; `withdrawn`: the money was taken; `fee`: what was taken for it;
    `due_ms`: 0 for none."""

    ref: str
    amount: int
    status: str
    reason: str = ""
    fee: int = 0
    withdrawn: bool = True
    due_ms: int = 0


class PaymentSeen(msgspec.Struct, frozen=True, kw_only=True, tag="payment"):
    """A payment as its provider says it is.

    `native` is the provider's own word; one that is unknown to us is `processing` with `known` false. `authorized` is
    what can be captured by now; `captured` all that ever was; `refunds` all there are. `fee` is None until it is known.
    `client`: what the payer's browser needs (`client_secret`, `approve_url`, ...): secret. `setup`: it is a
    SetupIntent, which charges nothing. `aliases`: other ids by which the provider tells of it.
    """

    ref: str
    status: PaymentStatus
    currency: str
    amount: int
    authorized: int = 0
    captured: int = 0
    fee: int | None = None
    capture_before_ms: int = 0
    native: str = ""
    known: bool = True
    method: MethodSeen | None = None
    customer: str = ""
    client: dict[str, str] = {}
    error: CardError | None = None
    refunds: tuple[RefundSeen, ...] = ()
    disputes: tuple[DisputeSeen, ...] = ()
    setup: bool = False
    aliases: tuple[str, ...] = ()


class CustomerSeen(msgspec.Struct, frozen=True, kw_only=True, tag="customer"):
    """A customer: `gone` once it is deleted; `client` is what a browser needs to save a method: secret."""

    ref: str
    gone: bool = False
    methods: tuple[MethodSeen, ...] | None = None
    client: dict[str, str] = {}
    error: CardError | None = None


class AccountSeen(msgspec.Struct, frozen=True, kw_only=True, tag="account"):
    """An account for payouts. `url`: its onboarding, where that was asked for: secret. `held`: what lies in it, by
    currency, where it takes no payouts."""

    ref: str
    payouts_enabled: bool
    requirements: tuple[str, ...] = ()
    url: str = ""
    held: dict[str, int] = {}


class TransferSeen(msgspec.Struct, frozen=True, kw_only=True, tag="transfer"):
    """A payout."""

    ref: str
    amount: int
    reversed: int = 0
    status: Literal["pending", "paid", "failed"] = "paid"


Observed = PaymentSeen | CustomerSeen | AccountSeen | TransferSeen | SubscriptionSeen

encode: Final = msgspec.msgpack.Encoder().encode
decode_ask: Final = msgspec.msgpack.Decoder(Ask).decode
decode_observed: Final = msgspec.msgpack.Decoder(Observed).decode
