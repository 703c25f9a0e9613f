"""Which rule decides what is asked of a room about its messages, and what it needs beyond the state."""

from typing import assert_never

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.marks import acks, blocks, delivery, naming, pins, threads
from actors.rooms.marks.commands import (
    AcknowledgeMessage,
    Choose,
    GetBlock,
    GetState,
    GetThread,
    GetVersions,
    ListPins,
    MarkDelivered,
    MessageCommand,
    OfMessage,
    Pin,
    RemindOf,
    ReserveBlock,
    SetQuiet,
    SettleBlock,
    SettleFile,
)
from actors.rooms.messages.chat_message import Message
from actors.rooms.room.membership import require_member
from actors.rooms.room.state import RoomState
from common.errors import PermissionDenied


def decide(room: RoomState, command: MessageCommand, context: Context) -> Decision:
    """See `Entity.decide`."""
    if isinstance(command, RemindOf | SettleBlock | SettleFile) and not context.by.is_system:
        require_member(room, context.by.user)
        raise PermissionDenied("Only Carewire itself may do this.")
    match command:
        case MarkDelivered():
            return delivery.mark(room, command, context)
        case SetQuiet():
            return delivery.set_quiet(room, command, context)
        case ListPins():
            return pins.listed(room, context.by.user)
    return _of_message(room, naming.message_of(room, command.message_id, context), command, context)


def _of_message(room: RoomState, message: Message, command: OfMessage, context: Context) -> Decision:
    match command:
        case GetState():
            return delivery.state(room, message, command, context)
        case AcknowledgeMessage():
            return acks.acknowledge(room, message, command, context)
        case RemindOf():
            return acks.remind(room, message, command, context)
        case Pin():
            return pins.pin(room, message, command, context)
        case GetThread():
            return threads.thread(room, message, command, context)
        case GetVersions():
            return threads.versions(room, message, command, context)
    return _of_block(room, message, command, context)


def _of_block(
    room: RoomState,
    message: Message,
    command: GetBlock | Choose | ReserveBlock | SettleBlock | SettleFile,
    context: Context,
) -> Decision:
    match command:
        case GetBlock():
            return blocks.get(room, message, command, context)
        case Choose():
            return blocks.choose(room, message, command, context)
        case ReserveBlock():
            return blocks.reserve(room, message, command, context)
        case SettleBlock():
            return blocks.settle(room, message, command, context)
        case SettleFile():
            return blocks.settle_file(room, message, command, context)
    assert_never(command)
