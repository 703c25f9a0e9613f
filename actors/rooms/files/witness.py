"""What files ask of rooms: who may see a message, and to tell everybody there that a file has changed. Pure."""

from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Signal
from actors.rooms.files.naming import files_in
from actors.rooms.marks.naming import message_of
from actors.rooms.replies import Witnessed
from actors.rooms.room.commands import ShowFile, Witness
from actors.rooms.room.sight import Sight, sight_of, veil_of
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from common.errors import NotFound, PermissionDenied

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def witness(room: RoomState, command: Witness, context: Context) -> Decision:
    """Who sees a message reads its files. Raises NotFound: it was deleted, or they do not see it."""
    message, sight = message_of(room, command.message_id, context), sight_of(room, context.by.user)
    if message.deleted_at is not None or not sight.sees(message.seq):
        raise NotFound("There is no such message.", room=room.id)
    return Decision(
        Witnessed(
            sender=message.sender,
            shown_as=sight.name(message.sender),
            files=list(files_in(message.opened().attachments)),
            blurred=message.sender != context.by.user and blurs(room),
        )
    )


def show(room: RoomState, command: ShowFile, context: Context) -> Decision:
    """Everybody who listens is told. Raises PermissionDenied: only Carewire itself does that."""
    if not context.by.is_system:
        raise PermissionDenied("Only Carewire itself may do this.")
    payload = command.payload if command.secret is None else command.secret
    if veil := veil_of(room):
        payload = _veiled(payload, veil)
    return Decision(Done(), signals=(Signal("file_updated", payload),))


def blurs(room: RoomState) -> bool:
    """Are pictures blurred here until somebody accepts them?"""
    return room.binding is not None and room.binding.in_force.images == "blurred"


def _veiled(payload: bytes, veil: str) -> bytes:
    """With its owner as the others know them."""
    told = _decode(payload)
    told["file"]["owner_id"] = Sight("", 0, veil).name(told["file"]["owner_id"])
    return msgspec.json.encode(told)
