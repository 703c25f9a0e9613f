"""What follows from what a person wants to be said later: the room is asked, and the person hears what became of it."""

from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.outgoing.events import Cancelled, Failed, SendDue, Sent
from actors.outgoing.replies import ScheduledMessage
from actors.outgoing.state import OutgoingRecord
from actors.rooms.room.commands import Say
from actors.workflows.inbox import INBOX, event_id, tell

ROOM: Final = "room"
_pack: Final = msgspec.msgpack.Encoder().encode


def say_scheduled(entity_id: str, recorded: Recorded[SendDue]) -> Owed:
    """The room: what is said, in the person's name."""
    event, user = recorded.event, _user(entity_id)
    if event.secret is None:
        return NOTHING
    say = Say(user=user, role=event.role, scheduled_id=event.id)
    return Owed([Letter(f"{ROOM}:{event.room}", _pack(say), event.secret, user)])


def tell_sent(entity_id: str, recorded: Recorded[Sent]) -> Owed:
    """The person: `scheduled_updated`, it was said."""
    event = recorded.event
    return _told(entity_id, recorded, _record(event, state="sent", message_id=event.message_id).to_wire())


def tell_failed(entity_id: str, recorded: Recorded[Failed]) -> Owed:
    """The person: `scheduled_updated`, it was not said, and why."""
    event = recorded.event
    return _told(entity_id, recorded, _record(event, state="failed", reason=event.reason).to_wire())


def tell_cancelled(entity_id: str, recorded: Recorded[Cancelled]) -> Owed:
    """The person's other sockets: `scheduled_updated`, it is not said."""
    return _told(entity_id, recorded, _record(recorded.event, state="cancelled").to_wire())


def _record(event: Sent | Failed | Cancelled, **became: Any) -> OutgoingRecord:
    return OutgoingRecord(id=event.id, room=event.room, role="", send_at=event.send_at, words=0, **became)


def _told(entity_id: str, recorded: Recorded[object], scheduled: ScheduledMessage) -> Owed:
    payload = {"scheduled": scheduled}
    return Owed(tell([_user(entity_id)], event_id(entity_id, recorded), "scheduled_updated", payload))


def _user(entity_id: str) -> str:
    return entity_id.partition(":")[2]


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("say_scheduled", "outgoing", SendDue, say_scheduled, to=(ROOM,)),
    Reaction("tell_scheduled_sent", "outgoing", Sent, tell_sent, to=(INBOX,)),
    Reaction("tell_scheduled_failed", "outgoing", Failed, tell_failed, to=(INBOX,)),
    Reaction("tell_scheduled_cancelled", "outgoing", Cancelled, tell_cancelled, to=(INBOX,)),
]
