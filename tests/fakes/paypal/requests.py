"""What PayPal takes: members that it does not know are refused, as are sums that are no sums."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=255)]
Value = Annotated[str, Meta(pattern=r"\A[0-9]{1,8}(\.[0-9]{1,3})?\Z")]


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """Base of them."""


class Money(_Body):
    currency_code: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
    value: Value


class Unit(_Body):
    amount: Money
    reference_id: Text = "default"
    custom_id: Text | None = None
    description: Annotated[str, Meta(max_length=127)] | None = None
    invoice_id: Text | None = None


class Context(_Body):
    return_url: Text | None = None
    cancel_url: Text | None = None
    shipping_preference: Literal["GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"] = "GET_FROM_FILE"
    user_action: Literal["CONTINUE", "PAY_NOW"] = "CONTINUE"


class Wallet(_Body):
    experience_context: Context


class Source(_Body):
    paypal: Wallet


class OrderBody(_Body):
    intent: Literal["CAPTURE", "AUTHORIZE"]
    purchase_units: Annotated[list[Unit], Meta(min_length=1, max_length=10)]
    payment_source: Source | None = None


class CaptureBody(_Body):
    amount: Money | None = None
    final_capture: bool = False
    invoice_id: Text | None = None


class RefundBody(_Body):
    amount: Money | None = None
    custom_id: Text | None = None
    invoice_id: Text | None = None


class AgainBody(_Body):
    amount: Money | None = None


class NoBody(_Body):
    """Nothing is said."""
