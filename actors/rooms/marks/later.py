"""What somebody wanted to be said later, when its time has come. Pure: judged as if they said it now."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Principal
from actors.rooms.messages.more import PLAIN
from actors.rooms.replies import PostedMessage
from actors.rooms.room import talk
from actors.rooms.room.commands import Say
from actors.rooms.room.events import Said
from actors.rooms.room.membership import require_member
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from common.errors import CarewireError, PermissionDenied

_ERASED: Final = "erased"


def say(room: RoomState, command: Say, context: Context) -> Decision:
    """Say it, or note why not: whoever asked learns both.

    Raises:
        NotFound, PermissionDenied: it is not Carewire itself that asks.
    """
    if not context.by.is_system:
        require_member(room, context.by.user)
        raise PermissionDenied("Only Carewire itself may do this.")
    post = command.post()
    if post is None:
        return _not_said(command, context, _ERASED)
    author = msgspec.structs.replace(context, by=Principal(command.user, command.role))
    try:
        require_member(room, command.user)
        more = msgspec.structs.replace(post.more or PLAIN, source="schedule")
        decision = talk.post(room, msgspec.structs.replace(post, more=more), author)
    except CarewireError as error:
        reason = (error.details or {}).get("reason")
        return _not_said(command, context, reason if isinstance(reason, str) else error.code)
    said = decision.reply.id if isinstance(decision.reply, PostedMessage) else ""
    note = Said(author=command.user, at=context.now_ms, scheduled_id=command.scheduled_id, message_id=said)
    return msgspec.structs.replace(decision, reply=Done(), notes=(*decision.notes, note))


def _not_said(command: Say, context: Context, reason: str) -> Decision:
    note = Said(author=command.user, at=context.now_ms, scheduled_id=command.scheduled_id, reason=reason)
    return Decision(Done(), notes=(note,))
