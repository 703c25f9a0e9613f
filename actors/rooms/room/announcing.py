"""Telling members who do not look that something was said: once in a while for all of it, not for each message. Pure.

Who posts sets a timer, unless one is pending. When it fires, each member who has not read along is told how many
messages they have not read, and up to where; no text. So a room costs one turn in that time, however much is said in
it, and nothing where everybody reads along. Whoever is answered is told in the turn of the answer.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, SetTimer
from actors.rooms.messages.chat_message import Message
from actors.rooms.room.commands import AnnounceUnread
from actors.rooms.room.events import CaughtUp, Named, UnreadAnnounced, Unseen
from actors.rooms.room.membership import require_member
from actors.rooms.room.sight import notifies, veil_of
from actors.rooms.room.state import ANNOUNCE_MS, RoomState
from actors.rooms.room.wire import Done
from common.errors import PermissionDenied

LARGEST: Final = 50
"""Members of a room whose every member is told; in larger ones, only who is answered."""
_ANNOUNCE: Final = msgspec.msgpack.encode(AnnounceUnread())


def timers(room: RoomState, now_ms: int) -> Sequence[SetTimer]:
    """The timer that a post sets; none where one is pending, or nobody would be told."""
    if now_ms < room.announcing + ANNOUNCE_MS or not 1 < len(room.members) <= LARGEST:
        return ()
    return (SetTimer("announce", now_ms + ANNOUNCE_MS, _ANNOUNCE),)


def named(room: RoomState, answered: Message | None, author: str, now_ms: int) -> Sequence[Named]:
    """The note that tells whoever is answered."""
    if answered is None or answered.sender == author or answered.sender not in room.members:
        return ()
    if not notifies(room, author, answered.sender):
        return ()
    veiled = bool(veil_of(room))
    return (Named(author=author, at=now_ms, user=answered.sender, upto=room.last_seq + 1, anonymous=veiled),)


def announce(room: RoomState, context: Context) -> Decision:
    """The timer: tell those who have not read along. What was announced once is not announced again.

    Raises:
        NotFound, PermissionDenied: it is not Carewire itself that asks.
    """
    if not context.by.is_system:
        require_member(room, context.by.user)
        raise PermissionDenied("Only Carewire itself may do this.")
    fresh = [one for one in zip(room.recent.seqs, room.recent.authors, strict=True) if one[0] > room.announced]
    unseen = tuple(found for user in room.members if (found := _unseen(room, user, fresh)) is not None)
    if not unseen or len(room.members) > LARGEST:
        return Decision(Done())
    return Decision(Done(), notes=(UnreadAnnounced(at=context.now_ms, upto=room.last_post, unseen=unseen),))


def caught_up(room: RoomState, user: str, mark: int, now_ms: int) -> Sequence[CaughtUp]:
    """The note that takes back what the user was told of the room, once they read on."""
    told = room.told.get(user)
    return () if told is None or mark < room.last_post else (CaughtUp(author=user, at=now_ms, upto=told),)


def _unseen(room: RoomState, user: str, fresh: Sequence[tuple[int, str]]) -> Unseen | None:
    """The fresh messages that this member has not read; None: none by others."""
    floor = room.members[user].floor
    authors = {author for seq, author in fresh if seq > floor and author != user and notifies(room, author, user)}
    if not authors:
        return None
    alone = len(authors) == 1 and not veil_of(room)
    return Unseen(user=user, count=max(1, room.unread(user)), sender=authors.pop() if alone else "")
