"""Decisions about messages: post, edit, delete, react. Pure. The message that a command names comes as a part."""

from typing import Final

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.messages.chat_message import Content, Message, pack, reacted
from actors.rooms.messages.message_ids import seq_in, timed_id
from actors.rooms.replies import DeletedMessage, EditedMessage, MessageReactions, PostedMessage
from actors.rooms.room import rules
from actors.rooms.room.commands import Delete, Edit, Post, React, Unreact
from actors.rooms.room.events import Deleted, Edited, Posted, Reacted
from actors.rooms.room.reactions import form_of
from actors.rooms.room.state import RoomState
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, NotFound, PermissionDenied

_ABSENT: Final = "There is no such message."
_GONE: Final = "This message was deleted."


def post(room: RoomState, command: Post, context: Context) -> Decision:
    """Say something: the path that must be short."""
    attached = bool(command.attachments) and rules.check_attachments(command.attachments, room.settings)
    if not command.body and not attached:
        raise rules.invalid("A message has a body or an attachment.", "body")
    if command.kind != "text":
        rules.check_kind(command.kind)
    if command.client_id is not None:
        rules.check_client_id(command.client_id)
    if command.reply_to is not None:
        message_of(room, command.reply_to, context, "The message that this replies to does not exist.")
    now_ms, seq = context.now_ms, room.last_seq + 1
    message_id = timed_id("msg", now_ms, seq, room.mark)
    event = Posted(
        author=context.by.user,
        secret=pack(Content(command.body, command.attachments if attached else b"")),
        at=now_ms,
        id=message_id,
        kind=command.kind,
        client_id=command.client_id,
        reply_to=command.reply_to,
    )
    return Decision(PostedMessage(id=message_id, seq=seq, sent_at=to_rfc3339(now_ms)), events=(event,))


def edit(room: RoomState, command: Edit, context: Context) -> Decision:
    """Replace the body of one's own message; its attachments stay."""
    message = message_of(room, command.message_id, context)
    if message.sender != context.by.user:
        raise PermissionDenied("Only its sender may edit a message.")
    _check_live(message)
    if len(message.edits) >= room.settings.max_edits:
        raise FailedPrecondition(f"A message can be edited {room.settings.max_edits} times. Post a new one.")
    attachments = message.opened().attachments
    if not command.body and not attachments:
        raise rules.invalid("A message has a body or an attachment. Delete it instead.", "body")
    event = Edited(
        author=message.sender,
        secret=pack(Content(command.body, attachments)),
        at=context.now_ms,
        target=message.seq,
    )
    return Decision(EditedMessage(seq=room.last_seq + 1, edited_at=to_rfc3339(context.now_ms)), events=(event,))


def delete(room: RoomState, command: Delete, context: Context) -> Decision:
    """Take a message back: its sender, or the owner of a group. The first answer stands when it is done again."""
    message = message_of(room, command.message_id, context)
    user = context.by.user
    assert room.profile is not None
    if user != message.sender and (user != room.profile.owner or room.profile.kind == "direct"):
        raise PermissionDenied("Only its sender or the owner of the room may delete a message.")
    if message.deleted_at is not None:
        return Decision(DeletedMessage(seq=message.version, deleted_at=to_rfc3339(message.deleted_at)))
    event = Deleted(author=user, at=context.now_ms, target=message.seq, sender=message.sender)
    return Decision(DeletedMessage(seq=room.last_seq + 1, deleted_at=to_rfc3339(context.now_ms)), events=(event,))


def react(room: RoomState, command: React | Unreact, context: Context) -> Decision:
    """Put an emoji on a message or take it off. What is so already makes no event."""
    message = message_of(room, command.message_id, context)
    user, added = context.by.user, type(command) is React
    _check_live(message)
    emoji = form_of(message.reactions, command.emoji, user, added=added)
    if (user in message.reactions.get(emoji, ())) is added:
        return Decision(MessageReactions(seq=message.version, reactions=message.reactions))
    if added and emoji not in message.reactions and len(message.reactions) >= room.settings.max_reactions:
        raise FailedPrecondition(f"A message takes at most {room.settings.max_reactions} different emoji.")
    event = Reacted(author=user, at=context.now_ms, target=message.seq, emoji=emoji, added=added)
    after = reacted(message.reactions, emoji, user, added=added)
    return Decision(MessageReactions(seq=room.last_seq + 1, reactions=after), events=(event,))


def message_of(room: RoomState, message_id: str, context: Context, absent: str = _ABSENT) -> Message:
    """The message with this id, from the parts.

    Raises:
        NotFound: the room has none, or the id names the right place but is not the one that was given out.
    """
    seq = seq_in(message_id, room.mark)
    message = None if seq is None else context.parts.get(str(seq))
    if not isinstance(message, Message) or message.id != message_id:
        raise NotFound(absent, room=room.id)
    return message


def _check_live(message: Message) -> None:
    if message.deleted_at is not None:
        raise FailedPrecondition(_GONE)
