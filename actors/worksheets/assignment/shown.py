"""An assignment, and what belongs to it, as people see it."""

from typing import Any, Literal

import msgspec

from actors.worksheets.assignment.records import AssignmentProgress, AssignmentRecord, Late, Sharing, Status
from actors.worksheets.schema.scoring import Scored
from common.clock import to_rfc3339
from common.persons import UserId


class ShownDue(msgspec.Struct, frozen=True, kw_only=True):
    """When it is due."""

    at: str
    date: str
    time: str
    tz: str
    late: Late
    grace_minutes: int


class ShownExtension(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A later due time."""

    due: str
    by: UserId
    at: str
    reason: str | None = None


class ShownHanded(msgspec.Struct, frozen=True, kw_only=True):
    """That something was handed in."""

    version: int
    submitted_at: str
    late: bool


class ShownProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the client is."""

    answered: int
    required: int
    visible: int
    percent: int
    seconds: int | None = None
    last_at: str | None = None


class ShownAssignment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An assignment as people see it. `version` is its own; `seq` that of its document."""

    assignment_id: str
    worksheet_id: str
    worksheet_version: int
    title: str
    client_id: UserId
    therapist_id: str
    status: Status
    attempt: int
    due: ShownDue | None = None
    overdue: bool
    clock: Literal["running", "stopped"]
    extensions: list[ShownExtension]
    attempts_allowed: int
    collaboration: bool
    share_progress: Sharing
    progress: ShownProgress | None = None
    submissions: list[ShownHanded]
    series_id: str | None = None
    booking_id: str | None = None
    room_id: str | None = None
    note: str | None = None
    instrument: str | None = None
    source: str | None = None
    open_clarifications: int
    feedback_count: int
    seq: int
    version: int
    created_at: str
    updated_at: str


class ShownSubmission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was handed in: it never changes."""

    submission_id: str
    assignment_id: str
    version: int
    attempt: int
    worksheet_version: int
    answers: dict[str, Any]
    notes: dict[str, str]
    scores: dict[str, Scored | None]
    alerts: list[str]
    late: bool
    submitted_at: str
    submitted_by: UserId
    rows: dict[str, list[str]] = {}
    source: str | None = None


class ShownFeedback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Feedback on a submission."""

    feedback_id: str
    version: int
    field: str | None = None
    range: dict[str, int] | None = None
    quote: str | None = None
    body: str
    private: bool
    author_id: UserId
    created_at: str
    edited_at: str | None


class ShownPost(msgspec.Struct, frozen=True, kw_only=True):
    """Something said in a clarification."""

    author_id: UserId
    body: str
    at: str


class ShownClarification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question and what was answered."""

    clarification_id: str
    field: str | None = None
    state: Literal["open", "answered", "resolved"]
    posts: list[ShownPost]


def progress_shown(progress: AssignmentProgress, sharing: Sharing) -> ShownProgress:
    """As people see it."""
    return ShownProgress(
        answered=progress.answered,
        required=progress.required,
        visible=progress.visible,
        percent=progress.percent,
        seconds=progress.seconds if sharing == "times" else None,
        last_at=to_rfc3339(progress.at) if progress.at else None,
    )


def due_shown(record: AssignmentRecord) -> ShownDue | None:
    """As people see it."""
    due = record.due
    if due is None:
        return None
    return ShownDue(
        at=to_rfc3339(due.at),
        date=due.date,
        time=due.time,
        tz=due.zone,
        late=record.late,
        grace_minutes=record.grace,
    )
