"""An assignment as others need it: its fields without words, for the document; and as people see it."""

from collections.abc import Mapping
from typing import Any

from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.shown import ShownAssignment, ShownExtension, ShownHanded, due_shown, progress_shown
from actors.worksheets.document.shape import FieldShape, Shape
from actors.worksheets.schema.fields import MOST_ROWS, Field, Schema, TopField
from common.clock import to_rfc3339


def shape_of(schema: Schema) -> Shape:
    """The fields of a worksheet, without their words."""
    found: dict[str, FieldShape] = {}
    for field in schema.fields:
        found[field.id] = _shape(field, "")
        found |= {child.id: _shape(child, field.id) for child in field.fields}
    return Shape(found)


def lists_of(rows: Mapping[str, Any]) -> dict[str, list[str]]:
    """Rows in their order, by group: of `<group>.<row>` and its position."""
    found: dict[str, list[str]] = {}
    for key in sorted(rows, key=lambda key: (rows[key], key)):
        group, _, row = key.partition(".")
        found.setdefault(group, []).append(row)
    return found


def positions_of(rows: Mapping[str, list[str]]) -> dict[str, int]:
    """The inverse."""
    return {f"{group}.{row}": place for group, listed in rows.items() for place, row in enumerate(listed)}


def assignment_shown(
    record: AssignmentRecord,
    version: int,
    *,
    title: str,
    user: str,
    seq: int | None = None,
    note: str = "",
    reasons: Mapping[int, str] | None = None,
) -> ShownAssignment:
    """As this person sees it. `seq`: of the document by now (None: as of the record). `reasons`: of extensions, by the
    event that holds them."""
    client, reasons = user == record.client, reasons or {}
    progress = record.progress if client or record.sharing != "off" else None
    return ShownAssignment(
        assignment_id=record.id,
        worksheet_id=record.worksheet,
        worksheet_version=record.worksheet_version,
        title=title,
        client_id=record.client,
        therapist_id=record.therapist,
        status=record.status,
        attempt=record.attempt,
        due=due_shown(record),
        overdue=record.overdue,
        clock="stopped" if record.stops else "running",
        extensions=[
            ShownExtension(due=to_rfc3339(one.due), by=one.by, at=to_rfc3339(one.at), reason=reasons.get(one.said))
            for one in record.extensions
        ],
        attempts_allowed=max(record.attempts, 1 if record.attempts else record.attempt),
        collaboration=record.collaboration,
        share_progress=record.sharing,
        progress=None if progress is None else progress_shown(progress, record.sharing),
        submissions=[
            ShownHanded(version=one.version, submitted_at=to_rfc3339(one.at), late=one.late)
            for one in record.submissions
        ],
        series_id=record.series or None,
        booking_id=record.booking or None,
        room_id=record.room or None,
        note=note or None,
        instrument=record.instrument or None,
        source=record.source or None,
        open_clarifications=record.open_clarifications,
        feedback_count=record.feedback + (0 if client else record.private_feedback),
        seq=record.written if seq is None else seq,
        version=version,
        created_at=to_rfc3339(record.created),
        updated_at=to_rfc3339(record.updated),
    )


def _shape(field: Field, group: str) -> FieldShape:
    return FieldShape(
        type=field.type,
        filled_by=field.filled_by,
        options=tuple(option.value for option in field.options),
        min=field.min,
        max=field.max,
        step=field.step,
        max_chars=field.max_chars,
        max_choices=field.max_choices,
        group=group,
        max_rows=(field.max_rows if isinstance(field, TopField) else None) or MOST_ROWS,
    )
