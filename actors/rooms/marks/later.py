"""Scheduled messages, when their time has come. Pure: judged as if they said it now."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Library, Principal
from actors.rooms.messages.more import PLAIN
from actors.rooms.replies import PostedMessage
from actors.rooms.room import talk
from actors.rooms.room.commands import Say
from actors.rooms.room.events import Said
from actors.rooms.room.membership import require_member
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from common.errors import CarewireError, PermissionDenied
from store.ports.restrictions import against, forbid

_ERASED: Final = "erased"
_HELD: Final = "held"
_SCOPE: Final = "message"
_PREFIX: Final = "restricted/"


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
        _require_allowed(command.user, context)
        more = msgspec.structs.replace(post.more or PLAIN, source="schedule")
        decision = talk.post(room, msgspec.structs.replace(post, more=more), author)
    except CarewireError as error:
        reason = (error.details or {}).get("reason")
        return _not_said(command, context, reason if isinstance(reason, str) else error.code)
    said = decision.reply if isinstance(decision.reply, PostedMessage) else None
    note = Said(author=command.user, at=context.now_ms, scheduled_id=command.scheduled_id)
    if said is None or said.state == _HELD:  # it waits for somebody to look at it, and its author hears of that
        note = msgspec.structs.replace(note, reason=_HELD)
    else:
        note = msgspec.structs.replace(note, message_id=said.id)
    return msgspec.structs.replace(decision, reply=Done(), notes=(*decision.notes, note))


def key_of(user: str) -> str:
    """The part that says what they may not do, for one command."""
    return f"{_PREFIX}{user}"


def is_key(key: str) -> bool:
    """Is it such a part?"""
    return key.startswith(_PREFIX)


async def read(keys: Sequence[str], library: Library) -> dict[str, Any]:
    """See `Kind.fetch`."""
    return {key: await library.views(against(key.removeprefix(_PREFIX))) for key in keys if is_key(key)}


def _require_allowed(user: str, context: Context) -> None:
    """What doors ask of whoever says something, is asked when its time has come."""
    if forbid(context.parts.get(key_of(user)) or (), _SCOPE, context.now_ms):
        raise PermissionDenied("You may not do this for now.", details={"reason": "restricted", "scope": _SCOPE})


def _not_said(command: Say, context: Context, reason: str) -> Decision:
    note = Said(author=command.user, at=context.now_ms, scheduled_id=command.scheduled_id, reason=reason)
    return Decision(Done(), notes=(note,))
