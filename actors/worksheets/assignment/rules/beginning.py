"""An assignment begins: it was given, or came with its answers."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.worksheets.assignment.commands import Assign, ImportAnswers
from actors.worksheets.assignment.contents import given_in
from actors.worksheets.assignment.events import Assigned
from actors.worksheets.assignment.queries import AssignmentOf
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.rules import course
from actors.worksheets.assignment.rules.facing import Facing
from actors.worksheets.assignment.rules.submitting import handed_over
from actors.worksheets.assignment.shaping import positions_of, shape_of
from actors.worksheets.document.drafts import Contents
from actors.worksheets.schema.showing import shown

_json: Final = msgspec.json.Decoder(dict[str, object]).decode


def begin(one: Facing, command: Assign | ImportAnswers, context: Context, version: int) -> Decision:
    """Begin it; begun before, it is as it is."""
    if one.kept.record is not None:
        return Decision(one.answer(one.kept.record, context, one.kept.changed))
    if isinstance(command, Assign):
        return _given(one, command, context, version)
    return _imported(one, command, context, version)


def _given(one: Facing, command: Assign, context: Context, version: int) -> Decision:
    given, now = given_in(command.secret or b""), context.now_ms
    record = AssignmentRecord(
        id=one.id,
        worksheet=command.worksheet,
        worksheet_version=command.worksheet_version,
        client=command.client,
        therapist=command.therapist,
        status="assigned",
        created=now,
        updated=now,
        late=command.late,
        grace=command.grace,
        attempts=command.attempts,
        collaboration=command.collaboration,
        sharing=command.sharing,
        series=command.series,
        booking=command.booking,
        room=command.room,
        remind=command.remind,
        instrument=command.instrument,
    )
    if command.due is not None:
        record = course.with_due(record, course.due_of(command.due), now)
    assigned = Assigned(author=record.client, secret=command.secret, record=record, shape=shape_of(given.schema))
    answer = AssignmentOf(record=record, version=version + 1, title=given.title, note=given.note, user=record.therapist)
    return Decision(answer, events=[assigned], timers=course.timers(record, now))


def _imported(one: Facing, command: ImportAnswers, context: Context, version: int) -> Decision:
    """What was answered elsewhere, as it was: at its own time, and however much is missing."""
    given, now = given_in(command.secret or b""), context.now_ms
    record = AssignmentRecord(
        id=one.id,
        worksheet=command.worksheet,
        worksheet_version=command.worksheet_version,
        client=command.client,
        therapist=command.therapist,
        status="assigned",
        created=now,
        updated=now,
        began=command.authored,
        instrument=command.instrument,
        source="import",
    )
    assigned = Assigned(author=record.client, secret=command.secret, record=record, shape=shape_of(given.schema))
    answers, rows = _json(command.answers), command.rows
    contents = Contents(answers, positions_of(rows), {})
    look = shown(given.schema, answers, rows)
    over = handed_over(
        record=record,
        given=given,
        look=look,
        contents=contents,
        by=record.therapist,
        now=command.authored,
        seq=version + 2,
        late=False,
    )
    answer = AssignmentOf(
        record=over.record, version=version + 2, title=given.title, note=given.note, user=record.therapist
    )
    return Decision(answer, events=[assigned, *over.events])
