"""The read models of rooms. `messages`: those that changed after they were posted. `message_margins`: what was noted
about a message. `replies`: which messages are in which thread. `memberships`: who is in which room.
`room_searching`: of rooms whose profile has changed since they began, whether they are searched.

A message that nobody edited, deleted or reacted to has no document: the journal holds it as it is.
"""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Effects
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.more import Margin
from store.ports.views import Index, Scalar, View

MESSAGES: Final = "messages"
MEMBERSHIPS: Final = "memberships"
MARGINS: Final = "message_margins"
REPLIES: Final = "replies"
SEARCHING: Final = "room_searching"
INDEXES: Final = (
    Index(MESSAGES, ("entity", "version")),  # what changed since
    Index(MESSAGES, ("entity", "deleted", "seq")),  # what is gone from a stretch
    Index(MEMBERSHIPS, ("user", "left", "room")),
    Index(MEMBERSHIPS, ("room", "left", "user")),
    Index(REPLIES, ("entity", "root", "seq")),
)
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Message).decode
_margin: Final = msgspec.msgpack.Decoder(Margin).decode


def message_view_id(entity_id: str, seq: int) -> str:
    """The id of the view of the message posted at `seq`, once it changed."""
    return f"{entity_id}#{seq}"


def message_view(entity_id: str, message: Message) -> View:
    """A changed message: its content apart, to be sealed under its sender's key."""
    return View(
        collection=MESSAGES,
        id=message_view_id(entity_id, message.seq),
        version=message.version,
        fields={"entity": entity_id, "seq": message.seq, "deleted": message.deleted_at is not None},
        data=_pack(msgspec.structs.replace(message, content=None, margin=None)),
        secret=message.content,
    )


def message_in(view: View) -> Message:
    """The inverse of `message_view`, with the content opened by whoever read the view."""
    return msgspec.structs.replace(_unpack(view.data), content=view.secret)


def margin_view(entity_id: str, seq: int, margin: Margin) -> View:
    """The view of the notes about the message posted at `seq`: ids and marks, nobody's words."""
    return View(
        collection=MARGINS,
        id=message_view_id(entity_id, seq),
        version=margin.version,
        fields={"entity": entity_id, "seq": seq},
        data=_pack(margin),
    )


def margin_in(view: View) -> Margin:
    """The inverse of `margin_view`."""
    return _margin(view.data)


def reply_view(entity_id: str, root: int, seq: int, at_ms: int) -> View:
    """The message posted at `seq` is in the thread that began at `root`."""
    fields: dict[str, Scalar] = {"entity": entity_id, "root": root, "seq": seq, "at": at_ms}
    return View(REPLIES, message_view_id(entity_id, seq), seq, fields)


def membership_view(room_id: str, user: str, *, version: int, at_ms: int, left: bool) -> View:
    """Is this user in this room, and since when?"""
    return View(
        MEMBERSHIPS,
        f"{user}|{room_id}",
        version,
        {"user": user, "room": room_id, "left": left, "at": at_ms},
    )


def searching_view(room_id: str, version: int, *, searchable: bool) -> View:
    """The profile of a room changed: may its members search in it? `version`: the seq of the change."""
    return View(SEARCHING, room_id, version, {"searchable": searchable})


def of_message(entity_id: str, message: Message) -> Effects:
    """The effects of a change of a message. A deleted one loses the text of its posting and of every edit."""
    redact = (message.seq, *message.edits) if message.deleted_at is not None else ()
    return Effects(views=(message_view(entity_id, message),), owner=message.sender, redact=redact)


def of_margin(entity_id: str, message: Message) -> Effects | None:
    """The effects of a note about a message."""
    return None if message.margin is None else Effects(views=(margin_view(entity_id, message.seq, message.margin),))
