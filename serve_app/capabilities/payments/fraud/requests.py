"""What staff may ask of rules and reviews, at both doors."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.payments.fraud.scoring import Rule
from common.decoding import Id, Request
from common.persons import OtherId, UserId
from serve_app.capabilities.payments.bills.requests import Cursor, Limit
from serve_app.edge.operation import Repeatable, Versioned


class GetFraudRules(Request, frozen=True, kw_only=True):
    """The rules that payments are looked at by."""


class SetFraudRulesBody(Request, Versioned, frozen=True, kw_only=True):
    """Other rules."""

    rules: Annotated[list[Rule], Meta(max_length=100)]


class FraudRulesReply(msgspec.Struct, frozen=True, kw_only=True):
    """The rules."""

    rules: list[Rule]
    version: int


class ListReviews(Request, frozen=True, kw_only=True):
    """Payments that are held, those of the newest bills first."""

    cursor: Cursor | None = None
    limit: Limit = 50


class DecideReviewBody(Request, Repeatable, frozen=True, kw_only=True):
    """Let a held payment begin, or give it up."""

    review_id: Id
    decision: Literal["approve", "decline"]


class ReviewReply(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is, or was, held: by which rule, and why."""

    review_id: OtherId
    bill_id: OtherId
    payment_id: OtherId
    payer_id: UserId
    rule_id: OtherId
    reason: str
    amount: int
    currency: str
    at: str
    status: Literal["held", "approved", "declined", "over"]


class ReviewPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of them."""

    items: list[ReviewReply]
    next_cursor: str | None = None
