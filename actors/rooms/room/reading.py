"""Decisions of those who read: watermarks, typing, history, the list of rooms. Pure."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Signal
from actors.rooms.marks import delivery, naming
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.queries import HistoryPage
from actors.rooms.messages.unread import FURTHEST
from actors.rooms.replies import LastActivity, RoomLine
from actors.rooms.room import announcing, rules
from actors.rooms.room.commands import LARGEST_PAGE, Glance, History, MarkRead, Peek, TypingStart, TypingStop
from actors.rooms.room.events import ReadMarkMoved
from actors.rooms.room.membership import opening_in
from actors.rooms.room.sight import sight_of, veil_of
from actors.rooms.room.state import RECEIPTS, TYPING, RoomState
from actors.rooms.room.wire import Done
from common.errors import FailedPrecondition, PermissionDenied, Unavailable

_to_json: Final = msgspec.json.Encoder().encode
_LABELS: Final = {"therapist": "Therapist", "moderator": "Moderator", "admin": "Administrator"}


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
    read = ReadMarkMoved(
        author=user,
        at=context.now_ms,
        mark=mark,
        seen=seen,
        upto=room.last_seq,
        veil=veil_of(room),
        unseen_by=delivery.deaf(room, user, RECEIPTS),
        private=room.policy.receipts == "off" or room.keeps(user, RECEIPTS),
    )
    return Decision(Done(), notes=(read, *announcing.caught_up(room, user, mark, context.now_ms)))


def _seen(room: RoomState, user: str, mark: int, context: Context) -> int:
    """The number of messages unread to `user` at or below `mark`."""
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
    """Tell the others that the caller types, or no longer does. Never stored; and not where nobody is to be known by
    how they type, or nothing can be said."""
    user = context.by.user
    if (binding := room.binding) is not None and (binding.veil or binding.state != "open"):
        return Decision(Done())
    if room.keeps(user, TYPING):
        return Decision(Done())
    skip = (user, *delivery.deaf(room, user, TYPING))
    key = f"typing:{user}"
    payload = _to_json({"room_id": room.id, "user_id": user, "role": context.by.role} | _label(context.by.role))
    if type(command) is TypingStop:
        return Decision(Done(), signals=(Signal("typing_stop", payload, skip=skip, key=key),))
    ttl_s = room.settings.typing_ttl_s
    started = Signal("typing_start", payload, skip=skip, key=key, ttl_s=ttl_s, lapse="typing_stop")
    return Decision(Done(), signals=(started,))


def _label(role: str) -> dict[str, str]:
    """The label of a role; clients are shown by their names."""
    label = _LABELS.get(role)
    return {} if label is None else {"label": label}


def history(room: RoomState, command: History, context: Context) -> Decision:
    """A page of messages, read once everything before is stored."""
    if not 1 <= command.limit <= LARGEST_PAGE:
        raise rules.invalid(f"limit is 1 to {LARGEST_PAGE}.", "limit")
    for field, bound in (("before", command.before), ("after", command.after)):
        if bound is not None and bound < 0:
            raise rules.invalid(f"{field} is a seq: 0 or more.", field)
    begins = [command.at_ms is not None, command.around is not None]
    if sum(begins) + (command.before is not None or command.after is not None) > 1:
        raise rules.invalid("Name one of before and after, at, around.", "around" if begins[1] else "at")
    around = None
    if command.around is not None:
        around = naming.message_of(room, command.around, context).seq
    sight = sight_of(room, context.by.user)
    page = HistoryPage(
        before=command.before,
        after=command.after,
        limit=command.limit,
        sight=sight,
        threads=room.replies > 0,
        at_ms=command.at_ms,
        around=around,
    )
    return Decision(page)


def peek(room: RoomState, command: Peek, context: Context) -> Decision:
    """When something was last said, or the room began (ms)."""
    assert room.profile is not None
    active_at = max(room.last_post_at, room.profile.created_at)
    if (binding := room.binding) is None or not binding.relation:
        return Decision(LastActivity(active_at=active_at))
    return Decision(LastActivity(active_at=active_at, relation=binding.relation, state=binding.state))


def glance(room: RoomState, command: Glance, context: Context) -> Decision:
    """The room in its reader's list."""
    user = context.by.user
    last, sight = context.parts.get(str(room.last_post)), sight_of(room, user)
    line = RoomLine(
        room=room.to_wire(user, opening=opening_in(context)),
        last_seq=room.last_seq,
        unread=room.unread(user),
        last_message=last.to_wire(room.id, sight) if isinstance(last, Message) and sight.sees(last.seq) else None,
    )
    return Decision(line)
