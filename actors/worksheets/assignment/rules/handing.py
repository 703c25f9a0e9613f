"""What its client does: hands it in, and looks at what was handed in."""

from collections.abc import Sequence
from typing import Final

from actors.kernel.contract.entity import Context, Decision
from actors.worksheets.assignment.commands import (
    AssignmentCommand,
    GetSubmission,
    ListSubmissions,
    Submit,
    TrackProgress,
)
from actors.worksheets.assignment.contents import Submission
from actors.worksheets.assignment.queries import KnownAnswer, SubmissionsOf
from actors.worksheets.assignment.records import AssignmentRecord, Handed
from actors.worksheets.assignment.rules import submitting
from actors.worksheets.assignment.rules.facing import Facing
from actors.worksheets.assignment.rules.rights import may
from actors.worksheets.assignment.shown import ShownSubmission
from actors.worksheets.document import drafts
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, InvalidArgument, NotFound

COMMANDS: Final = (Submit, ListSubmissions, GetSubmission)
Handing = Submit | ListSubmissions | GetSubmission


def needs(one: Facing, command: AssignmentCommand) -> Sequence[str]:
    """What is written by now."""
    return (one.document_key(),) if isinstance(command, Submit | TrackProgress) else ()


def decide(one: Facing, record: AssignmentRecord, command: Handing, context: Context, version: int) -> Decision:
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


def submission_shown(record: AssignmentRecord, handed: Handed, content: Submission) -> ShownSubmission:
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


def _submit(one: Facing, record: AssignmentRecord, command: Submit, context: Context, version: int) -> Decision:
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
    return Decision(KnownAnswer(submission_shown(over.record, over.handed, over.content)), events=over.events)
