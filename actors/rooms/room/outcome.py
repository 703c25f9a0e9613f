"""What an event of a room looks like to those who listen, and what it entails outside the journal."""

from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Effects, Recorded, Shown
from actors.rooms.messages import views
from actors.rooms.messages.chat_message import Message, posted
from actors.rooms.messages.views import membership_view
from actors.rooms.room.events import (
    AnyEvent,
    Created,
    Deleted,
    Edited,
    Joined,
    Left,
    Posted,
    Reacted,
    Read,
    RoomEvent,
    Updated,
)
from actors.rooms.room.state import role_of
from common.clock import to_rfc3339

_to_json: Final = msgspec.json.Encoder().encode
_CHANGES: Final[dict[type, str]] = {Edited: "message_updated", Deleted: "message_deleted", Reacted: "reaction"}


def room_id_of(entity_id: str) -> str:
    """`room:42` -> `42`."""
    return entity_id.partition(":")[2]


def show(entity_id: str, recorded: Recorded[AnyEvent], message: Message | None) -> Shown | None:
    """The Socket.IO event of the public contract."""
    event, seq = recorded.event, recorded.seq
    room_id = room_id_of(entity_id)
    if isinstance(event, Posted):
        return Shown("message", _to_json((message or posted(event, seq)).to_wire(room_id)))
    if (name := _CHANGES.get(type(event))) is not None:
        if message is None:
            return None
        payload = {"room_id": room_id, "seq": seq, "message": message.to_wire(room_id)}
        return Shown(name, _to_json(payload))
    if isinstance(event, Read):
        at = to_rfc3339(event.at)
        payload = {"room_id": room_id, "user_id": event.author, "seq": event.mark, "at": at}
        return Shown("read_receipt", _to_json(payload))
    return _show_room(room_id, seq, event)


def _show_room(room_id: str, seq: int, event: RoomEvent) -> Shown:
    head: dict[str, Any] = {"room_id": room_id, "seq": seq}
    match event:
        case Created(profile=profile) | Updated(profile=profile):
            return Shown("room_updated", _to_json(head | {"room": profile.to_wire(room_id, seq)}))
        case Joined():
            who = {"user_id": event.user, "role": role_of(event.user, event.profile.owner or event.user)}
            return Shown("member_joined", _to_json(head | who | {"by": event.author, "at": to_rfc3339(event.at)}))
        case Left():
            who = {"user_id": event.user, "by": event.author, "at": to_rfc3339(event.at)}
            return Shown("member_left", _to_json(head | who), evict=event.user)
    raise LookupError(type(event).__name__)


def effects(entity_id: str, recorded: Recorded[AnyEvent], message: Message | None) -> Effects | None:
    """Read models and redactions. A message that was only posted entails nothing."""
    event, seq = recorded.event, recorded.seq
    if type(event) is Posted:
        return None
    room_id = room_id_of(entity_id)
    match event:
        case Edited() | Deleted() | Reacted():
            return None if message is None else views.of_message(entity_id, message)
        case Created():
            return _began(room_id, seq, event, event.members)
        case Joined():
            return _began(room_id, seq, event, (event.user,))
        case Left():
            return Effects(views=(membership_view(room_id, event.user, version=seq, at_ms=event.at, left=True),))
    return None


def _began(room_id: str, seq: int, event: RoomEvent, users: tuple[str, ...]) -> Effects:
    """Memberships that began."""
    views = [membership_view(room_id, user, version=seq, at_ms=event.at, left=False) for user in users]
    return Effects(views=views)
