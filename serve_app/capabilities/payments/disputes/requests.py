"""What staff may ask of disputes, at both doors."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.payments.bill.replies import DisputeReply
from actors.payments.bill.rules.evidence import LARGEST
from common.decoding import Id, Request
from serve_app.edge.operation import RepeatableChange, Versioned

_Limit = Annotated[int, Meta(ge=1, le=200)]
_Evidence = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=LARGEST)]], Meta(max_length=32)
]


class ListDisputes(Request, frozen=True, kw_only=True):
    """Disputes, those of the newest bills first."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None
    limit: _Limit = 50


class GetDispute(Request, frozen=True, kw_only=True):
    """One dispute."""

    dispute_id: Id


class UpdateDispute(Request, Versioned, frozen=True, kw_only=True):
    """Write evidence, by Stripe's names of the texts; an empty text leaves out what the bill itself would say.
    `automatic` false: it is not sent of itself 12 hours before the end."""

    dispute_id: Id
    evidence: _Evidence
    automatic: bool = True


class SubmitDispute(Request, RepeatableChange, frozen=True, kw_only=True):
    """Send the evidence. It is taken once."""

    dispute_id: Id


class AcceptDispute(Request, RepeatableChange, frozen=True, kw_only=True):
    """Give the dispute up."""

    dispute_id: Id


class DisputePage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of disputes."""

    items: list[DisputeReply]
    next_cursor: str | None = None
