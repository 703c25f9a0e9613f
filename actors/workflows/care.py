"""What follows from events of care relationships: both parties find in their mailboxes what the other did, and what
came about by itself."""

from typing import Final, TypeVar

from actors.care.events import CareAccepted, CareBegun, CareEnded, CareEvent, CarePaused, CareResumed
from actors.care.state import shown
from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.workflows.inbox import INBOX, event_id, tell

E = TypeVar("E", bound=CareEvent)


def tell_care(entity_id: str, recorded: Recorded[E]) -> Owed:
    """Who did not do it themselves: `care_updated`."""
    event = recorded.event
    payload = shown(event.care)
    return Owed(tell(event.told, event_id(entity_id, recorded), "care_updated", payload), first_place=0)


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_care_begun", "care", CareBegun, tell_care, to=(INBOX,)),
    Reaction("tell_care_accepted", "care", CareAccepted, tell_care, to=(INBOX,)),
    Reaction("tell_care_paused", "care", CarePaused, tell_care, to=(INBOX,)),
    Reaction("tell_care_resumed", "care", CareResumed, tell_care, to=(INBOX,)),
    Reaction("tell_care_ended", "care", CareEnded, tell_care, to=(INBOX,)),
]
