"""What clients may ask of bills and payments, at both doors."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.payments.taxes import Category
from common.decoding import INSTANT_PATTERN, Id, Request
from common.lines import Line
from common.money import Amount, Currency, PositiveAmount
from serve_app.edge.operation import Repeatable, Versioned

Text = Annotated[Line, Meta(min_length=1, max_length=500)]
Url = Annotated[str, Meta(pattern=r"\Ahttps?://[^\s]{1,2000}\Z")]
Provider = Annotated[str, Meta(pattern=r"\A[a-z]{2,32}\Z")]
Instant = Annotated[str, Meta(pattern=INSTANT_PATTERN)]
Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=512)]
Reason = Literal["requested_by_customer", "duplicate", "fraudulent", "other"]


class CreatePaymentIntent(Request, Repeatable, frozen=True, kw_only=True):
    """Begin to pay a bill, or go on."""

    bill_id: Id | None = None
    booking_id: Id | None = None
    provider: Provider | None = None
    method_id: Id | None = None
    save_method: bool = False
    amount: Amount | None = None
    currency: Currency | None = None
    return_url: Url | None = None


class ProviderResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a provider's page gave the browser."""

    razorpay_payment_id: Annotated[str, Meta(max_length=64)] = ""
    razorpay_order_id: Annotated[str, Meta(max_length=64)] = ""
    razorpay_signature: Annotated[str, Meta(max_length=128)] = ""
    order_id: Annotated[str, Meta(max_length=64)] = ""


class ConfirmPaymentRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Confirm a payment."""

    payment_id: Id
    method_id: Id | None = None
    result: ProviderResult | None = None


class OfPayment(Request, frozen=True, kw_only=True):
    """Something about one payment."""

    payment_id: Id


class PaymentHistory(Request, frozen=True, kw_only=True):
    """What was paid, by time, the newest first."""

    payer_id: Id | None = None
    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)
    kind: Literal["charge", "refund", "dispute", "dispute_won", "payout", "credit"] | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class RefundPayment(Request, Repeatable, frozen=True, kw_only=True):
    """Give money back."""

    bill_id: Id | None = None
    booking_id: Id | None = None
    payment_id: Id | None = None
    amount: PositiveAmount | None = None
    reason: Reason = "requested_by_customer"
    note: Annotated[Line, Meta(max_length=500)] | None = None


class PayBooking(Request, Repeatable, frozen=True, kw_only=True):
    """Pay for a session."""

    booking_id: Id
    method_id: Id | None = None
    provider: Provider | None = None
    amount: Amount | None = None
    currency: Currency | None = None


class RefundBooking(Request, Repeatable, frozen=True, kw_only=True):
    """Give money for a session back."""

    booking_id: Id
    amount: PositiveAmount | None = None
    reason: Reason = "requested_by_customer"


class LineBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of a bill."""

    description: Text
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    unit_amount: Amount
    tax_category: Category | None = None


Lines = Annotated[list[LineBody], Meta(min_length=1, max_length=100)]


class CreateBill(Request, Repeatable, frozen=True, kw_only=True):
    """Bill somebody."""

    payer_id: Id
    currency: Currency
    lines: Lines
    client_id: Id | None = None
    beneficiary_id: Id | None = None
    due_at: Instant | None = None
    capture: Literal["now", "on_completion"] = "now"


class OfBill(Request, frozen=True, kw_only=True):
    """Something about one bill."""

    bill_id: Id


class ChangeBill(Request, Versioned, frozen=True, kw_only=True):
    """Other lines, while nobody pays."""

    bill_id: Id
    lines: Lines
    due_at: Instant | None = None


class CloseBill(Request, Versioned, frozen=True, kw_only=True):
    """Void it, or write it off."""

    bill_id: Id


class PayBill(Request, Repeatable, frozen=True, kw_only=True):
    """Pay a bill; staff books money in."""

    bill_id: Id
    method_id: Id | None = None
    provider: Provider | None = None
    amount: Amount | None = None
    currency: Currency | None = None


class ListBills(Request, frozen=True, kw_only=True):
    """Bills, the newest first."""

    payer_id: Id | None = None
    booking_id: Id | None = None
    subscription_id: Id | None = None
    status: Literal["open", "authorized", "paid", "refunded", "void", "uncollectible"] | None = None
    cursor: Cursor | None = None
    limit: Limit = 50
