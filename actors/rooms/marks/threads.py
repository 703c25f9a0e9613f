"""Threads, and the versions of a message. Pure: both are read from what is stored."""

from typing import Final

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.marks.commands import GetThread, GetVersions
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.queries import ThreadOf, VersionsOf
from actors.rooms.replies import MessageVersions
from actors.rooms.room import rules
from actors.rooms.room.sight import sight_of
from actors.rooms.room.state import RoomState
from common.errors import PermissionDenied
from common.numbered_ids import seq_in

LARGEST_PAGE: Final = 200
_STAFF: Final = frozenset({"therapist", "moderator", "admin"})


def thread(room: RoomState, message: Message, command: GetThread, context: Context) -> Decision:
    """The thread that the message began, or is in."""
    if not 1 <= command.limit <= LARGEST_PAGE:
        raise rules.invalid(f"limit is 1 to {LARGEST_PAGE}.", "limit")
    if command.after < 0:
        raise rules.invalid("after is a seq: 0 or more.", "after")
    root = message.seq if message.root is None else seq_in(message.root, room.mark) or message.seq
    return Decision(ThreadOf(root, command.after, command.limit, sight_of(room, context.by.user)))


def versions(room: RoomState, message: Message, command: GetVersions, context: Context) -> Decision:
    """Its earlier texts, and the present one; nothing, once it was taken back.

    Raises:
        PermissionDenied: the policy of the room keeps it.
    """
    kept = room.policy.edit_history
    if kept == "none" or (kept == "staff" and context.by.role not in _STAFF):
        raise PermissionDenied("What messages said before is not shown here.", details={"reason": "policy"})
    if message.deleted_at is not None:
        return Decision(MessageVersions(versions=[]))
    return Decision(VersionsOf((message.seq, *message.edits)))
