"""Payers and their methods as they see them themselves."""

from typing import Final

import msgspec

from actors.payments.payer.commands import PayerView
from actors.payments.payer.state import MethodRecord, PayerRecord
from common.clock import to_rfc3339
from common.persons import UserId

_SOON_MONTHS: Final = 2


class MethodReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A means of payment. `backs`: what is to be paid by it, as it is when somebody looks; an event, which is told of
    the method alone, leaves it out."""

    method_id: str
    provider: str
    type: str
    default: bool
    expires_soon: bool
    created_at: str
    backs: list[str] | None = None
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


class MethodPage(msgspec.Struct, frozen=True, kw_only=True):
    """All methods of a payer."""

    items: list[MethodReply]


class SetupReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser needs to save a method."""

    setup: dict[str, str]


class ValidReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Can be paid with it?"""

    valid: bool
    checked_at: str
    expires_soon: bool
    reason: str | None = None


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where somebody lives."""

    line1: str
    postal_code: str
    city: str
    country: str
    line2: str | None = None


class CustomerReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who pays, as they wrote it."""

    payer_id: UserId
    business: bool
    version: int
    providers: list[str]
    name: str | None = None
    email: str | None = None
    address: Address | None = None
    tax_id: str | None = None
    language: str | None = None
    guarantor_id: UserId | None = None
    guarantor_asked_id: UserId | None = None
    erasing: bool = False


def method_reply(record: PayerRecord, method: MethodRecord, now_ms: int, backs: list[str] | None = None) -> MethodReply:
    """The method."""
    seen, default = method.seen, record.default_method
    return MethodReply(
        method_id=method.id,
        provider=method.provider,
        type=seen.type,
        default=default is not None and default.id == method.id,
        expires_soon=expires_within(method, now_ms, _SOON_MONTHS),
        backs=backs,
        created_at=to_rfc3339(method.created),
        brand=seen.brand or None,
        last4=seen.last4 or None,
        exp_month=seen.exp_month or None,
        exp_year=seen.exp_year or None,
    )


def expires_within(method: MethodRecord, now_ms: int, months: int) -> bool:
    """Does it end before so many months from now have passed? What has no end does not."""
    seen = method.seen
    if not seen.exp_year:
        return False
    year, month = (int(part) for part in to_rfc3339(now_ms)[:7].split("-"))
    return seen.exp_year * 12 + seen.exp_month < year * 12 + month + months


def customer_reply(view: PayerView) -> CustomerReply:
    """The payer."""
    record = view.record
    known = msgspec.json.decode(view.profile) if view.profile else {}
    address = known.get("address")
    return CustomerReply(
        payer_id=record.id,
        business=record.business,
        version=view.version,
        providers=sorted(record.customers),
        name=known.get("name"),
        email=known.get("email"),
        address=msgspec.convert(address, Address) if address else None,
        tax_id=known.get("tax_id"),
        language=record.language or None,
        guarantor_id=record.guarantor or None,
        guarantor_asked_id=record.asked or None,
        erasing=record.erasing,
    )
