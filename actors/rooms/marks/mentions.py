"""The mentions of a message, and their urgency. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Principal
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.more import More
from actors.rooms.room import rules
from actors.rooms.room.events import Mentioned
from actors.rooms.room.sight import notifies, resolve, veil_of
from actors.rooms.room.state import RoomState
from common.errors import PermissionDenied

MOST_MENTIONED: Final = 50
_CALLING: Final = frozenset({"therapist", "moderator"})
_STAFF: Final = _CALLING | {"admin"}


def checked(room: RoomState, more: More, answered: Message | None, by: Principal) -> More:
    """What a message is besides its words, as it is kept: everybody named once, and where its thread began.

    Raises:
        InvalidArgument: somebody is mentioned who is not in the room, or too many are.
        PermissionDenied: not theirs to say.
    """
    if len(more.mentions) > MOST_MENTIONED:
        raise rules.invalid(f"A message mentions at most {MOST_MENTIONED} people.", "mentions")
    mentions = tuple(dict.fromkeys(resolve(room, name) for name in more.mentions))
    if not all(user in room.members for user in mentions):
        raise rules.invalid("Only members of the room can be mentioned.", "mentions")
    owner = room.profile.owner if room.profile is not None else ""
    if more.mention_all and by.role not in _CALLING and by.user != owner:
        raise PermissionDenied("Only the owner of the room, therapists and moderators may mention everybody.")
    if more.priority != "normal" and by.role not in _STAFF:
        raise PermissionDenied("Only therapists, moderators and administrators may say how much a message matters.")
    return msgspec.structs.replace(more, mentions=mentions, root=root_of(answered))


def root_of(answered: Message | None) -> str:
    """The message with which the thread began, if not the message that is answered itself."""
    return "" if answered is None or answered.root is None else answered.root


def meant(room: RoomState, more: More, author: str) -> tuple[str, ...]:
    """Everybody who is meant and is there, but for the author, and for whoever wants nothing of them."""
    named = room.members if more.mention_all else more.mentions
    there = (user for user in named if user != author and user in room.members)
    return tuple(user for user in there if notifies(room, author, user))


def notes(room: RoomState, more: More, message_id: str, *, author: str, now_ms: int) -> Sequence[Mentioned]:
    """The note that tells them."""
    users = meant(room, more, author)
    if not users:
        return ()
    seq = room.last_seq + 1
    return (
        Mentioned(
            author=author,
            at=now_ms,
            users=users,
            message_id=message_id,
            upto=seq,
            veil=veil_of(room),
        ),
    )
