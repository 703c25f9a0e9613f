"""What its client does: hands it in, looks at what was handed in, and lets others see how far they are."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Signal
from actors.worksheets.assignment.commands import (
    AssignmentCommand,
    GetSubmission,
    ListSubmissions,
    ProgressAnswer,
    Submit,
    TrackProgress,
)
from actors.worksheets.assignment.contents import Submission
from actors.worksheets.assignment.events import Progressed
from actors.worksheets.assignment.queries import SubmissionsOf, Told
from actors.worksheets.assignment.records import Handed, Progress, Record
from actors.worksheets.assignment.rules import course, submitting
from actors.worksheets.assignment.rules.facing import Facing
from actors.worksheets.assignment.rules.rights import may
from actors.worksheets.assignment.shaping import lists_of
from actors.worksheets.assignment.shown import ShownSubmission, progress_shown
from actors.worksheets.document import drafts
from actors.worksheets.schema import answers as answering
from actors.worksheets.schema.expressions.values import is_empty
from actors.worksheets.schema.fields import UNANSWERED, Schema
from actors.worksheets.schema.showing import ShownField, shown
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, InvalidArgument, NotFound

COMMANDS: Final = (Submit, ListSubmissions, GetSubmission)
Handing = Submit | ListSubmissions | GetSubmission
_QUIET_MS: Final = 2000
_MOST_SECONDS: Final = 100_000_000


def needs(one: Facing, command: AssignmentCommand) -> Sequence[str]:
    """What is written by now."""
    return (one.document_key(),) if isinstance(command, Submit | TrackProgress) else ()


def decide(one: Facing, record: Record, command: Handing, context: Context, version: int) -> Decision:
    """Decide one of them. Raises as `submitting.submit`; NotFound: there is no such submission."""
    match command:
        case Submit():
            may(record, context.by, "worksheet.submit")
            return _submit(one=one, record=record, command=command, context=context, version=version)
        case ListSubmissions():
            may(record, context.by, "worksheet.follow")
            return Decision(SubmissionsOf(record, record.submissions))
        case GetSubmission():
            may(record, context.by, "worksheet.follow")
            found = next((each for each in record.submissions if each.version == command.version), None)
            if found is None:
                raise NotFound("There is no such submission.", assignment=record.id)
            return Decision(SubmissionsOf(record, (found,), one=True))


def track(one: Facing, record: Record, command: TrackProgress, context: Context) -> Decision:
    """How far the client is, and for how long.

    Raises:
        FailedPrecondition: times are not shared (reason `not_shared`), or nothing is to be done.
        InvalidArgument: there is no such field.
    """
    may(record, context.by, "worksheet.submit")
    course.working(record)
    if one.shape.field(command.field) is None:
        raise InvalidArgument("The worksheet has no such field.", details={"field": "field"})
    if command.seconds is not None and record.sharing != "times":
        raise FailedPrecondition("Times are not shared here.", details={"reason": "not_shared"})
    written = drafts.contents(context.parts.get(one.document_key()))
    given = one.given(context)
    look = shown(given.schema, written.answers, lists_of(written.rows))
    before = record.progress
    progress = _progress(
        schema=given.schema, look=look, before=before, seconds=command.seconds or 0, now=context.now_ms
    )
    told = progress_shown(progress, record.sharing)
    return Decision(
        ProgressAnswer(progress=told),
        notes=[Progressed(progress=progress)],
        signals=_signals(record, progress, before, context.now_ms),
    )


def submission_shown(record: Record, handed: Handed, content: Submission) -> ShownSubmission:
    """As people see it."""
    return ShownSubmission(
        submission_id=handed.id,
        assignment_id=record.id,
        version=handed.version,
        attempt=handed.attempt,
        worksheet_version=record.worksheet_version,
        answers=content.answers,
        notes=content.notes,
        rows=content.rows,
        scores=content.scores,
        alerts=content.alerts,
        late=handed.late,
        submitted_at=to_rfc3339(handed.at),
        submitted_by=handed.by,
        source=record.source or None,
    )


def _submit(one: Facing, record: Record, command: Submit, context: Context, version: int) -> Decision:
    attempt = command.attempt or record.attempt
    if attempt > record.attempt:
        raise InvalidArgument("There is no such attempt.", details={"field": "attempt"})
    before = next((each for each in record.submissions if each.attempt == attempt), None)
    if before is not None:  # handed in already
        return Decision(SubmissionsOf(record, (before,), one=True))
    if attempt < record.attempt:
        raise FailedPrecondition("This attempt is over.", details={"reason": "submitted", "attempt": record.attempt})
    written = drafts.contents(context.parts.get(one.document_key()))
    over = submitting.submit(
        record=record,
        given=one.given(context),
        contents=written,
        digest=command.digest,
        by=context.by.user,
        now=context.now_ms,
        seq=version + 1,
    )
    return Decision(Told(submission_shown(over.record, over.handed, over.content)), events=over.events)


def _progress(schema: Schema, look: ShownField, before: Progress | None, seconds: int, now: int) -> Progress:
    """Of the fields that are the client's to fill in."""
    asked = []
    for key in look.visible:
        field = schema.field(key)
        if field is not None and field.type not in UNANSWERED and field.filled_by != "therapist":
            asked.append(key)
    answered = sum(not is_empty(look.values.get(key)) for key in asked)
    required = sum(bool(getattr(schema.field(key), "required", False)) for key in asked)
    spent = min((before.seconds if before is not None else 0) + seconds, _MOST_SECONDS)
    percent = 100 * answered // len(asked) if asked else 100
    if answering.missing(schema, look):
        percent = min(percent, 99)
    return Progress(answered=answered, required=required, visible=len(asked), percent=percent, seconds=spent, at=now)


def _signals(record: Record, progress: Progress, before: Progress | None, now: int) -> list[Signal]:
    """Who has joined sees it, at most once in two seconds; its therapist if it is shared."""
    if before is not None and now - before.at < _QUIET_MS:
        return []
    payload = msgspec.json.encode({"assignment_id": record.id, "progress": progress_shown(progress, record.sharing)})
    skip = (record.therapist,) if record.sharing == "off" else ()
    return [Signal("progress_updated", payload, skip=skip)]
