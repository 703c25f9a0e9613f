"""What follows from messages that mean somebody, ask something, or were to be said later; and for whoever asked for a
conversation."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.outgoing.commands import NoteAsked, TellSaid
from actors.rooms.room.events import Created, Mentioned, Rebound, Said
from actors.rooms.room.outcome import room_id_of
from actors.rooms.room.sight import Sight
from actors.workflows.inbox import INBOX, tell
from common.ids import derived_id

OUTGOING: Final = "outgoing"
_pack: Final = msgspec.msgpack.Encoder().encode


def tell_mentioned(entity_id: str, recorded: Recorded[Mentioned]) -> Owed:
    """Everybody who is meant by a message: `mentioned`."""
    event, room = recorded.event, room_id_of(entity_id)
    made = derived_id("evt", recorded.at_ms, f"{entity_id}#{event.upto}#mentioned")
    payload = {
        "room_id": room,
        "message_id": event.message_id,
        "seq": event.upto,
        "by": Sight("", 0, event.veil).name(event.author),
    }
    return Owed(tell(event.users, made, "mentioned", payload))


def tell_said(entity_id: str, recorded: Recorded[Said]) -> Owed:
    """What keeps it: what was to be said later was said, or was not."""
    event = recorded.event
    became = TellSaid(id=event.scheduled_id, message_id=event.message_id, reason=event.reason)
    return Owed([Letter(f"{OUTGOING}:{event.author}", _pack(became))])


def note_asked(entity_id: str, recorded: Recorded[Created] | Recorded[Rebound]) -> Owed:
    """What keeps count for whoever asked for a conversation: it waits for an answer, or does no more."""
    bound, room = recorded.event.profile.binding, room_id_of(entity_id)
    if bound is None or not bound.consents:
        return NOTHING
    noted = NoteAsked(room=room, waits=bound.state == "requested", seq=recorded.seq)
    return Owed([Letter(f"{OUTGOING}:{bound.maker}", _pack(noted))])


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_mentioned", "room", Mentioned, tell_mentioned, to=(INBOX,)),
    Reaction("tell_said", "room", Said, tell_said, to=(OUTGOING,)),
    Reaction("note_asked", "room", Created, note_asked, to=(OUTGOING,)),
    Reaction("note_answered", "room", Rebound, note_asked, to=(OUTGOING,)),
]
