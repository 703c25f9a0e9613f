"""What its therapist does about an assignment: put off, cancel, review, re-open, write together or not."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from actors.worksheets.assignment.commands import (
    AssignmentCommand,
    CancelAssignment,
    Extend,
    Reopen,
    Review,
    SetCollaboration,
)
from actors.worksheets.assignment.contents import Submission, words
from actors.worksheets.assignment.events import Change
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.rules import course
from actors.worksheets.assignment.rules.facing import Facing
from actors.worksheets.assignment.rules.rights import may
from actors.worksheets.assignment.rules.talking import submission_key
from actors.worksheets.assignment.shaping import positions_of
from actors.worksheets.document import drafts
from actors.worksheets.document.drafts import Contents
from actors.worksheets.versions import require_version
from common.errors import FailedPrecondition

COMMANDS: Final = (Extend, CancelAssignment, Review, Reopen, SetCollaboration)
Changing = Extend | CancelAssignment | Review | Reopen | SetCollaboration


def needs(one: Facing, command: AssignmentCommand) -> Sequence[str]:
    """A re-opened attempt begins with what was handed in."""
    current = one.known.current
    return (submission_key(current.seq),) if isinstance(command, Reopen) and current is not None else ()


def decide(one: Facing, record: AssignmentRecord, command: Changing, context: Context, version: int) -> Decision:
    """Decide one of them. The same deed again is done already.

    Raises:
        NotFound, PermissionDenied: it is not the caller's.
        FailedPrecondition: not in this state, or of another version.
    """
    may(record, context.by, "worksheet.assign")
    if command.deed and command.deed == record.deed:
        return Decision(one.answer(record, context, one.kept.changed))
    require_version(command.versions, one.kept.changed)
    match command:
        case Extend():
            return _extend(one=one, record=record, command=command, context=context, version=version)
        case CancelAssignment():
            if record.status == "cancelled":
                return Decision(one.answer(record, context, one.kept.changed))
            course.follow(record, "cancelled")
            text = words(command.secret).text
            return _done(
                one=one,
                record=course.ended(record, "cancelled", context.now_ms),
                change="cancelled",
                command=command,
                context=context,
                version=version,
                text=text,
            )
        case Review():
            if record.status == "reviewed":
                return Decision(one.answer(record, context, one.kept.changed))
            course.follow(record, "reviewed")
            return _done(
                one=one,
                record=course.ended(record, "reviewed", context.now_ms),
                change="reviewed",
                command=command,
                context=context,
                version=version,
            )
        case SetCollaboration():
            if record.collaboration == command.enabled:
                return Decision(one.answer(record, context, one.kept.changed))
            changed = replace(record, collaboration=command.enabled, updated=context.now_ms)
            return _done(
                one=one, record=changed, change="collaboration", command=command, context=context, version=version
            )
        case Reopen():
            return _reopen(one=one, record=record, command=command, context=context, version=version)


def _extend(one: Facing, record: AssignmentRecord, command: Extend, context: Context, version: int) -> Decision:
    course.working(record)
    text = words(command.secret).text
    due = course.due_of(command.due)
    said = version + 1 if text else 0
    changed = course.extended(record=record, due=due, by=context.by.user, now=context.now_ms, said=said)
    if record.stops:  # it stands anew from here, so that what it stood before is not added to the new time
        changed = replace(changed, stopped=context.now_ms)
    return _done(
        one=one,
        record=changed,
        change="extended",
        command=command,
        context=context,
        version=version,
        text=text,
        timers=course.timers(changed, context.now_ms),
    )


def _reopen(one: Facing, record: AssignmentRecord, command: Reopen, context: Context, version: int) -> Decision:
    course.follow(record, "reopened")
    if record.attempts and record.attempt >= record.attempts:
        details: dict[str, object] = {"reason": "attempts", "attempts_allowed": record.attempts}
        raise FailedPrecondition("There are no attempts left.", details=details)
    changed = course.reopened(record, context.now_ms)
    kept = None if command.blank else _handed(record, context)
    document = drafts.begun(one, changed.attempt, kept)
    text = words(command.secret).text
    timers = course.timers(changed, context.now_ms)
    return _done(
        one=one,
        record=changed,
        change="reopened",
        command=command,
        context=context,
        version=version,
        text=text,
        timers=timers,
        behind=[document],
    )


def _handed(record: AssignmentRecord, context: Context) -> Contents | None:
    """What the new attempt begins with."""
    current = record.current
    content: Submission | None = None if current is None else context.parts.get(submission_key(current.seq))
    return None if content is None else Contents(content.answers, positions_of(content.rows), content.notes)


def _done(
    one: Facing,
    record: AssignmentRecord,
    change: Change,
    command: Changing,
    context: Context,
    version: int,
    text: str = "",
    *,
    timers: Sequence[SetTimer] = (),
    behind: Sequence[Event] = (),
) -> Decision:
    """The event, and the assignment as it is then."""
    record = replace(record, deed=command.deed)
    event = one.changed(record, change, context, text)
    answer = one.answer(record, context, version + 1)
    return Decision(answer, events=[event, *behind], timers=timers)
