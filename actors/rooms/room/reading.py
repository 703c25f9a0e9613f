"""Decisions of those who read: watermarks, typing, history, the list of rooms. Pure."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Signal
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.queries import Page
from actors.rooms.messages.unread import FURTHEST
from actors.rooms.replies import LastActivity, RoomLine
from actors.rooms.room import rules
from actors.rooms.room.commands import LARGEST_PAGE, Glance, History, MarkRead, Peek, TypingStart, TypingStop
from actors.rooms.room.events import Read
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from common.errors import FailedPrecondition, PermissionDenied, Unavailable

_to_json: Final = msgspec.json.Encoder().encode


def mark_read(room: RoomState, command: MarkRead, context: Context) -> Decision:
    """Move the caller's watermark forward, to the end of the room at most."""
    if command.seq < 0:
        raise rules.invalid("seq is 0 or more.", "seq")
    user = context.by.user
    if command.user != user:
        raise PermissionDenied("Only you can say what you have read.")
    mark = min(command.seq, room.last_seq)
    if mark <= room.members[user].read:
        return Decision(Done())
    seen = _seen(room, user, mark, context)
    return Decision(Done(), notes=(Read(author=user, at=context.now_ms, mark=mark, seen=seen, upto=room.last_seq),))


def _seen(room: RoomState, user: str, mark: int, context: Context) -> int:
    """How many messages that are unread to `user` lie at or below `mark`."""
    stretch = room.stretch(user, mark)
    if stretch.upto <= stretch.above:
        return 0
    left = room.recent.others_above(stretch.upto, user)
    if left is not None:
        return room.unread(user) - left
    if stretch.upto - stretch.above > FURTHEST:
        raise FailedPrecondition(f"Mark at most {FURTHEST} events at a time as read, or up to the last one.")
    counted = context.parts.get(stretch.key)
    if not isinstance(counted, int):
        raise Unavailable("The room changed meanwhile. Please try again.", retry_after_s=0.1)
    return counted


def typing(room: RoomState, command: TypingStart | TypingStop, context: Context) -> Decision:
    """Tell the others that the caller types, or no longer does. Never stored."""
    user = context.by.user
    payload = _to_json({"room_id": room.id, "user_id": user})
    key = f"typing:{user}"
    if type(command) is TypingStop:
        return Decision(Done(), signals=(Signal("typing_stop", payload, skip=(user,), key=key),))
    ttl_s = room.settings.typing_ttl_s
    started = Signal("typing_start", payload, skip=(user,), key=key, ttl_s=ttl_s, lapse="typing_stop")
    return Decision(Done(), signals=(started,))


def history(room: RoomState, command: History, context: Context) -> Decision:
    """A page of messages, read once everything before is stored."""
    if not 1 <= command.limit <= LARGEST_PAGE:
        raise rules.invalid(f"limit is 1 to {LARGEST_PAGE}.", "limit")
    for field, bound in (("before", command.before), ("after", command.after)):
        if bound is not None and bound < 0:
            raise rules.invalid(f"{field} is a seq: 0 or more.", field)
    return Decision(Page(command.before, command.after, command.limit))


def peek(room: RoomState, command: Peek, context: Context) -> Decision:
    """When something was last said, or the room began (ms)."""
    assert room.profile is not None
    return Decision(LastActivity(active_at=max(room.last_post_at, room.profile.created_at)))


def glance(room: RoomState, command: Glance, context: Context) -> Decision:
    """The room in its reader's list."""
    last = context.parts.get(str(room.last_post))
    line = RoomLine(
        room=room.to_wire(),
        last_seq=room.last_seq,
        unread=room.unread(context.by.user),
        last_message=last.to_wire(room.id) if isinstance(last, Message) else None,
    )
    return Decision(line)
