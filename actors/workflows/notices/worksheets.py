"""What people are told of worksheets while they do not look: that there is something, never what. A reminder never
follows a submission, for each is about the assignment at a version."""

from typing import Final

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.workflows.notify import FEATURE, NOTIFIER, told
from actors.worksheets.assignment.events import (
    Assigned,
    AssignmentChanged,
    AssignmentReminded,
    Clarified,
    FeedbackGiven,
    Submitted,
)
from actors.worksheets.assignment.records import AssignmentRecord

_ASSIGNED: Final = "worksheet_assigned"
_DUE: Final = "worksheet_due"
_SUBMITTED: Final = "worksheet_submitted"
_ANEW: Final = ("reopened", "extended")


def notify_assigned(entity_id: str, recorded: Recorded[Assigned]) -> Owed:
    """The client: there is something to do."""
    record = recorded.event.record
    return NOTHING if record.source else Owed(told((record.client,), _tell(_ASSIGNED, record, recorded.seq)))


def notify_changed(entity_id: str, recorded: Recorded[AssignmentChanged]) -> Owed:
    """The client: there is something to do again, or until another time; or it is overdue. What is over takes back what
    was told."""
    event, record = recorded.event, recorded.event.record
    if event.change in _ANEW:
        return Owed(told((record.client,), _tell(_ASSIGNED, record, recorded.seq)))
    if event.change == "overdue":
        return Owed(told((record.client,), _tell(_DUE, record, recorded.seq)))
    if event.change == "cancelled":
        return Owed(_withdrawn(record, recorded.seq))
    return NOTHING


def notify_reminder(entity_id: str, recorded: Recorded[AssignmentReminded]) -> Owed:
    """The client: it is due soon. Not worth telling once it was due."""
    record = recorded.event.record
    expires = 0 if record.due is None else record.due.at
    return Owed(told((record.client,), _tell(_DUE, record, recorded.seq, expires=expires)))


def notify_submitted(entity_id: str, recorded: Recorded[Submitted]) -> Owed:
    """The therapist: it was handed in, and whether an answer needs them now. The client's reminders are taken back."""
    event, record = recorded.event, recorded.event.record
    if record.source:
        return NOTHING
    letters = [*_withdrawn(record, recorded.seq), *told((record.therapist,), _tell(_SUBMITTED, record, recorded.seq))]
    if any(urgency != "normal" for _, urgency in event.alerts):
        subject = Subject("answer_alert", f"{record.id}#{record.submissions[-1].version}", recorded.seq)
        letters += told((record.therapist,), Tell(name="worksheet_alert", subject=subject, link=_link(record)))
    return Owed(letters)


def notify_feedback(entity_id: str, recorded: Recorded[FeedbackGiven]) -> Owed:
    """The client: there is feedback. An edit of it is no news, and nothing private is."""
    event, record = recorded.event, recorded.event.record
    if event.note.private or event.note.edited:
        return NOTHING
    subject = Subject("feedback", record.id, recorded.seq)
    return Owed(told((record.client,), Tell(name="worksheet_feedback", subject=subject, link=_link(record))))


def notify_clarified(entity_id: str, recorded: Recorded[Clarified]) -> Owed:
    """The other of the two: something was asked, or answered."""
    event, record = recorded.event, recorded.event.record
    subject = Subject("clarification", event.clarification.id, recorded.seq)
    name, both = "clarification_requested", (record.client, record.therapist)
    if event.clarification.state == "resolved":
        return Owed(told(both, Tell(name=name, subject=subject, withdraw=True)))
    other = record.therapist if event.by == record.client else record.client
    return Owed(told((other,), Tell(name=name, subject=subject, link=_link(record))))


def _tell(name: str, record: AssignmentRecord, version: int, *, expires: int = 0) -> Tell:
    values: dict[str, str | int] = {"assignment_id": record.id}
    if record.due is not None:
        values |= {"due_at_ms": record.due.at, "at_ms": record.due.at}
    return Tell(
        name=name,
        subject=Subject("assignment", record.id, version),
        values=values,
        link=_link(record),
        expires_at_ms=expires,
    )


def _withdrawn(record: AssignmentRecord, version: int) -> list[Letter]:
    subject = Subject("assignment", record.id, version)
    return told((record.client,), Tell(name=_DUE, subject=subject, withdraw=True))


def _link(record: AssignmentRecord) -> str:
    return f"/worksheets/{record.id}"


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("notify_assigned", "assignment", Assigned, notify_assigned, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_assignment", "assignment", AssignmentChanged, notify_changed, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_due", "assignment", AssignmentReminded, notify_reminder, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_submitted", "assignment", Submitted, notify_submitted, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_feedback", "assignment", FeedbackGiven, notify_feedback, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_clarified", "assignment", Clarified, notify_clarified, to=(NOTIFIER,), feature=FEATURE),
]
