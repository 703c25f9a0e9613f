"""What a client may send as a block, and to use one. Unknown types and members are refused."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from common.decoding import Id, Instant
from common.persons import OtherId

MOST_BLOCKS = 10
Prompt = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\A[^\0]*\Z")]
Option = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\A[^\0]*\Z")]
Alt = Annotated[str, Meta(max_length=1000, pattern=r"\A[^\0]*\Z")]


class _Block(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base."""


class WorksheetBlock(_Block, frozen=True, kw_only=True, tag="worksheet"):
    """Work to do."""

    assignment_id: Annotated[OtherId, Meta(max_length=128)]


class SlotsBlock(_Block, frozen=True, kw_only=True, tag="slots"):
    """Times of a therapist, one of which can be booked."""

    therapist_id: Id
    starts: Annotated[list[Instant], Meta(min_length=1, max_length=10)]
    service_id: Id | UnsetType = UNSET
    expires_at: Instant | UnsetType = UNSET


class PaymentBlock(_Block, frozen=True, kw_only=True, tag="payment"):
    """A bill to pay."""

    bill_id: Id


class FileBlock(_Block, frozen=True, kw_only=True, tag="file"):
    """A file."""

    file_id: Annotated[OtherId, Meta(max_length=128)]
    alt: Alt | UnsetType = UNSET


class ImageBlock(_Block, frozen=True, kw_only=True, tag="image"):
    """A picture."""

    file_id: Annotated[OtherId, Meta(max_length=128)]
    alt: Alt | UnsetType = UNSET


class ChoiceBlock(_Block, frozen=True, kw_only=True, tag="choice"):
    """A question with options."""

    prompt: Prompt
    options: Annotated[list[Option], Meta(min_length=2, max_length=8)]
    multiple: bool = False


BlockBody = WorksheetBlock | SlotsBlock | PaymentBlock | FileBlock | ImageBlock | ChoiceBlock
Blocks = Annotated[list[BlockBody], Meta(max_length=MOST_BLOCKS)]


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does with a block."""

    start: str | None = None
    method_id: str | None = None
    choose: tuple[int, ...] | None = None
    close: bool = False


class UsedBlock(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: of each type its own."""

    booking: dict[str, Any] | UnsetType = UNSET
    payment: dict[str, Any] | UnsetType = UNSET
    assignment: dict[str, Any] | UnsetType = UNSET
    file: dict[str, Any] | UnsetType = UNSET
    counts: list[int] | UnsetType = UNSET
