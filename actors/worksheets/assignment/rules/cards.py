"""Blocks of messages that stand for an assignment: they show its state."""

from msgspec.structs import replace

from actors.kernel.contract.entity import Decision
from actors.worksheets.assignment.commands import PlaceCard
from actors.worksheets.assignment.events import AssignmentChanged, CardsTurned, Submitted
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.state import AssignmentState


def placed(kept: AssignmentState, record: AssignmentRecord, command: PlaceCard) -> Decision:
    """One more block, put there by one of the two. It shows the state of now: that may be another than it was posted
    with."""
    if command.user not in (record.client, record.therapist) or command.card in kept.cards:
        return Decision()
    return Decision(notes=(CardsTurned(cards=(command.card,), state=record.status),))


def turned(kept: AssignmentState, decision: Decision) -> Decision:
    """With a note for the blocks, where the assignment is in another state than it was."""
    after = [one.record for one in decision.events if isinstance(one, AssignmentChanged | Submitted)]
    if not kept.cards or kept.record is None or not after or after[-1].status == kept.record.status:
        return decision
    note = CardsTurned(cards=kept.cards, state=after[-1].status)
    return replace(decision, notes=(*decision.notes, note))
