"""Pinned messages of a room. Pure."""

from collections.abc import Sequence
from typing import Final

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.conversation.admission import require_talk
from actors.rooms.marks.commands import Pin
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.queries import PinnedAt
from actors.rooms.replies import PinsChanged
from actors.rooms.room.events import Pinned
from actors.rooms.room.sight import sight_of
from actors.rooms.room.state import RoomState
from common.errors import FailedPrecondition
from common.numbered_ids import seq_in

MOST_PINNED: Final = 50


def pin(room: RoomState, message: Message, command: Pin, context: Context) -> Decision:
    """Pin a message, or take the pin off. What is so already makes no event.

    Raises:
        FailedPrecondition: it was taken back, or as many are pinned as can be.
    """
    require_talk(room)
    if (message.id in room.pins) is command.pinned:
        return Decision(PinsChanged(seq=message.version))
    if command.pinned and message.deleted_at is not None:
        raise FailedPrecondition("This message was deleted.")
    if command.pinned and len(room.pins) >= MOST_PINNED:
        raise FailedPrecondition(f"A room has at most {MOST_PINNED} pinned messages. Take one off first.")
    event = changed(room, message, context.by.user, context.now_ms, pinned=command.pinned)
    return Decision(PinsChanged(seq=room.last_seq + 1), events=(event,))


def taken_off(room: RoomState, message: Message, user: str, now_ms: int) -> Sequence[Pinned]:
    """The event that comes before the deletion of a pinned message."""
    return (changed(room, message, user, now_ms, pinned=False),) if message.id in room.pins else ()


def changed(room: RoomState, message: Message, user: str, now_ms: int, *, pinned: bool) -> Pinned:
    """The pins with this message, or without it."""
    others = tuple(one for one in room.pins if one != message.id)
    pins = (*others, message.id) if pinned else others
    return Pinned(author=user, at=now_ms, target=message.seq, added=pinned, pins=pins)


def listed(room: RoomState, user: str) -> Decision:
    """The pinned messages, the first pinned first."""
    seqs = [seq for one in room.pins if (seq := seq_in(one, room.mark)) is not None]
    return Decision(PinnedAt(tuple(seqs), sight_of(room, user)))
