"""Decisions about messages: post, edit, delete, react. Pure. The message that a command names comes as a part."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.conversation import admission, linking, words
from actors.rooms.files.naming import filed
from actors.rooms.keeping import holds
from actors.rooms.marks import acks, blocks, mentions, naming, pins, windows
from actors.rooms.marks.events import RoomEvent
from actors.rooms.messages.chat_message import Content, Message, pack, reacted
from actors.rooms.messages.more import PLAIN, Rich, reworded
from actors.rooms.replies import DeletedMessage, EditedMessage, MessageReactions, PostedMessage
from actors.rooms.room import announcing, rules
from actors.rooms.room.commands import Edit, Post, React, RetractMessage, Unreact
from actors.rooms.room.events import Deleted, Edited, Posted, Reacted
from actors.rooms.room.reactions import form_of
from actors.rooms.room.sight import blind_to, sight_of, veil_of
from actors.rooms.room.state import RoomState
from actors.rooms.safety import finding, holding
from actors.rooms.sealed import rules as sealed
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, PermissionDenied
from common.numbered_ids import timed_id

_GONE: Final = "This message was deleted."


def post(room: RoomState, command: Post, context: Context) -> Decision:
    """Say something: the path that must be short."""
    said = b""
    sealed.check_post(room, command)
    if room.guarded:
        sealed.check_sender(room, context.by.user)
        admission.check_post(room, context.by.user)
        said = b"" if command.rich is None else command.rich.blocks
        words.check(room, (command.body, command.attachments.decode(), said.decode()), command.words)
        if command.rich is not None:
            command = msgspec.structs.replace(command, rich=linking.led_nowhere(room, command.rich))
    attached = bool(command.attachments) and rules.check_attachments(command.attachments, room.settings)
    if (
        not command.body
        and not attached
        and (command.rich is None or not (command.rich.blocks or command.rich.encrypted))
    ):
        raise rules.invalid("A message has a body or an attachment.", "body")
    if command.kind != "text":
        rules.check_kind(command.kind)
    if command.client_id is not None:
        rules.check_client_id(command.client_id)
    if room.guarded:
        finding.check_attached(room, command.attachments)
        finding.check_client_id(room, command.client_id or "")
    answered: Message | None = None
    if command.reply_to is not None:
        answered = naming.message_of(
            room, command.reply_to, context, "The message that this replies to does not exist."
        )
    more = command.more
    if more is not None or answered is not None:
        more = mentions.checked(room, more or PLAIN, answered, context.by)
        more = None if more == PLAIN else more
    if room.guarded and (found := finding.found_in(room, command.body, command.attachments, said, *command.named)):
        content = Content(command.body, command.attachments if attached else b"", command.rich)
        command = msgspec.structs.replace(command, more=more)
        return holding.hold_post(room=room, command=command, content=content, found=found, context=context)
    now_ms, seq = context.now_ms, room.last_seq + 1
    message_id = timed_id("msg", now_ms, seq, room.mark)
    event = Posted(
        author=context.by.user,
        secret=pack(Content(command.body, command.attachments if attached else b"", command.rich)),
        at=now_ms,
        id=message_id,
        kind=command.kind,
        client_id=command.client_id,
        reply_to=command.reply_to,
        veil=veil_of(room) if room.guarded else "",
        more=more,
    )
    decision = Decision(
        PostedMessage(id=message_id, seq=seq, sent_at=to_rfc3339(now_ms)),
        events=(event,),
        notes=_noted(room, event, answered, command.attachments) if attached or answered is not None else (),
        timers=announcing.timers(room, now_ms),
    )
    return (
        decision
        if more is None and command.rich is None
        else _entailing(room=room, command=command, event=event, decision=decision, context=context)
    )


def _entailing(room: RoomState, command: Post, event: Posted, decision: Decision, context: Context) -> Decision:
    """The decision with what a message entails besides: who is told at once, and which timers it needs."""
    more, rich = event.more or PLAIN, command.rich or Rich()
    return msgspec.structs.replace(
        decision,
        notes=(
            *decision.notes,
            *mentions.notes(room, more, event.id, author=event.author, now_ms=event.at),
            *acks.notes(room, more, event.id, author=event.author, now_ms=event.at),
            *blocks.referred(
                author=event.author, at=event.at, seq=room.last_seq + 1, message_id=event.id, blocks=rich.blocks
            ),
        ),
        timers=(*decision.timers, *acks.timers(more, event.id, context.now_ms), *blocks.timers(rich, event.id)),
    )


def _noted(room: RoomState, event: Posted, answered: Message | None, attachments: bytes) -> Sequence[RoomEvent]:
    """The notes of a message: who was answered, and which files it holds."""
    named = announcing.named(room, answered, event.author, event.at) if answered is not None else ()
    return (*named, *filed(event.author, event.at, room.last_seq + 1, event.id, attachments))


def edit(room: RoomState, command: Edit, context: Context) -> Decision:
    """Replace the body of one's own message; its attachments stay."""
    message = naming.message_of(room, command.message_id, context)
    sealed.check_edit(room, command)
    if room.guarded:
        admission.require_talk(room)
        words.check(room, (command.body,), command.words)
        if command.rich is not None:
            command = msgspec.structs.replace(command, rich=linking.led_nowhere(room, command.rich))
    if message.sender != context.by.user:
        raise PermissionDenied("Only its sender may edit a message.")
    _check_live(message)
    windows.check(room.policy.edit_window_s, message, context.now_ms)
    if len(message.edits) >= room.settings.max_edits:
        raise FailedPrecondition(f"A message can be edited {room.settings.max_edits} times. Post a new one.")
    content = message.opened()
    if not command.body and not content.attachments:
        raise rules.invalid("A message has a body or an attachment. Delete it instead.", "body")
    if room.guarded and (found := finding.found_in(room, command.body)):
        rich = reworded(message.more, content.rich, command.rich)
        changed = Content(command.body, content.attachments, rich)
        return holding.hold_edit(room=room, command=command, content=changed, found=found, context=context)
    event = Edited(
        author=message.sender,
        secret=pack(Content(command.body, content.attachments, reworded(message.more, content.rich, command.rich))),
        at=context.now_ms,
        target=message.seq,
        unseen_by=blind_to(room, message.seq),
        after_read=_was_read(room, message),
    )
    answer = EditedMessage(seq=room.last_seq + 1, edited_at=to_rfc3339(context.now_ms))
    return Decision(answer, events=(event,), notes=holds.copies(room, message, context))


def _was_read(room: RoomState, message: Message) -> bool:
    """Had anybody else read it?"""
    return any(user != message.sender and member.read >= message.seq for user, member in room.members.items())


def delete(room: RoomState, command: RetractMessage, context: Context) -> Decision:
    """Take a message back: its sender, or the owner of a group. The first answer stands when it is done again."""
    message = naming.message_of(room, command.message_id, context)
    user = context.by.user
    assert room.profile is not None
    if user != message.sender and (user != room.profile.owner or room.profile.kind == "direct"):
        raise PermissionDenied("Only its sender or the owner of the room may delete a message.")
    if message.deleted_at is not None:
        return Decision(DeletedMessage(seq=message.version, deleted_at=to_rfc3339(message.deleted_at)))
    windows.check(room.policy.delete_window_s, message, context.now_ms)
    unseen_by = blind_to(room, message.seq)
    event = Deleted(author=user, at=context.now_ms, target=message.seq, sender=message.sender, unseen_by=unseen_by)
    events = (*pins.taken_off(room, message, user, context.now_ms), event)
    answer = DeletedMessage(seq=room.last_seq + len(events), deleted_at=to_rfc3339(context.now_ms))
    return Decision(answer, events=events, notes=holds.copies(room, message, context))


def react(room: RoomState, command: React | Unreact, context: Context) -> Decision:
    """Put an emoji on a message or take it off. What is so already makes no event."""
    message = naming.message_of(room, command.message_id, context)
    user, added, sight = context.by.user, type(command) is React, sight_of(room, context.by.user)
    admission.require_talk(room)
    _check_live(message)
    emoji = form_of(message.reactions, command.emoji, user, added=added)
    if (user in message.reactions.get(emoji, ())) is added:
        return Decision(MessageReactions(seq=message.version, reactions=dict(sight.reactions(message.reactions))))
    if added and emoji not in message.reactions and len(message.reactions) >= room.settings.max_reactions:
        raise FailedPrecondition(f"A message takes at most {room.settings.max_reactions} different emoji.")
    unseen_by = blind_to(room, message.seq)
    event = Reacted(author=user, at=context.now_ms, target=message.seq, emoji=emoji, added=added, unseen_by=unseen_by)
    after = dict(sight.reactions(reacted(message.reactions, emoji, user, added=added)))
    return Decision(MessageReactions(seq=room.last_seq + 1, reactions=after), events=(event,))


def _check_live(message: Message) -> None:
    if message.deleted_at is not None:
        raise FailedPrecondition(_GONE)
