"""Asking to be acknowledged: who is asked, who has done so, and who is asked once more. Pure.

An urgent message is told again every five minutes to those who have not acknowledged it, twelve times at most. Each
time it is judged anew: one that was taken back, or that everybody has acknowledged who is still there, is over.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, SetTimer
from actors.rooms.marks.commands import AcknowledgeMessage, RemindOf
from actors.rooms.marks.events import Acknowledged
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.more import NOTHING_NOTED, More
from actors.rooms.messages.wire_message import WireAck
from actors.rooms.replies import AckAnswer
from actors.rooms.room.events import AckAsked
from actors.rooms.room.sight import blind_to, notifies, sight_of
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from common.errors import FailedPrecondition

AGAIN_MS: Final = 300_000
MOST_ROUNDS: Final = 12
_pack: Final = msgspec.msgpack.Encoder().encode


def notes(room: RoomState, more: More, message_id: str, *, author: str, now_ms: int) -> Sequence[AckAsked]:
    """The note that asks all others."""
    users = tuple(user for user in room.members if user != author and notifies(room, author, user))
    if not more.ack_requested or not users:
        return ()
    return (
        _asked(
            author=author,
            users=users,
            message_id=message_id,
            seq=room.last_seq + 1,
            more=more,
            now_ms=now_ms,
            round_=0,
        ),
    )


def timers(more: More, message_id: str, now_ms: int, round_: int = 1) -> Sequence[SetTimer]:
    """The timer that asks once more; none where it is not urgent, or was asked often enough."""
    if not more.ack_requested or more.priority != "urgent" or round_ > MOST_ROUNDS:
        return ()
    return (SetTimer(f"remind:{message_id}", now_ms + AGAIN_MS, _pack(RemindOf(message_id, round_))),)


def acknowledge(room: RoomState, message: Message, command: AcknowledgeMessage, context: Context) -> Decision:
    """Take note of a message. Done again, the first time counts.

    Raises:
        FailedPrecondition: it was taken back, does not ask for it, or is the caller's own.
    """
    user = context.by.user
    if message.deleted_at is not None:
        raise FailedPrecondition("This message was deleted.")
    if message.more is None or not message.more.ack_requested:
        raise FailedPrecondition("This message does not ask to be acknowledged.")
    if user == message.sender:
        raise FailedPrecondition("This message is your own.")
    acks, name = (message.margin or NOTHING_NOTED).acks, sight_of(room, user).name
    if user in acks:
        return Decision(_answer(map(name, acks)))
    note = Acknowledged(
        author=user,
        at=context.now_ms,
        target=message.seq,
        message_id=message.id,
        veil=message.veil,
        unseen_by=blind_to(room, message.seq),
    )
    return Decision(_answer(map(name, [*acks, user])), notes=(note,))


def remind(room: RoomState, message: Message, command: RemindOf, context: Context) -> Decision:
    """The timer: whoever is still there and has not acknowledged it is asked once more."""
    acks, more = (message.margin or NOTHING_NOTED).acks, message.more
    waiting = tuple(
        user
        for user, member in room.members.items()
        if user != message.sender
        and user not in acks
        and member.joined <= message.seq
        and notifies(room, message.sender, user)
    )
    if more is None or message.deleted_at is not None or not waiting or message.sender not in room.members:
        return Decision(Done())
    note = _asked(
        author=message.sender,
        users=waiting,
        message_id=message.id,
        seq=message.seq,
        more=more,
        now_ms=context.now_ms,
        round_=command.round,
    )
    return Decision(Done(), notes=(note,), timers=timers(more, message.id, context.now_ms, command.round + 1))


def _asked(
    author: str, users: tuple[str, ...], message_id: str, seq: int, more: More, now_ms: int, round_: int
) -> AckAsked:
    return AckAsked(
        author=author,
        at=now_ms,
        users=users,
        message_id=message_id,
        upto=seq,
        round=round_,
        urgent=more.priority == "urgent",
    )


def _answer(users: Iterable[str]) -> AckAnswer:
    return AckAnswer(ack=WireAck(requested=True, by=list(users)))
