"""The room entity: its state and fold (`RoomState`), and which rule decides which command.

Only members may ask anything of a room, save to create it or to join it. A stranger is refused; where there is no
room, there is nothing to find.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.messages.message_ids import seq_in
from actors.rooms.messages.unread import FURTHEST, WINDOW, RecentPosts
from actors.rooms.room import commands, membership, reading, talk
from actors.rooms.room.commands import Create, Delete, Edit, Glance, Join, MarkRead, Post, React, Unreact
from actors.rooms.room.state import RoomState
from config.settings import RoomSettings

Rule = Callable[[RoomState, Any, Context], Decision]

_RULES: Final[Mapping[type, Rule]] = {
    Create: membership.create,
    Join: membership.join,
    commands.AddMembers: membership.add,
    commands.RemoveMember: membership.remove,
    commands.Update: membership.update,
    commands.Leave: membership.leave,
    Post: talk.post,
    Edit: talk.edit,
    Delete: talk.delete,
    React: talk.react,
    Unreact: talk.react,
    MarkRead: reading.mark_read,
    commands.TypingStart: reading.typing,
    commands.TypingStop: reading.typing,
    commands.History: reading.history,
    commands.Peek: reading.peek,
    Glance: reading.glance,
}
_FOR_STRANGERS: Final = (Create, Join)


class Room(RoomState):
    """One room. `decide` changes nothing; `apply` folds what was decided."""

    @classmethod
    def new(cls, room_id: str, settings: RoomSettings, window: int = WINDOW) -> "Room":
        """A room to which nothing has happened. `window`: how many recent posts it remembers the senders of."""
        return cls(room_id, settings, RecentPosts(window))

    def decide(self, command: Any, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such room, or no such message in it.
            PermissionDenied: the caller is no member, or it is not theirs to do.
            InvalidArgument: a value that no room would accept.
            FailedPrecondition: not in this room, or not as it is.
            AlreadyExists: a direct room cannot begin under the id of another room.
        """
        kind = type(command)
        if kind not in _FOR_STRANGERS:
            membership.require_member(self, context.by.user)
        return _RULES[kind](self, command, context)

    def needs(self, command: Any) -> Sequence[str]:
        """Keys of the parts that `decide` will want. Whom it will refuse needs none."""
        kind = type(command)
        if kind is Post:
            return self._message(command.reply_to) if command.reply_to else ()
        if kind in (Edit, Delete, React, Unreact):
            return self._message(command.message_id)
        if kind is Glance:
            return (str(self.last_post),) if self.last_post else ()
        if kind is MarkRead:
            return self._stretch(command)
        return ()

    def _message(self, message_id: str) -> Sequence[str]:
        seq = seq_in(message_id, self.mark)
        return () if seq is None or seq > self.last_seq else (str(seq),)

    def _stretch(self, command: MarkRead) -> Sequence[str]:
        """The stretch that must be counted before this mark can be moved."""
        member = self.members.get(command.user)
        if member is None or command.seq <= member.read:
            return ()
        stretch = self.stretch(command.user, command.seq)
        far = stretch.upto < self.recent.floor
        return (stretch.key,) if far and 0 < stretch.upto - stretch.above <= FURTHEST else ()
