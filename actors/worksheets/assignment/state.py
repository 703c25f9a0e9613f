"""What an assignment keeps, and its fold."""

from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.worksheets.assignment.events import (
    Assigned,
    AssignmentChanged,
    AssignmentEvent,
    AssignmentReminded,
    CardsTurned,
    Clarified,
    FeedbackDeleted,
    FeedbackGiven,
    Forgotten,
    Progressed,
    Submitted,
)
from actors.worksheets.assignment.records import AssignmentRecord, Card, Clarification, Note
from actors.worksheets.document.judging import Bounds
from actors.worksheets.document.shape import Shape
from actors.worksheets.document.state import Writing

MOST_CARDS: Final = 100
"""Blocks of messages that are told of its states: the newest."""


@dataclass(frozen=True, slots=True)
class AssignmentSettings:
    """How this house has it. `compact_after`: changes after which a document is put together. `months_open`: how long
    an attempt may be of use."""

    bounds: Bounds = field(default_factory=Bounds)
    compact_after: int = 200
    resident_bytes: int = 67_108_864
    clarification_stops: bool = False
    pause_stops: bool = True


class AssignmentState(msgspec.Struct, array_like=True):
    """The state. `changed`: the number of the last event but those of the document. Add members with defaults at the
    end."""

    record: AssignmentRecord | None = None
    shape: Shape = Shape({})
    writing: Writing = msgspec.field(default_factory=Writing)
    changed: int = 0
    notes: dict[str, Note] = {}
    clarifications: dict[str, Clarification] = {}
    cards: tuple[Card, ...] = ()

    def apply(self, event: AssignmentEvent, seq: int, at_ms: int) -> None:
        """Fold in what has happened."""
        match event:
            case Assigned():
                self.record, self.shape, self.changed = event.record, event.shape, seq
            case AssignmentChanged() | Submitted():
                self.record, self.changed = event.record, seq
            case FeedbackGiven():
                self.record, self.changed = event.record, seq
                self.notes[event.note.id] = event.note
            case FeedbackDeleted():
                self.record, self.changed = event.record, seq
                self.notes.pop(event.note.id, None)
            case Clarified():
                self.record, self.changed = event.record, seq
                self.clarifications[event.clarification.id] = event.clarification
            case Progressed():
                if self.record is not None:
                    self.record = replace(self.record, progress=event.progress)
            case CardsTurned():
                known = dict.fromkeys((*self.cards, *event.cards))
                self.cards = tuple(known)[-MOST_CARDS:]
            case AssignmentReminded() | Forgotten():
                pass
            case _:
                self.writing.apply(event, seq, at_ms)
