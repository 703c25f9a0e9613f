"""What follows from events of care relationships: both parties find in their mailboxes what the other did, and what
came about by itself; and the conversation of the two is as their care is."""

from typing import Final, TypeVar

import msgspec

from actors.care.events import (
    CareAccepted,
    CareBegun,
    CareBound,
    CareEnded,
    CareEvent,
    CarePaused,
    CareResumed,
    CoverChanged,
)
from actors.care.state import CareRecord, CoverReply, shown, shown_cover
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.rooms.conversation.binding import Bond
from actors.rooms.conversation.commands import FollowCare, Stead
from actors.workflows.inbox import INBOX, event_id, tell

ROOM: Final = "room"
E = TypeVar("E", bound=CareEvent)


def tell_care(entity_id: str, recorded: Recorded[E]) -> Owed:
    """Who did not do it themselves: `care_updated`."""
    event = recorded.event
    payload = shown(event.care)
    return Owed(tell(event.told, event_id(entity_id, recorded), "care_updated", payload), first_place=0)


def tell_cover(entity_id: str, recorded: Recorded[CoverChanged]) -> Owed:
    """Client, therapist and whoever is there in their place: `cover_updated`."""
    event = recorded.event
    payload = CoverReply(cover=shown_cover(event.care, event.cover))
    return Owed(tell(event.told, event_id(entity_id, recorded), "cover_updated", payload))


def follow_care(entity_id: str, recorded: Recorded[E]) -> Owed:
    """Their conversation, if they have one: it is open, paused and closed with the care, and shown to who covers."""
    care = recorded.event.care
    if not care.room:
        return NOTHING
    command = msgspec.msgpack.encode(following(care, recorded.seq))
    return Owed([Letter(f"{ROOM}:{care.room}", command)])


def following(care: CareRecord, version: int) -> FollowCare:
    """What the conversation is told of the care as it is at this version."""
    covers = tuple(Stead(one.therapist, one.hidden) for one in care.covers if one.state == "active")
    return FollowCare(Bond(care.id, care.since, version, care.state), care.until, covers)


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_care_begun", "care", CareBegun, tell_care, to=(INBOX,)),
    Reaction("tell_care_accepted", "care", CareAccepted, tell_care, to=(INBOX,)),
    Reaction("tell_care_paused", "care", CarePaused, tell_care, to=(INBOX,)),
    Reaction("tell_care_resumed", "care", CareResumed, tell_care, to=(INBOX,)),
    Reaction("tell_care_ended", "care", CareEnded, tell_care, to=(INBOX,)),
    Reaction("tell_cover", "care", CoverChanged, tell_cover, to=(INBOX,)),
    Reaction("follow_care_bound", "care", CareBound, follow_care, to=(ROOM,)),
    Reaction("follow_care_accepted", "care", CareAccepted, follow_care, to=(ROOM,)),
    Reaction("follow_care_paused", "care", CarePaused, follow_care, to=(ROOM,)),
    Reaction("follow_care_resumed", "care", CareResumed, follow_care, to=(ROOM,)),
    Reaction("follow_care_ended", "care", CareEnded, follow_care, to=(ROOM,)),
    Reaction("follow_cover", "care", CoverChanged, follow_care, to=(ROOM,)),
]
