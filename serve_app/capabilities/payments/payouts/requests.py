"""What may be asked of payouts, at both doors."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.payments.payee.answers import PayoutReply
from common.decoding import Id, Request
from common.money import Currency
from serve_app.capabilities.payments.bills.requests import Cursor, Limit
from serve_app.edge.operation import Repeatable


class ListPayouts(Request, frozen=True, kw_only=True):
    """Payouts, the newest first: one's own, for administrators all."""

    therapist_id: Id | None = None
    status: Literal["pending", "paid", "failed", "reversed"] | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class OfPayout(Request, frozen=True, kw_only=True):
    """One payout."""

    payout_id: Id


class PayoutBalance(Request, frozen=True, kw_only=True):
    """What one is owed."""

    therapist_id: Id | None = None
    currency: Currency | None = None


class PayoutAccount(Request, frozen=True, kw_only=True):
    """The account to which one is paid."""

    therapist_id: Id | None = None


class OpenAccountBody(Request, Repeatable, frozen=True, kw_only=True):
    """Be paid by this provider. `return_url`: where its page leads back to; without it, to the app."""

    provider: Annotated[str, Meta(max_length=32)] | None = None
    therapist_id: Id | None = None
    return_url: Annotated[str, Meta(max_length=2000, pattern=r"\Ahttps?://\S+\Z")] | None = None


class RunPayouts(Request, Repeatable, frozen=True, kw_only=True):
    """Pay out what is due: to one, or to all who have an account."""

    therapist_id: Id | None = None


class PayoutsMade(msgspec.Struct, frozen=True, kw_only=True):
    """The payouts that were made."""

    items: list[PayoutReply]
