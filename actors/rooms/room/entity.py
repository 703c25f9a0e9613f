"""The room entity: its state and fold (`RoomState`), and which rule decides which command.

Only members may ask anything of a room, save to create it or to join it. A stranger is refused; where there is no
room, there is nothing to find.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.messages.message_ids import seq_in
from actors.rooms.messages.unread import FURTHEST, WINDOW, RecentPosts
from actors.rooms.room import membership, reading, talk
from actors.rooms.room.commands import (
    AddMembers,
    Create,
    Delete,
    Edit,
    Glance,
    History,
    Join,
    Leave,
    MarkRead,
    Peek,
    Post,
    React,
    RemoveMember,
    RoomCommand,
    TypingStart,
    TypingStop,
    Unreact,
    Update,
)
from actors.rooms.room.state import RoomState
from config.settings import RoomSettings

_OfReaders = MarkRead | TypingStart | TypingStop | History | Peek | Glance
_OfMembership = Create | Join | AddMembers | RemoveMember | Update | Leave
_FOR_STRANGERS: Final = (Create, Join)


class Room(RoomState):
    """One room. `decide` changes nothing; `apply` folds what was decided."""

    @classmethod
    def new(cls, room_id: str, settings: RoomSettings, window: int = WINDOW) -> "Room":
        """A room to which nothing has happened. `window`: how many recent posts it remembers the senders of."""
        return cls(room_id, settings, RecentPosts(window))

    def decide(self, command: RoomCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such room, or no such message in it.
            PermissionDenied: the caller is no member, or it is not theirs to do.
            InvalidArgument: a value that no room would accept.
            FailedPrecondition: not in this room, or not as it is.
            AlreadyExists: a direct room cannot begin under the id of another room.
        """
        if type(command) not in _FOR_STRANGERS:
            membership.require_member(self, context.by.user)
        match command:
            case Post():  # first: the commonest by far
                return talk.post(self, command, context)
            case Edit():
                return talk.edit(self, command, context)
            case Delete():
                return talk.delete(self, command, context)
            case React() | Unreact():
                return talk.react(self, command, context)
        return self._decide_of_readers(command, context)

    def _decide_of_readers(self, command: _OfReaders | _OfMembership, context: Context) -> Decision:
        match command:
            case MarkRead():
                return reading.mark_read(self, command, context)
            case TypingStart() | TypingStop():
                return reading.typing(self, command, context)
            case History():
                return reading.history(self, command, context)
            case Peek():
                return reading.peek(self, command, context)
            case Glance():
                return reading.glance(self, command, context)
        return self._decide_of_membership(command, context)

    def _decide_of_membership(self, command: _OfMembership, context: Context) -> Decision:
        match command:
            case Create():
                return membership.create(self, command, context)
            case Join():
                return membership.join(self, command, context)
            case AddMembers():
                return membership.add(self, command, context)
            case RemoveMember():
                return membership.remove(self, command, context)
            case Update():
                return membership.update(self, command, context)
            case Leave():
                return membership.leave(self, command, context)
        assert_never(command)

    def needs(self, command: RoomCommand) -> Sequence[str]:
        """Keys of the parts that `decide` will want. Whom it will refuse needs none."""
        match command:
            case Post():
                return self._message(command.reply_to) if command.reply_to else ()
            case Edit() | Delete() | React() | Unreact():
                return self._message(command.message_id)
            case Glance():
                return (str(self.last_post),) if self.last_post else ()
            case MarkRead():
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
