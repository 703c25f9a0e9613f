"""The course of an assignment: which states follow which, when it is due, and what its clock does. Pure functions of
the record; whoever calls makes events of what they give."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import SetTimer
from actors.worksheets.assignment.commands import DueReached, RemindDue, WantedDue
from actors.worksheets.assignment.records import WORKING, AssignmentRecord, Due, Extension, Status, Stop
from common.errors import FailedPrecondition, InvalidArgument
from common.timeline import MINUTE_MS, instant_of, kept_zone

_pack: Final = msgspec.msgpack.Encoder().encode
_AFTER: Final[Mapping[Status, tuple[Status, ...]]] = {
    "assigned": ("in_progress", "submitted", "cancelled"),
    "in_progress": ("submitted", "cancelled"),
    "submitted": ("reviewed", "reopened"),
    "reviewed": ("reopened",),
    "reopened": ("in_progress", "submitted", "cancelled"),
    "cancelled": (),
}
END_OF_DAY: Final = "23:59"


def follow(record: AssignmentRecord, status: Status) -> None:
    """Raises FailedPrecondition: this state does not follow."""
    if status not in _AFTER[record.status]:
        raise not_now(record)


def working(record: AssignmentRecord) -> None:
    """Raises FailedPrecondition: nothing is to be done any more."""
    if not record.working:
        raise not_now(record)


def not_now(record: AssignmentRecord) -> FailedPrecondition:
    """The refusal, with what would be possible."""
    details: dict[str, object] = {"status": record.status, "allowed": list(_AFTER[record.status])}
    return FailedPrecondition(f"This assignment is {record.status}.", details=details)


def due_of(wanted: WantedDue, moved: int = 0) -> Due:
    """The instant at which the wall shows it. Raises InvalidArgument: no date, or no time."""
    wall = _wall(wanted.date, wanted.time)
    at = instant_of(kept_zone(wanted.zone), wall) + moved
    return Due(date=wanted.date, time=wanted.time, asked=wanted.asked, zone=wanted.zone, at=at, moved=moved)


def in_zone(due: Due, zone: str) -> Due:
    """The same on the walls of another zone."""
    wanted = WantedDue(date=due.date, time=due.time, asked=due.asked, zone=zone)
    return due_of(wanted, due.moved)


def with_due(record: AssignmentRecord, due: Due | None, now: int) -> AssignmentRecord:
    """The record with this due time."""
    overdue = due is not None and not record.stops and record.working and now >= due.at
    return replace(record, due=due, overdue=overdue, updated=now)


def extended(record: AssignmentRecord, due: Due, by: str, now: int, said: int) -> AssignmentRecord:
    """With a later due time."""
    record = with_due(record, due, now)
    return replace(record, extensions=(*record.extensions, Extension(due=due.at, by=by, at=now, said=said)))


def is_late(record: AssignmentRecord, now: int) -> bool:
    """Is its time over, grace included? Not while its clock stands."""
    due = record.due
    return due is not None and not record.stops and now > due.at + record.grace * MINUTE_MS


def stopped(record: AssignmentRecord, why: Stop, now: int) -> AssignmentRecord:
    """Its clock stands, for this reason too."""
    if why in record.stops:
        return record
    return replace(record, stops=(*record.stops, why), stopped=record.stopped or now, updated=now)


def going_on(record: AssignmentRecord, why: Stop, now: int) -> AssignmentRecord:
    """This reason is over; after the last one its due time is put off by as long as it stood."""
    if why not in record.stops:
        return record
    left = tuple(one for one in record.stops if one != why)
    stood, record = now - record.stopped, replace(record, stops=left, stopped=record.stopped if left else 0)
    if left or record.due is None:
        return replace(record, updated=now)
    due = replace(record.due, at=record.due.at + stood, moved=record.due.moved + stood)
    return with_due(record, due, now)


def ended(record: AssignmentRecord, status: Status, now: int) -> AssignmentRecord:
    """Nothing is awaited any more: no clock stands, and nothing is overdue."""
    return replace(record, status=status, updated=now, stops=(), stopped=0, overdue=False)


def reopened(record: AssignmentRecord, now: int) -> AssignmentRecord:
    """Another attempt. A due time that is over is no more; who re-opens it may name another."""
    due = record.due if record.due is not None and record.due.at > now else None
    return replace(
        record,
        status="reopened",
        attempt=record.attempt + 1,
        due=due,
        overdue=False,
        updated=now,
        began=0,
        progress=None,
    )


def timers(record: AssignmentRecord, now: int) -> list[SetTimer]:
    """What its due time needs: reminders ahead of it, and word that it is over. None while its clock stands."""
    due = record.due
    if due is None or record.stops or record.status not in WORKING:
        return []
    found = [SetTimer(f"due:{due.at}", due.at, _pack(DueReached(due.at)))] if not record.overdue else []
    for minutes in record.remind:
        at = due.at - minutes * MINUTE_MS
        if at > now:
            found.append(SetTimer(f"remind:{due.at}:{minutes}", at, _pack(RemindDue(due.at, minutes))))
    return found


def is_due(record: AssignmentRecord, at: int) -> bool:
    """Does a timer for this due time still mean something?"""
    return record.working and not record.stops and record.due is not None and record.due.at == at


def _wall(day: str, clock: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
    except ValueError:
        message = "due is a date such as 2026-11-20, and a time such as 18:00."
        raise InvalidArgument(message, details={"field": "due"}) from None
