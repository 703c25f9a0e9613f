"""What is sent about what is kept, and what is answered: one Struct each, at both doors."""

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from actors.keeping.hold import ShownHold
from actors.keeping.terms import Between, KeptFor
from common.decoding import Id, Request
from common.persons import UserId
from serve_app.capabilities.files.reading.held import HeldFile
from serve_app.capabilities.operations.job_operations import Job
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE
from serve_app.edge.operation import Repeatable, RepeatableChange

_ULID = "[0-9A-HJKMNP-TV-Z]{26}"
HoldId = Annotated[str, Meta(pattern=rf"\Algh_{_ULID}\Z")]
CaseId = Annotated[str, Meta(pattern=rf"\Acase_{_ULID}\Z")]
Days = Annotated[int, Meta(ge=1, le=36_500)]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\A[^\0]*\Z")]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]


class AllTerms(Request, frozen=True):
    """All that is set."""


class SetRetention(Request, RepeatableChange, frozen=True, kw_only=True):
    """Keep messages for so many days (null: for ever): of this room, of conversations of this relation, or of all that
    nothing narrower is set for."""

    days: Days | None
    relation: Between | None = None
    room_id: Id | None = None
    keep_pinned: bool = False


class RetentionReply(msgspec.Struct, frozen=True, kw_only=True):
    """All that is set; the narrowest counts."""

    default: KeptFor
    relations: Annotated[
        dict[Between, KeptFor], Meta(extra_json_schema={"propertyNames": {"enum": list(get_args(Between))}})
    ]
    rooms: dict[str, KeptFor]
    version: int


class RunRetention(Request, Repeatable, frozen=True, kw_only=True):
    """Delete what is due, now. With `dry_run`, what would go is only counted."""

    dry_run: bool = False


class RetentionBegun(msgspec.Struct, frozen=True):
    """The job that does it."""

    job: Job


class PlaceHoldRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Keep what this person says, what is said in this room, or what a case holds and is about: one of them."""

    reason: Reason
    user_id: Id | None = None
    room_id: Id | None = None
    case_id: CaseId | None = None


class ReleaseHoldRequest(Request, Repeatable, frozen=True, kw_only=True):
    """It is over."""

    hold_id: HoldId
    reason: Reason


class ListHolds(Request, frozen=True, kw_only=True):
    """Which."""

    state: Literal["active", "released"] | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class ExportHold(Request, frozen=True, kw_only=True):
    """What it has kept."""

    hold_id: HoldId
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class LegalHoldReply(msgspec.Struct, frozen=True):
    """A hold, as it is by now."""

    hold: ShownHold


class HoldPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page, the newest first."""

    holds: list[ShownHold]
    next_cursor: str | None = None


class KeptVersion(msgspec.Struct, frozen=True):
    """What a message said earlier, and since when."""

    body: str
    at: str


class KeptMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it was when it was taken back, changed, or had had its time (`kept_at`). `attachments`, `blocks`: as
    they were sent; `encrypted`: of an encrypted room, which nobody here can read."""

    room_id: str
    message_id: str
    seq: int
    sender_id: UserId
    body: str
    sent_at: str
    kept_at: str
    versions: list[KeptVersion]
    attachments: list[dict[str, Any]] = []
    blocks: list[dict[str, Any]] = []
    encrypted: dict[str, Any] | None = None


class HoldExport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a hold has kept, in order of room and message; nothing, once it was released. `files`: those that these
    messages hold, and with the first page those that were deleted."""

    hold: ShownHold
    messages: list[KeptMessage]
    files: list[HeldFile] = []
    next_cursor: str | None = None
