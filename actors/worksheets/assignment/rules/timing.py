"""What time, and letters, do to an assignment: each is judged anew, and a stale one changes nothing."""

from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision
from actors.worksheets.assignment.commands import (
    CareIsOver,
    ClockStops,
    DueReached,
    ForgetClient,
    PlaceCard,
    RemindDue,
    TellProgress,
    ZoneChanged,
)
from actors.worksheets.assignment.events import AssignmentReminded, Forgotten
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.rules import cards, course, tracking
from actors.worksheets.assignment.rules.facing import Facing

Timed = DueReached | RemindDue | TellProgress | CareIsOver | ClockStops | ZoneChanged | PlaceCard | ForgetClient


def decide(one: Facing, command: Timed, context: Context, version: int) -> Decision:
    """Decide one of them."""
    record, now = one.known, context.now_ms
    match command:
        case DueReached() if course.is_due(record, command.at) and not record.overdue:
            overdue = replace(record, overdue=True, updated=now)
            return Decision(events=[one.changed(overdue, "overdue", context)])
        case RemindDue() if course.is_due(record, command.at):
            return Decision(events=[AssignmentReminded(record=record, minutes=command.minutes)])
        case TellProgress() if record.working:
            return tracking.tell(record, now)
        case CareIsOver() if record.working:
            return Decision(events=[one.changed(course.ended(record, "cancelled", now), "cancelled", context)])
        case ForgetClient():
            ended = (
                [one.changed(course.ended(record, "cancelled", now), "cancelled", context)] if record.working else []
            )
            keys = ("given", one.document_key())
            return Decision(events=[*ended, *(Forgotten(key=key) for key in keys)])
        case ClockStops() if record.working:
            return _clock(one, record, command, context)
        case PlaceCard():
            return cards.placed(one.kept, record, command)
        case ZoneChanged() if record.working and record.due is not None and record.due.asked == "client":
            moved = course.with_due(record, course.in_zone(record.due, command.zone), now)
            if moved.due == record.due:
                return Decision()
            return Decision(events=[one.changed(moved, "clock", context)], timers=course.timers(moved, now))
    return Decision()


def _clock(one: Facing, record: AssignmentRecord, command: ClockStops, context: Context) -> Decision:
    if command.why == "care" and not one.house.pause_stops:
        return Decision()
    now = context.now_ms
    changed = course.stopped(record, command.why, now) if command.stopped else course.going_on(record, command.why, now)
    if changed.stops == record.stops:
        return Decision()
    return Decision(events=[one.changed(changed, "clock", context)], timers=course.timers(changed, now))
