"""What people send about assignments: one Struct each, at both doors; and pages of what is answered."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.worksheets.assignment.records import Late, Sharing, Status
from actors.worksheets.assignment.shown import ShownAssignment
from actors.worksheets.schema.fields import FieldId
from common.decoding import Id, Instant, Request
from serve_app.capabilities.worksheets.members import (
    AssignmentId,
    ClarificationId,
    Clock,
    Cursor,
    Day,
    FeedbackId,
    FieldKey,
    Key,
    Limit,
    Number,
    Reason,
    SeriesId,
    Words,
    WorksheetId,
)
from serve_app.edge.conventions.paging import DEFAULT_PAGE
from serve_app.edge.operation import Repeatable


class DueRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the wall is to show; `tz`: an IANA zone, or `client`: wherever they are."""

    date: Day
    time: Clock = "23:59"
    tz: Annotated[str, Meta(max_length=64)] = "client"


class Recurrence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By a rule (RFC 5545), or after each session of the two."""

    rrule: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    each_session: bool = False


class AssignRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Give a worksheet to somebody. `remind`: minutes before it is due."""

    worksheet_id: WorksheetId
    client_id: Id
    version: Number | None = None
    due: DueRequest | None = None
    late: Late = "flag"
    grace_minutes: Annotated[int, Meta(ge=0, le=43_200)] = 0
    attempts: Annotated[int, Meta(ge=1, le=100)] | None = None
    collaboration: bool = True
    share_progress: Sharing = "off"
    booking_id: Id | None = None
    room_id: Id | None = None
    note: Words | None = None
    remind: Annotated[list[Annotated[int, Meta(ge=1, le=43_200)]], Meta(max_length=5)] = []
    recurrence: Recurrence | None = None
    until: Instant | None = None
    count: Annotated[int, Meta(ge=1, le=400)] | None = None


class OfAssignment(Request, frozen=True):
    """One assignment."""

    assignment_id: AssignmentId


class ListAssignments(Request, frozen=True, kw_only=True):
    """Which."""

    client_id: Id | None = None
    worksheet_id: WorksheetId | None = None
    status: Status | None = None
    due_before: Instant | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_PAGE


class ChangeAssignment(Request, Repeatable, frozen=True, kw_only=True):
    """Something done about one."""

    assignment_id: AssignmentId
    version: Number | None = None


class CancelRequest(ChangeAssignment, frozen=True, kw_only=True):
    """It need not be done."""

    reason: Reason | None = None


class ExtendRequest(ChangeAssignment, frozen=True, kw_only=True):
    """It is due later."""

    due: DueRequest
    reason: Reason | None = None


class ReopenRequest(ChangeAssignment, frozen=True, kw_only=True):
    """Another attempt. `blank`: which begins with nothing."""

    reason: Reason | None = None
    blank: bool = False


class CollaborationRequest(ChangeAssignment, frozen=True, kw_only=True):
    """May its therapist read and write drafts?"""

    enabled: bool


class EndSeriesRequest(Request, Repeatable, frozen=True, kw_only=True):
    """No more of them."""

    series_id: SeriesId


class SubmitRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Hand it in. `answers` are saved first; `digest`: of the visible answers that the person saw."""

    assignment_id: AssignmentId
    attempt: Number | None = None
    answers: dict[str, Any] | None = None
    digest: Annotated[str, Meta(pattern=r"\A[0-9a-fA-F]{64}\Z")] | None = None
    client_id: Key | None = None


class OfSubmission(Request, frozen=True, kw_only=True):
    """One submission."""

    assignment_id: AssignmentId
    version: Number
    format: Literal["carewire", "fhir"] = "carewire"


class ImportResponse(Request, Repeatable, frozen=True, kw_only=True):
    """A QuestionnaireResponse (R4) of somebody in the caller's care."""

    client_id: Id
    document: dict[str, Any]


class TrackRequest(Request, frozen=True, kw_only=True):
    """Where the client is, and how long they were."""

    assignment_id: AssignmentId
    field: FieldKey
    seconds: Annotated[int, Meta(ge=0, le=86_400)] | None = None


class TextRange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a text, in code points; `end` is not in it."""

    start: Annotated[int, Meta(ge=0, le=1_000_000)]
    end: Annotated[int, Meta(ge=1, le=1_000_000)]


class FeedbackRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Feedback on a submission."""

    assignment_id: AssignmentId
    version: Number
    body: Words
    field: FieldKey | None = None
    range: TextRange | None = None
    private: bool = False
    client_id: Key | None = None


class EditFeedbackRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Other words, or for other eyes."""

    assignment_id: AssignmentId
    feedback_id: FeedbackId
    body: Words | None = None
    private: bool | None = None


class OfFeedback(Request, frozen=True, kw_only=True):
    """One piece of feedback."""

    assignment_id: AssignmentId
    feedback_id: FeedbackId


class ListFeedbackRequest(Request, frozen=True, kw_only=True):
    """On one submission, or on all."""

    assignment_id: AssignmentId
    version: Number | None = None


class ClarificationRequest(Request, Repeatable, frozen=True, kw_only=True):
    """A question."""

    assignment_id: AssignmentId
    field: FieldKey | None = None
    question: Words
    client_id: Key | None = None


class AnswerRequest(Request, Repeatable, frozen=True, kw_only=True):
    """An answer, or a further question."""

    assignment_id: AssignmentId
    clarification_id: ClarificationId
    body: Words


class OfClarification(Request, Repeatable, frozen=True, kw_only=True):
    """One question."""

    assignment_id: AssignmentId
    clarification_id: ClarificationId


class TrendRequest(Request, frozen=True, kw_only=True):
    """Scores of this person."""

    client_id: Id
    score: FieldId | None = None


class AssignmentPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page. `next_cursor` is missing on the last one."""

    assignments: list[ShownAssignment]
    next_cursor: str | None = None


class ShownSeries(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Work that recurs."""

    series_id: str
    next_at: str | None = None


class AssignedReply(ShownAssignment, frozen=True, kw_only=True, omit_defaults=True):
    """The assignment; with `recurrence` the first one, and its series."""

    series: ShownSeries | None = None
