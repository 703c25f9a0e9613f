"""What follows from events of rooms: who was put in or taken out by somebody else finds it in their mailbox."""

from collections.abc import Mapping
from typing import Final

from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.rooms.marks.events import RoomEvent
from actors.rooms.room.events import Created, Joined, Left, Profile, Rebound
from actors.rooms.room.outcome import room_id_of
from actors.workflows.inbox import INBOX, tell
from common.numbered_ids import mark_of, timed_id


def tell_first_members(entity_id: str, recorded: Recorded[Created]) -> Owed:
    """Everybody whom the creator named: `room_added`; whoever is asked for a conversation: `conversation_requested`."""
    event = recorded.event
    if asked := _asked(event.profile):
        return _told(
            entity_id=entity_id,
            recorded=recorded,
            users=[asked],
            name="conversation_requested",
            payload=_room(entity_id, recorded),
        )
    others = [user for user in event.members if user != event.author]
    return _told(
        entity_id=entity_id, recorded=recorded, users=others, name="room_added", payload=_room(entity_id, recorded)
    )


def tell_added_member(entity_id: str, recorded: Recorded[Joined]) -> Owed:
    """Who was added by somebody else: `room_added`."""
    event = recorded.event
    if event.user == event.author:
        return NOTHING
    return _told(
        entity_id=entity_id,
        recorded=recorded,
        users=[event.user],
        name="room_added",
        payload=_room(entity_id, recorded),
    )


def tell_removed_member(entity_id: str, recorded: Recorded[Left]) -> Owed:
    """Who was removed by somebody else: `room_removed`."""
    event = recorded.event
    if event.user == event.author:
        return NOTHING
    return _told(
        entity_id=entity_id,
        recorded=recorded,
        users=[event.user],
        name="room_removed",
        payload={"room_id": room_id_of(entity_id)},
    )


def tell_asked_again(entity_id: str, recorded: Recorded[Rebound]) -> Owed:
    """Whoever is asked for a conversation once more: `conversation_requested`."""
    asked = _asked(recorded.event.profile)
    if not asked:
        return NOTHING
    told = _told(
        entity_id=entity_id,
        recorded=recorded,
        users=[asked],
        name="conversation_requested",
        payload=_room(entity_id, recorded),
    )
    return Owed(told.letters)


def _asked(profile: Profile) -> str:
    """Who is to answer; "": nobody."""
    bound = profile.binding
    return bound.asked if bound is not None and bound.state == "requested" else ""


def _room(entity_id: str, recorded: Recorded[Created] | Recorded[Joined] | Recorded[Rebound]) -> Mapping[str, object]:
    return {"room": recorded.event.profile.to_wire(room_id_of(entity_id), recorded.seq)}


def _told(
    entity_id: str, recorded: Recorded[RoomEvent], users: list[str], name: str, payload: Mapping[str, object]
) -> Owed:
    made = timed_id("evt", recorded.event.at, recorded.seq, mark_of(room_id_of(entity_id)))
    return Owed(tell(users, made, name, payload), first_place=0)


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_first_members", "room", Created, tell_first_members, to=(INBOX,)),
    Reaction("tell_added_member", "room", Joined, tell_added_member, to=(INBOX,)),
    Reaction("tell_removed_member", "room", Left, tell_removed_member, to=(INBOX,)),
    Reaction("tell_asked_again", "room", Rebound, tell_asked_again, to=(INBOX,)),
]
