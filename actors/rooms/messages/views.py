"""The read models of rooms. `messages`: those that changed after they were posted. `memberships`: who is in which room.

A message that nobody edited, deleted or reacted to has no document: the journal holds it as it is.
"""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Effects
from actors.rooms.messages.chat_message import Message
from store.ports.views import Index, View

MESSAGES: Final = "messages"
MEMBERSHIPS: Final = "memberships"
INDEXES: Final = (
    Index(MESSAGES, ("entity", "version")),  # what changed since
    Index(MESSAGES, ("entity", "deleted", "seq")),  # what is gone from a stretch
    Index(MEMBERSHIPS, ("user", "left", "room")),
)
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Message).decode


def message_view_id(entity_id: str, seq: int) -> str:
    """Where the message posted at `seq` is, once it changed."""
    return f"{entity_id}#{seq}"


def message_view(entity_id: str, message: Message) -> View:
    """A changed message: its content apart, to be sealed under its sender's key."""
    return View(
        MESSAGES,
        message_view_id(entity_id, message.seq),
        message.version,
        {"entity": entity_id, "seq": message.seq, "deleted": message.deleted_at is not None},
        _pack(msgspec.structs.replace(message, content=None)),
        message.content,
    )


def message_in(view: View) -> Message:
    """The inverse of `message_view`, with the content opened by whoever read the view."""
    return msgspec.structs.replace(_unpack(view.data), content=view.secret)


def membership_view(room_id: str, user: str, *, version: int, at_ms: int, left: bool) -> View:
    """Is this user in this room, and since when?"""
    return View(
        MEMBERSHIPS,
        f"{user}|{room_id}",
        version,
        {"user": user, "room": room_id, "left": left, "at": at_ms},
    )


def of_message(entity_id: str, message: Message) -> Effects:
    """What a change of a message entails. A deleted one loses the text of its posting and of every edit."""
    redact = (message.seq, *message.edits) if message.deleted_at is not None else ()
    return Effects(views=(message_view(entity_id, message),), owner=message.sender, redact=redact)
