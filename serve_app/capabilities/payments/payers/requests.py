"""What clients may ask of payers, at both doors."""

from typing import Annotated

from msgspec import Meta

from actors.payments.payer.answers import Address
from common.decoding import Id, Request
from common.lines import Line
from serve_app.capabilities.payments.bills.requests import Provider
from serve_app.edge.operation import Repeatable, Versioned

Email = Annotated[str, Meta(max_length=254, pattern=r"\A[^@\s]+@[^@\s]+\Z")]
Language = Annotated[str, Meta(pattern=r"\A[a-z]{2}(?:-[A-Z]{2})?\Z")]
Name = Annotated[Line, Meta(min_length=1, max_length=256)]


class CustomerBody(Request, Versioned, frozen=True, kw_only=True, omit_defaults=True):
    """Who pays, as they write it."""

    name: Name | None = None
    email: Email | None = None
    address: Address | None = None
    tax_id: Annotated[Line, Meta(max_length=64)] | None = None
    business: bool | None = None
    language: Language | None = None


class CreateCustomer(CustomerBody, frozen=True, kw_only=True, omit_defaults=True):
    """Say who pays. Of oneself, unless staff says it."""

    payer_id: Id | None = None


class UpdateCustomer(CustomerBody, frozen=True, kw_only=True, omit_defaults=True):
    """The same, changed: what is not named stays."""

    payer_id: Id


class OfPayer(Request, frozen=True, kw_only=True):
    """Something about one payer."""

    payer_id: Id


class CustomerToErase(Request, Versioned, frozen=True, kw_only=True):
    """Forget a payer, here and at every provider."""

    payer_id: Id


class MergeCustomers(Request, Versioned, frozen=True, kw_only=True):
    """Make one of two payers: what `payer_id` would pay, `into` pays from now on."""

    payer_id: Id
    into: Id


class ProposeGuarantorBody(Request, Versioned, frozen=True, kw_only=True):
    """Ask somebody to pay in one's place."""

    payer_id: Id


class AcceptGuarantorBody(Request, frozen=True, kw_only=True):
    """Pay for somebody who asked."""

    client_id: Id


class EndGuarantorBody(Request, frozen=True, kw_only=True):
    """Pay for oneself again; or, with `client_id`, for nobody else any more."""

    client_id: Id | None = None


class ListMethods(Request, frozen=True, kw_only=True):
    """One's own methods; for staff those of a payer."""

    payer_id: Id | None = None


class AddMethodBody(Request, Repeatable, frozen=True, kw_only=True):
    """Save a method: begin, or name the token that the provider's page gave."""

    provider: Provider | None = None
    token: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,128}\Z")] | None = None


class OfMethod(Request, frozen=True, kw_only=True):
    """Something about one method."""

    method_id: Id
