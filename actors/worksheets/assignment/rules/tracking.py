"""How far the client is, for who has joined: told at once, or two seconds after it was told last."""

from typing import Final

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision, SetTimer, Signal
from actors.worksheets.assignment.commands import ProgressAnswer, TellProgress, TrackProgress
from actors.worksheets.assignment.events import Progressed
from actors.worksheets.assignment.records import AssignmentProgress, AssignmentRecord
from actors.worksheets.assignment.rules import course
from actors.worksheets.assignment.rules.facing import Facing
from actors.worksheets.assignment.rules.rights import may
from actors.worksheets.assignment.shaping import lists_of
from actors.worksheets.assignment.shown import progress_shown
from actors.worksheets.document import drafts
from actors.worksheets.schema import answers as answering
from actors.worksheets.schema.expressions.values import is_empty
from actors.worksheets.schema.fields import UNANSWERED, Schema
from actors.worksheets.schema.showing import ShownField, shown
from common.errors import FailedPrecondition, InvalidArgument

_QUIET_MS: Final = 2000
_MOST_SECONDS: Final = 100_000_000
_LATER: Final = msgspec.msgpack.encode(TellProgress())


def track(one: Facing, record: AssignmentRecord, command: TrackProgress, context: Context) -> Decision:
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
    given, now = one.given(context), context.now_ms
    look = shown(given.schema, written.answers, lists_of(written.rows))
    before = record.progress
    progress = _progress(schema=given.schema, look=look, before=before, seconds=command.seconds or 0, now=now)
    answer = ProgressAnswer(progress=progress_shown(progress, record.sharing))
    due_ms = progress.told + _QUIET_MS
    if now >= due_ms:
        return _told(record, progress, now, answer)
    timers = [SetTimer(f"progress:{progress.told}", due_ms, _LATER)]
    return Decision(answer, notes=[Progressed(progress=progress)], timers=timers)


def tell(record: AssignmentRecord, now: int) -> Decision:
    """What has changed since it was told; nothing, if nothing has."""
    progress = record.progress
    if progress is None or progress.told >= progress.at:
        return Decision()
    return _told(record, progress, now)


def _told(
    record: AssignmentRecord, progress: AssignmentProgress, now: int, answer: ProgressAnswer | None = None
) -> Decision:
    """Who has joined sees it; its therapist if it is shared."""
    payload = msgspec.json.encode({"assignment_id": record.id, "progress": progress_shown(progress, record.sharing)})
    skip = (record.therapist,) if record.sharing == "off" else ()
    signal = Signal("progress_updated", payload, skip=skip)
    return Decision(answer, notes=[Progressed(progress=replace(progress, told=now))], signals=[signal])


def _progress(
    schema: Schema, look: ShownField, before: AssignmentProgress | None, seconds: int, now: int
) -> AssignmentProgress:
    """Of the fields that are the client's to fill in."""
    asked = []
    for key in look.visible:
        field = schema.field(key)
        if field is not None and field.type not in UNANSWERED and field.filled_by != "therapist":
            asked.append(key)
    answered = sum(not is_empty(look.values.get(key)) for key in asked)
    required = sum(bool(getattr(schema.field(key), "required", False)) for key in asked)
    percent = 100 * answered // len(asked) if asked else 100
    if answering.missing(schema, look):
        percent = min(percent, 99)
    return AssignmentProgress(
        answered=answered,
        required=required,
        visible=len(asked),
        percent=percent,
        seconds=min((before.seconds if before is not None else 0) + seconds, _MOST_SECONDS),
        at=now,
        told=before.told if before is not None else 0,
    )
