"""What clients may ask of prices, at both doors."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.payments.coupon.entity import CouponBody
from actors.payments.pricing.quote import Adjustment, Code, CodeShare
from actors.payments.tariff.body import Share, TariffBody, TierName
from common.decoding import Id, Request
from common.money import Currency, PositiveAmount
from serve_app.capabilities.payments.bills.requests import Cursor, Instant, Limit
from serve_app.edge.operation import Versioned

Codes = Annotated[tuple[Code, ...], Meta(max_length=10)]


class OfPricing(Request, frozen=True, kw_only=True):
    """The prices of a therapist."""

    therapist_id: Id


class SetPricing(TariffBody, frozen=True, kw_only=True):
    """Say what one's services cost."""

    therapist_id: Id
    version: int | None = None


class SetTierBody(Request, frozen=True, kw_only=True):
    """Put a client into a tier, or (without one) into none."""

    therapist_id: Id
    client_id: Id
    tier: TierName | None = None


class QuotePrice(Request, frozen=True, kw_only=True):
    """What would it cost?"""

    therapist_id: Id
    service_id: Id
    start: Instant
    duration_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    minutes: Annotated[int, Meta(ge=0, le=1440)] | None = None
    codes: Codes = ()
    client_id: Id | None = None


class CreateDiscount(CouponBody, frozen=True, kw_only=True):
    """Make a code."""


class UpdateDiscount(Request, Versioned, frozen=True, kw_only=True):
    """Change a code: what is not named stays."""

    code: Code
    percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    amount: PositiveAmount | None = None
    currency: Currency | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    max_uses: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    max_uses_per_client: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    service_ids: Annotated[list[Id], Meta(max_length=100)] | None = None
    therapist_ids: Annotated[list[Id], Meta(max_length=100)] | None = None
    first_booking_only: bool | None = None
    stackable: bool | None = None


class OfDiscount(Request, frozen=True, kw_only=True):
    """One code."""

    code: Code


class ListDiscounts(Request, frozen=True, kw_only=True):
    """All codes."""

    cursor: Cursor | None = None
    limit: Limit = 50


class CheckDiscount(Request, frozen=True, kw_only=True):
    """Could this code be used?"""

    code: Code
    therapist_id: Id | None = None
    service_id: Id | None = None


class PricingReply(TariffBody, frozen=True, kw_only=True):
    """A tariff. `tier`: the one that the caller is in."""

    therapist_id: str
    version: int
    no_show_percent: Share
    tier: str | None = None


class QuoteReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A price with all its steps."""

    quote_id: str
    currency: str
    base: int
    adjustments: list[Adjustment]
    adjusted: int
    discounts: list[CodeShare]
    discount: int
    net: int
    tax: int
    tax_rate: str
    total: int
    explanation: list[str]
    expires_at: str
    tax_reason: str | None = None


class DiscountReply(CouponBody, frozen=True, kw_only=True):
    """A code, and how often it is used and reserved."""

    uses: int
    reserved: int
    version: int
    first_booking_only: bool
    stackable: bool


class DiscountPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of codes."""

    items: list[DiscountReply]
    next_cursor: str | None = None


class CheckedDiscount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a code is worth; or why it cannot be used."""

    valid: bool
    code: str
    percent: int | None = None
    amount: int | None = None
    reason: str | None = None
