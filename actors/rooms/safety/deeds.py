"""What moderators decide about a room, and which rule answers what safety asks of it. Pure."""

from collections.abc import Sequence
from typing import Final, assert_never

import msgspec

from actors.kernel.contract.entity import Context, Decision, SetTimer
from actors.rooms.keeping import holds
from actors.rooms.messages.chat_message import Message
from actors.rooms.room.events import Deleted, Left
from actors.rooms.room.membership import require_member
from actors.rooms.room.outcome import room_id_of
from actors.rooms.room.sight import blind_to, veil_of
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from actors.rooms.safety import holding, testimony
from actors.rooms.safety.commands import (
    DropHeld,
    ExpelMember,
    HeldFate,
    Monitor,
    Monitored,
    PostHeld,
    SafetyCommand,
    StopMonitoring,
    TakeDown,
    Testify,
)
from actors.rooms.safety.events import MonitoringBegan, MonitoringEnded
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.numbered_ids import seq_in

_OfSystem = PostHeld | DropHeld | HeldFate | TakeDown | ExpelMember | Monitor | StopMonitoring
_pack: Final = msgspec.msgpack.Encoder().encode


def decide(room: RoomState, command: SafetyCommand, context: Context) -> Decision:
    """Answer.

    Raises:
        NotFound: there is no such room, or message.
        PermissionDenied: the caller is no member; or only Carewire itself asks this.
        FailedPrecondition: its members did not agree to be read.
    """
    if isinstance(command, Testify):
        require_member(room, context.by.user)
        return testimony.testify(room, command, context)
    if not context.by.is_system:
        raise PermissionDenied("Only Carewire itself may do this.")
    if room.profile is None:
        raise NotFound("There is no such room.", room=room.id)
    return _of_system(room, command, context)


def _of_system(room: RoomState, command: _OfSystem, context: Context) -> Decision:
    match command:
        case PostHeld():
            return holding.post_held(room, command, context)
        case DropHeld():
            return holding.drop_held(room, command, context)
        case HeldFate():
            return holding.fate(room, command)
        case TakeDown():
            return _take_down(room, command, context)
        case ExpelMember():
            left = (
                [Left(at=context.now_ms, user=command.user, veil=veil_of(room))] if command.user in room.members else []
            )
            return Decision(Done(), events=left)
        case Monitor():
            return _monitor(room, command, context)
        case StopMonitoring():
            return _stop(room, command, context)
    assert_never(command)


def needs(room: RoomState, command: SafetyCommand) -> Sequence[str]:
    """Keys of the parts that `decide` will want."""
    if isinstance(command, Testify):
        return testimony.needs(room, command)
    seq: int | None = None
    if isinstance(command, TakeDown):
        seq = _seq_of(room, command.message_id)
    elif isinstance(command, PostHeld):
        seq = seq_in(command.target, room.mark) if command.target else None
    if seq is None or seq > room.last_seq:
        return ()
    return holds.with_holds([str(seq)])


def may_read(room: RoomState, user: str, now_ms: int) -> bool:
    """Does this moderator read the room at this moment?"""
    reader = room.safety.readers.get(user)
    return reader is not None and now_ms < reader.until


def _seq_of(room: RoomState, message: str) -> int | None:
    """Of its id; or of `room:<id>#<seq>`, as the follower knows a message of which it has read an edit alone."""
    entity, _, number = message.rpartition("#")
    if entity and room_id_of(entity) == room.id:
        return int(number) if number.isdecimal() else None
    return seq_in(message, room.mark)


def _take_down(room: RoomState, command: TakeDown, context: Context) -> Decision:
    message = context.parts.get(str(_seq_of(room, command.message_id)))
    if not isinstance(message, Message) or message.deleted_at is not None:
        return Decision(Done())
    event = Deleted(at=context.now_ms, target=message.seq, sender=message.sender, unseen_by=blind_to(room, message.seq))
    return Decision(Done(), events=(event,), notes=holds.copies(room, message, context))


def _monitor(room: RoomState, command: Monitor, context: Context) -> Decision:
    if not room.policy.monitored:
        raise FailedPrecondition(
            "The members of this room did not agree to be read.", details={"reason": "not_monitored"}
        )
    note = MonitoringBegan(
        at=context.now_ms, user=command.user, case=command.case, until=command.until, notice=command.notice
    )
    stop = _pack(StopMonitoring(user=command.user, until=command.until))
    timer = SetTimer(f"monitoring:{command.user}:{command.until}", command.until, stop)
    return Decision(Monitored(until=command.until), notes=(note,), timers=(timer,))


def _stop(room: RoomState, command: StopMonitoring, context: Context) -> Decision:
    reader = room.safety.readers.get(command.user)
    if reader is None or reader.until != command.until:
        return Decision(Done())
    return Decision(Done(), notes=(MonitoringEnded(at=context.now_ms, user=command.user, told=reader.notice),))
