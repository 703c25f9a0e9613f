"""What people send about safety, and what they get: one Struct each, at both doors."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from actors.moderation.house.policy import CATEGORIES, Answer, Category, RelationName, SafetyWord
from actors.moderation.records import CaseState, Deed, Outcome, Reason, Scope, Severity
from actors.moderation.showing import ShownAppeal, ShownCase, ShownHeld, ShownReport, ShownRestriction
from common.decoding import Id, Instant, Request
from common.persons import UserId
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE
from serve_app.edge.operation import Repeatable, RepeatableChange

_ULID = "[0-9A-HJKMNP-TV-Z]{26}"
ReportId = Annotated[str, Meta(pattern=rf"\Arep_{_ULID}\Z")]
CaseId = Annotated[str, Meta(pattern=rf"\Acase_{_ULID}\Z")]
HeldId = Annotated[str, Meta(pattern=rf"\Ahld_{_ULID}\Z")]
RestrictionId = Annotated[str, Meta(pattern=rf"\Arst_{_ULID}\Z")]
Words = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\A[^\0]*\Z")]
Why = Annotated[str, Meta(min_length=10, max_length=500, pattern=r"\A[^\0]*\Z")]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]
Cells = Annotated[
    dict[RelationName, Answer], Meta(extra_json_schema={"propertyNames": {"enum": list(get_args(RelationName))}})
]
Actions = Annotated[dict[Category, Cells], Meta(extra_json_schema={"propertyNames": {"enum": list(CATEGORIES)}})]
Scopes = Annotated[list[Scope], Meta(min_length=1, max_length=5)]


class Reveal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Opens one encrypted message: what it says, and the key of its commitment (base64url)."""

    plaintext: Annotated[str, Meta(max_length=65_536)]
    commitment_key: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}=?\Z")]


class ReportMessage(Request, Repeatable, frozen=True, kw_only=True):
    """Something is wrong with this message. `context`: how many messages beside it are kept with it."""

    room_id: Id
    message_id: Id
    reason: Reason
    note: Words | None = None
    context: Annotated[int, Meta(ge=0, le=10)] = 0
    reveal: Reveal | None = None


class ReportUser(Request, Repeatable, frozen=True, kw_only=True):
    """Something is wrong with how this person behaves."""

    user_id: Id
    reason: Reason
    note: Words | None = None


class OfReport(Request, frozen=True):
    """One report of one's own."""

    report_id: ReportId


class ListReports(Request, frozen=True, kw_only=True):
    """One's own."""

    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class ReportReply(msgspec.Struct, frozen=True, kw_only=True):
    """A report, and what became of it."""

    report: ShownReport


class ReportPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page, the newest first."""

    reports: list[ShownReport]
    next_cursor: str | None = None


class OfBlock(Request, frozen=True):
    """Somebody."""

    user_id: Id


class NoBlock(Request, frozen=True):
    """Nothing is asked for in particular."""


class AppealRequest(Request, Repeatable, frozen=True, kw_only=True):
    """One of the three: what was held, what one may not do, or a case about oneself."""

    text: Words
    held_id: HeldId | None = None
    restriction_id: RestrictionId | None = None
    case_id: CaseId | None = None


class AppealReply(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal."""

    appeal: ShownAppeal


class ListCases(Request, frozen=True, kw_only=True):
    """Which."""

    state: CaseState | None = None
    severity: Severity | None = None
    assignee: Id | None = None
    overdue: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class CasePage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page, the newest first: kinds, ids and times."""

    cases: list[ShownCase]
    next_cursor: str | None = None


class OpenCase(Request, frozen=True, kw_only=True):
    """One case with what it holds. `why` is kept in the audit record."""

    case_id: CaseId
    why: Why


class OfCase(Request, RepeatableChange, frozen=True, kw_only=True):
    """Something done about one case."""

    case_id: CaseId


class AssignCase(OfCase, frozen=True, kw_only=True):
    """`to` takes care of it; without it, whoever asks."""

    to: Id | None = None


class NoteCase(OfCase, frozen=True, kw_only=True):
    """Something to remember."""

    text: Words


class ActOnCase(OfCase, frozen=True, kw_only=True):
    """Do something about it. `user_id`: to whom, where that is not whom the case is about."""

    action: Deed
    user_id: Id | None = None
    until: Instant | None = None
    scope: Scopes | None = None
    text: Words | None = None


class CloseCase(OfCase, frozen=True, kw_only=True):
    """It is dealt with. Appeals end `upheld` or `refused`."""

    outcome: Outcome
    text: Words


class ReopenCase(OfCase, frozen=True, kw_only=True):
    """It is not."""

    text: Words


class CaseReply(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it is by now."""

    case: ShownCase


class ListHeld(Request, frozen=True, kw_only=True):
    """Which."""

    state: Literal["held", "released", "rejected"] | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class HeldPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page, the newest first."""

    held: list[ShownHeld]
    next_cursor: str | None = None


class OfHeld(Request, Repeatable, frozen=True, kw_only=True):
    """One message that is held."""

    held_id: HeldId


class RejectHeldRequest(OfHeld, frozen=True, kw_only=True):
    """It goes nowhere; its sender is told why."""

    text: Words


class HeldReply(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is held, or was."""

    held: ShownHeld


class RestrictUser(Request, Repeatable, frozen=True, kw_only=True):
    """They may not do this any more, or not until `until`."""

    user_id: Id
    scope: Scopes
    case_id: CaseId
    text: Words
    until: Instant | None = None


class OfRestriction(Request, frozen=True):
    """One restriction."""

    restriction_id: RestrictionId


class RestrictionReply(msgspec.Struct, frozen=True, kw_only=True):
    """A restriction."""

    restriction: ShownRestriction


class SetPolicy(Request, RepeatableChange, frozen=True, kw_only=True):
    """The rules from now on. `version`: of those that they take the place of. With `try_only` nothing is changed."""

    words: Annotated[list[SafetyWord], Meta(max_length=2000)] = []
    actions: Actions = {}
    try_only: bool = False


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What these rules would have held of what was held last: how many of how many."""

    looked_at: int
    held: int
    would_hold: int


class PolicyReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rules in force."""

    version: int
    words: list[str]
    actions: dict[str, dict[str, str]]
    set_by: UserId | None = None
    set_at: str | None = None
    tried: Tried | None = None


class MonitorRoom(Request, Repeatable, frozen=True, kw_only=True):
    """Read a room whose members agreed to it. They hear of it when it ends, or at once with `notice`."""

    room_id: Id
    case_id: CaseId
    reason: Why
    minutes: Annotated[int, Meta(ge=1, le=60)]
    notice: bool = False


class MonitorReply(msgspec.Struct, frozen=True, kw_only=True):
    """Which room may be read, and until when."""

    room_id: str
    until: str
