"""A message: the part of a room that its events create and change, and the object that clients see.

The content (body and attachments) stays packed as `Content` bytes, sealed at rest; it is unpacked only to be shown.
A message is a value: a change makes a new one, so a turn that is not stored leaves the old one as it was.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Recorded
from actors.rooms.room.events import AnyEvent, Deleted, Edited, Posted, Reacted
from common.clock import to_rfc3339
from common.persons import OtherId, UserId

Reactions = dict[str, tuple[str, ...]]
_NO_ATTACHMENTS: Final = msgspec.Raw(b"[]")
_pack: Final = msgspec.msgpack.Encoder().encode


class Content(msgspec.Struct, frozen=True, array_like=True):
    """What a message says. `attachments` is a JSON array, as it was sent; empty: none."""

    body: str = ""
    attachments: bytes = b""


NOTHING: Final = Content()
_unpack: Final = msgspec.msgpack.Decoder(Content).decode


def pack(content: Content) -> bytes:
    """The content as the secret of an event."""
    return _pack(content)


class Message(msgspec.Struct, frozen=True, array_like=True):
    """One message by now. `version` is the seq of its last change, which is its own while nothing changed.

    Add members with defaults at the end: read models hold it. Times are ms.
    """

    id: str
    seq: int
    version: int
    sender: str
    kind: str
    sent_at: int
    client_id: str | None = None
    reply_to: str | None = None
    edited_at: int | None = None
    deleted_at: int | None = None
    reactions: Reactions = {}
    edits: tuple[int, ...] = ()  # seqs of its edits, whose secrets go when it is deleted
    content: bytes | None = None

    def opened(self) -> Content:
        """What it says; nothing when it was deleted, or its sender's key is gone."""
        return NOTHING if self.content is None else _unpack(self.content)

    def to_wire(self, room_id: str) -> "WireMessage":
        """The message object of the public contract."""
        content = self.opened()
        return WireMessage(
            self.id,
            room_id,
            self.seq,
            self.sender,
            self.kind,
            content.body,
            self.client_id,
            self.reply_to,
            msgspec.Raw(content.attachments) if content.attachments else _NO_ATTACHMENTS,
            self.reactions,
            to_rfc3339(self.sent_at),
            None if self.edited_at is None else to_rfc3339(self.edited_at),
            None if self.deleted_at is None else to_rfc3339(self.deleted_at),
        )


class WireMessage(msgspec.Struct, frozen=True):
    """The message object, in the contract's order."""

    id: str
    room_id: str
    seq: int
    sender_id: UserId
    kind: str
    body: str
    client_id: OtherId | None  # the sender's own mark
    reply_to: str | None
    attachments: msgspec.Raw
    reactions: Mapping[str, tuple[UserId, ...]]
    sent_at: str
    edited_at: str | None
    deleted_at: str | None


def reacted(reactions: Mapping[str, tuple[str, ...]], emoji: str, user: str, *, added: bool) -> Reactions:
    """The reactions with one more, or one less. An emoji that nobody uses any more is gone."""
    users = tuple(other for other in reactions.get(emoji, ()) if other != user)
    changed = dict(reactions)
    if added:
        changed[emoji] = (*users, user)
    elif users:
        changed[emoji] = users
    else:
        changed.pop(emoji, None)
    return changed


def fold(message: Message | None, recorded: Recorded[AnyEvent]) -> Message | None:
    """The message with this event folded in. One that is in it already changes nothing."""
    event, seq = recorded.event, recorded.seq
    if message is None:
        return posted(event, seq) if type(event) is Posted else None
    if seq <= message.version:
        return message
    return msgspec.structs.replace(message, version=seq, **_change(message, event, seq))


def posted(event: Posted, seq: int) -> Message:
    """The message as it was posted."""
    return Message(
        event.id,
        seq,
        seq,
        event.author,
        event.kind,
        event.at,
        event.client_id,
        event.reply_to,
        content=event.secret,
    )


def _change(message: Message, event: AnyEvent, seq: int) -> dict[str, Any]:
    match event:
        case Edited():
            return {"content": event.secret, "edited_at": event.at, "edits": (*message.edits, seq)}
        case Deleted():
            return {"content": None, "deleted_at": event.at, "reactions": {}}
        case Reacted():
            return {"reactions": reacted(message.reactions, event.emoji, event.author, added=event.added)}
    raise LookupError(type(event).__name__)
