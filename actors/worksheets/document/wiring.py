"""How the document is stored and shown: what the kind of the assignment hands on."""

from actors.kernel.contract.entity import Effects, Recorded, Shown
from actors.worksheets.document.events import Checkpoint, DocumentEvent, DocumentUpdated
from actors.worksheets.document.part import Document, key_of
from actors.worksheets.document.wire import gap_shown, update_shown


def part_of(recorded: Recorded[DocumentEvent]) -> str:
    """The part that an event of the document changes."""
    return key_of(recorded.event.attempt)


def show(assignment_id: str, recorded: Recorded[DocumentEvent]) -> Shown | None:
    """What listeners see: each update."""
    event = recorded.event
    if isinstance(event, Checkpoint) or event.secret is None:
        return None
    return update_shown(assignment_id, event.attempt, event.secret)


def show_again(assignment_id: str, recorded: Recorded[DocumentEvent], part: Document | None, upto: int) -> Shown | None:
    """Updates that a checkpoint stands for are gone: with the last of them comes the checkpoint. Who reads less far is
    told that they miss something, for what comes next stands on what is gone."""
    event = recorded.event
    if part is None or isinstance(event, Checkpoint) or recorded.seq > part.replaced:
        return show(assignment_id, recorded)
    if recorded.seq == part.replaced:
        return update_shown(assignment_id, event.attempt, part.base)
    if upto >= part.replaced:
        return None
    return show(assignment_id, recorded) or gap_shown(assignment_id)


def effects(recorded: Recorded[DocumentEvent]) -> Effects | None:
    """No deleted text outlives a checkpoint."""
    event = recorded.event
    if isinstance(event, DocumentUpdated) or not event.replaces:
        return None
    return Effects(redact=event.replaces)
