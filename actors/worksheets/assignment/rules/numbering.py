"""The number of the document's last event, in whatever tells of the assignment."""

from msgspec.structs import replace

from actors.kernel.contract.entity import Decision, Event
from actors.worksheets.assignment.events import (
    Assigned,
    AssignmentChanged,
    AssignmentReminded,
    Clarified,
    FeedbackDeleted,
    FeedbackGiven,
    Submitted,
)
from actors.worksheets.assignment.queries import AssignmentOf
from actors.worksheets.document.events import Checkpoint, DocumentUpdated
from actors.worksheets.document.state import Writing

_TELLING = (
    Assigned,
    AssignmentChanged,
    AssignmentReminded,
    Clarified,
    FeedbackDeleted,
    FeedbackGiven,
    Submitted,
)


def numbered(writing: Writing, decision: Decision, version: int) -> Decision:
    """The decision with that number in its records and in its answer. `version`: before its first event."""
    written = _written(writing.seq, decision, version)
    if any(isinstance(event, _TELLING) for event in decision.events):
        decision = replace(decision, events=[_told(event, written) for event in decision.events])
    if isinstance(decision.reply, AssignmentOf):
        decision = replace(decision, reply=replace(decision.reply, seq=written))
    return decision


def _written(before: int, decision: Decision, version: int) -> int:
    for number, event in enumerate(decision.events, version + 1):
        if isinstance(event, DocumentUpdated) or (isinstance(event, Checkpoint) and event.begins):
            before = number
    return before


def _told(event: Event, written: int) -> Event:
    return replace(event, record=replace(event.record, written=written)) if isinstance(event, _TELLING) else event
