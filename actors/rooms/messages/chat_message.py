"""A message: the part of a room that its events create and change, and the object that clients see.

The content (body and attachments) stays packed as `Content` bytes, sealed at rest; it is unpacked only to be shown.
A message is a value: a change makes a new one, so a turn that is not stored leaves the old one as it was.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.kernel.contract.entity import Recorded
from actors.rooms.messages.besides import shown_besides
from actors.rooms.messages.more import MARGINAL, Margin, More, Rich, noted
from actors.rooms.messages.wire_message import WireMessage
from actors.rooms.room.events import AnyEvent, Deleted, Edited, Pinned, Posted, Reacted
from actors.rooms.room.sight import OPEN, Sight
from common.clock import to_rfc3339

Reactions = dict[str, tuple[str, ...]]
_NO_ATTACHMENTS: Final = msgspec.Raw(b"[]")
_pack: Final = msgspec.msgpack.Encoder().encode


class Content(msgspec.Struct, frozen=True, array_like=True):
    """The content of a message. `attachments` is a JSON array, as it was sent; empty: none."""

    body: str = ""
    attachments: bytes = b""
    rich: Rich | None = None


NOTHING: Final = Content()
_unpack: Final = msgspec.msgpack.Decoder(Content).decode


def content_of(packed: bytes | None) -> Content:
    """The inverse of `pack`; nothing, where it is gone."""
    return NOTHING if packed is None else _unpack(packed)


def pack(content: Content) -> bytes:
    """The content as the secret of an event."""
    return _pack(content)


class Message(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
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
    veil: str = ""  # of an anonymous room
    more: More | None = None
    after_read: bool = False  # it was changed when somebody had read it
    pinned: bool = False
    margin: Margin | None = None  # of a message that has one, kept apart

    def opened(self) -> Content:
        """Its content; nothing when it was deleted, or its sender's key is gone."""
        return content_of(self.content)

    @property
    def root(self) -> str | None:
        """The message that its thread began with; None: it answers none."""
        return (self.more.root or self.reply_to) if self.more is not None else self.reply_to

    def to_wire(self, room_id: str, sight: Sight = OPEN) -> WireMessage:
        """The message object of the public contract, as `sight` shows it."""
        content = self.opened()
        if self.veil:
            sight = Sight(sight.user, 0, self.veil)
        veiled = bool(sight.veil)  # where nobody has an alias, nobody is asked for one: most messages
        plain = WireMessage(
            id=self.id,
            room_id=room_id,
            seq=self.seq,
            sender_id=sight.name(self.sender) if veiled else self.sender,
            kind=self.kind,
            body=content.body,
            client_id=self.client_id if not self.veil or sight.user == self.sender else None,
            reply_to=self.reply_to,
            attachments=msgspec.Raw(content.attachments) if content.attachments else _NO_ATTACHMENTS,
            reactions=sight.reactions(self.reactions) if veiled else self.reactions,
            sent_at=to_rfc3339(self.sent_at),
            edited_at=None if self.edited_at is None else to_rfc3339(self.edited_at),
            deleted_at=None if self.deleted_at is None else to_rfc3339(self.deleted_at),
        )
        if self.more is None and content.rich is None and self.version == self.seq and self.reply_to is None:
            return plain
        return msgspec.structs.replace(plain, **shown_besides(self, content.rich, sight))

    def people(self) -> set[str]:
        """Whom the object names."""
        named = {self.sender}.union(*self.reactions.values())
        if self.more is not None:
            named.update(self.more.mentions)
        return named if self.margin is None else named.union(self.margin.acks)


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
    if isinstance(event, MARGINAL):
        return msgspec.structs.replace(message, margin=noted(message.margin, event))
    if seq <= message.version:
        return message
    return msgspec.structs.replace(message, version=seq, **_change(message, event, seq))


def posted(event: Posted, seq: int) -> Message:
    """The message as it was posted."""
    return Message(
        id=event.id,
        seq=seq,
        version=seq,
        sender=event.author,
        kind=event.kind,
        sent_at=event.at,
        client_id=event.client_id,
        reply_to=event.reply_to,
        content=event.secret,
        veil=event.veil,
        more=event.more,
    )


def _change(message: Message, event: AnyEvent, seq: int) -> dict[str, object]:
    match event:
        case Edited():
            after_read = message.after_read or event.after_read
            edits = (*message.edits, seq)
            return {"content": event.secret, "edited_at": event.at, "edits": edits, "after_read": after_read}
        case Deleted():
            return {"content": None, "deleted_at": event.at, "reactions": {}, "pinned": False}
        case Pinned():
            return {"pinned": event.added}
        case Reacted():
            return {"reactions": reacted(message.reactions, event.emoji, event.author, added=event.added)}
    raise LookupError(type(event).__name__)


def has_margin(message: Message) -> bool:
    """Can anything be noted about it? Only of these a margin is looked for."""
    if message.deleted_at is not None:
        return False
    asks = message.more is not None and message.more.ack_requested
    rich = None if message.content is None else message.opened().rich
    return asks or (rich is not None and bool(rich.blocks))
