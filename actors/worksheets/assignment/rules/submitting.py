"""Handing in: what is there when nothing required is missing, scored, and never changed again."""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from actors.kernel.contract.entity import Event
from actors.worksheets.assignment.contents import ComparisonRule, Given, Submission, pack
from actors.worksheets.assignment.events import Submitted
from actors.worksheets.assignment.records import AssignmentRecord, Handed
from actors.worksheets.assignment.rules import course
from actors.worksheets.assignment.shaping import lists_of
from actors.worksheets.document.digest import digest_of
from actors.worksheets.document.drafts import Contents
from actors.worksheets.schema import answers as answering
from actors.worksheets.schema.change import fingerprint, threshold
from actors.worksheets.schema.fields import Schema, Score
from actors.worksheets.schema.showing import ShownField, alerts_of, shown
from common.errors import Conflict, FailedPrecondition
from common.ids import derived_id
from common.timeline import MINUTE_MS

_LATE: Final = "late"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What handing in does."""

    record: AssignmentRecord
    handed: Handed
    content: Submission
    events: list[Event]


def submit(
    record: AssignmentRecord, given: Given, contents: Contents, digest: str, by: str, now: int, seq: int
) -> HandedOver:
    """Hand in what is written; `seq` will be the event's number.

    Raises:
        FailedPrecondition: something required is missing (`details.missing`), or it is too late (reason `late`).
        InvalidArgument: some answers are none; `details.errors`.
        Conflict: it is not what the person saw; `details.answers` is what is there.
    """
    course.follow(record, "submitted")
    late = course.is_late(record, now)
    if late and record.late == "refuse":
        raise FailedPrecondition("It was due before, and is not taken any more.", details={"reason": _LATE})
    look = shown(given.schema, contents.answers, lists_of(contents.rows))
    if missing := answering.missing(given.schema, look):
        raise FailedPrecondition("Some answers are missing.", details={"missing": missing})
    if wrong := answering.complaints(given.schema, look.answers, look):
        answering.refuse(wrong)
    if digest and digest.lower() != digest_of(look.answers):
        raise Conflict("Somebody else has changed it. Look at it again.", details={"answers": look.answers})
    return handed_over(
        record=record,
        given=given,
        look=look,
        contents=contents,
        by=by,
        now=now,
        seq=seq,
        late=late and record.late == "flag",
    )


def handed_over(
    record: AssignmentRecord,
    given: Given,
    look: ShownField,
    contents: Contents,
    by: str,
    now: int,
    seq: int,
    *,
    late: bool,
) -> HandedOver:
    """What is handed in, and the event."""
    handed = Handed(
        id=derived_id("sbm", now, f"{record.id}/{record.attempt}"),
        version=len(record.submissions) + 1,
        attempt=record.attempt,
        at=now,
        late=late,
        seq=seq,
        by=by,
    )
    content = content_of(given, look, contents)
    record = replace(course.ended(record, "submitted", now), submissions=(*record.submissions, handed))
    urgencies = {one.id: one.urgency for one in given.schema.alerts}
    submitted = Submitted(
        author=record.client,
        secret=pack(content),
        record=record,
        alerts=tuple((one, urgencies[one]) for one in content.alerts),
        minutes=max(0, now - (record.began or record.created)) // MINUTE_MS,
    )
    return HandedOver(record, handed, content, [submitted])


def content_of(given: Given, look: ShownField, contents: Contents) -> Submission:
    """What is kept of it: the visible answers, notes, scores and alerts."""
    visible = {key.rpartition(".")[0] for key in look.visible if "." in key}
    groups = {key.partition(".")[0] for key in look.visible}
    rows = {group: rows for group, rows in lists_of(contents.rows).items() if group in groups and (visible or rows)}
    return Submission(
        title=given.title,
        answers=look.answers,
        notes={name: text for name, text in contents.notes.items() if text},
        rows=rows,
        scores=look.scores,
        alerts=alerts_of(given.schema, look),
        judges={one.id: _judge(given.schema, one) for one in given.schema.scores},
    )


def _judge(schema: Schema, score: Score) -> ComparisonRule:
    return ComparisonRule(
        mark=fingerprint(schema, score),
        higher_is=score.higher_is,
        least=threshold(score.reliable_change),
        cutoff=None if score.cutoff is None else score.cutoff.points,
    )
