"""Delivery and read receipts, and who keeps theirs private. Pure.

A mark is a watermark of a person: the highest that any device of theirs named. Who keeps their marks to themselves is
not told of others' either: `join_room`, `read_receipt` and `message_status` all ask `sees_marks_of`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Signal
from actors.rooms.marks.commands import GetState, MarkDelivered, SetQuiet
from actors.rooms.messages.chat_message import Message
from actors.rooms.replies import MarkOf, MessageState
from actors.rooms.room import rules
from actors.rooms.room.events import Delivered, Quieted
from actors.rooms.room.sight import Sight, deaf_to, sight_of, veil_of
from actors.rooms.room.state import RECEIPTS, TYPING, RoomState
from actors.rooms.room.wire import Done
from common.clock import to_rfc3339
from common.errors import PermissionDenied

MOST_TOLD: Final = 32
"""Members of a room in which senders hear that something arrived; in larger ones they ask."""
_to_json: Final = msgspec.json.Encoder().encode


def sees_marks_of(room: RoomState, user: str, other: str) -> bool:
    """May this member know how far the other has read? One's own marks are one's own."""
    if user == other:
        return True
    if room.policy.receipts == "off" or user in deaf_to(room, other):
        return False
    return not (room.keeps(user, RECEIPTS) or room.keeps(other, RECEIPTS))


def marks_for(room: RoomState, user: str) -> Mapping[str, int]:
    """The read marks of all who have read something, as this member may know them."""
    name = sight_of(room, user).name
    return {
        name(other): member.read
        for other, member in room.members.items()
        if member.read and sees_marks_of(room, user, other)
    }


def deaf(room: RoomState, user: str, what: int) -> tuple[str, ...]:
    """The others who hear none of the user's: those who keep theirs to themselves, and whom the user has barred."""
    quiet = (other for other, member in room.members.items() if member.quiet & what and other != user)
    return tuple(dict.fromkeys((*quiet, *deaf_to(room, user))))


def mark(room: RoomState, command: MarkDelivered, context: Context) -> Decision:
    """Move the caller's mark forward, to the end of the room at most. Senders of what arrived are told at once."""
    if command.seq < 0:
        raise rules.invalid("seq is 0 or more.", "seq")
    user, upto = context.by.user, min(command.seq, room.last_seq)
    member = room.members[user]
    if upto <= member.delivered:
        return Decision(Done())
    note = Delivered(author=user, at=context.now_ms, mark=upto)
    return Decision(
        Done(),
        notes=(note,),
        signals=_told(room=room, user=user, above=member.delivered, upto=upto, now_ms=context.now_ms),
    )


def _told(room: RoomState, user: str, above: int, upto: int, now_ms: int) -> tuple[Signal, ...]:
    if len(room.members) > MOST_TOLD:
        return ()
    senders = room.recent.authors_between(above, upto) - {user}
    hearing = {other for other in senders if other in room.members and sees_marks_of(room, other, user)}
    if not hearing:
        return ()
    name = Sight("", 0, veil_of(room)).name(user)
    payload = _to_json({"room_id": room.id, "user_id": name, "seq": upto, "at": to_rfc3339(now_ms)})
    skip = tuple(other for other in room.members if other not in hearing)
    return (Signal("delivery_receipt", payload, skip=skip, key=f"delivered:{user}"),)


def set_quiet(room: RoomState, command: SetQuiet, context: Context) -> Decision:
    """The caller's choice, told to this room."""
    user = context.by.user
    quiet = (0 if command.receipts else RECEIPTS) | (0 if command.typing else TYPING)
    if room.members[user].quiet == quiet:
        return Decision(Done())
    return Decision(Done(), notes=(Quieted(author=user, at=context.now_ms, quiet=quiet),))


def state(room: RoomState, message: Message, command: GetState, context: Context) -> Decision:
    """The state of a message of the caller's own.

    Raises:
        PermissionDenied: it is somebody else's.
    """
    user = context.by.user
    if message.sender != user:
        raise PermissionDenied("Only its sender may ask how far a message has come.")
    delivered: list[MarkOf] = []
    read: list[MarkOf] = []
    hidden, name = 0, sight_of(room, user).name
    for other, member in room.members.items():
        if other == user or member.joined > message.seq:
            continue
        if not sees_marks_of(room, user, other):
            hidden += 1
            continue
        if member.delivered >= message.seq:
            delivered.append(MarkOf(user_id=name(other), at=to_rfc3339(member.delivered_at)))
        if member.read >= message.seq:
            read.append(MarkOf(user_id=name(other), at=to_rfc3339(member.read_at)))
    return Decision(MessageState(stored_at=to_rfc3339(message.sent_at), delivered=delivered, read=read, hidden=hidden))
