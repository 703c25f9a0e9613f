"""The room entity: its state and fold (`RoomState`), and which rule decides which command.

Only members may ask anything of a room, save to create it or to join it. A stranger is refused; where there is no
room, there is nothing to find.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.conversation import following, looks
from actors.rooms.conversation import rules as conversations
from actors.rooms.conversation.commands import (
    AboutWhom,
    Bar,
    ChangeState,
    ConversationCommand,
    Converse,
    FollowCare,
    LapseRest,
    MaySearch,
    Respond,
    See,
    Unveil,
)
from actors.rooms.files import witness
from actors.rooms.keeping import aging, house
from actors.rooms.keeping.commands import KEEPING_COMMANDS, Abide, Expire, KeepingCommand, Overdue
from actors.rooms.keeping.holds import with_holds
from actors.rooms.marks import deciding, later, privacy
from actors.rooms.marks.commands import MessageCommand, OfMessage, RemindOf, SettleBlock, SettleFile
from actors.rooms.messages.unread import FURTHEST, WINDOW, RecentPosts
from actors.rooms.room import announcing, membership, reading, talk
from actors.rooms.room.commands import (
    AddMembers,
    AnnounceUnread,
    Create,
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
    RetractMessage,
    RoomCommand,
    Say,
    ShowFile,
    TypingStart,
    TypingStop,
    Unreact,
    Update,
    Witness,
)
from actors.rooms.room.state import RoomState
from actors.rooms.safety import deeds
from actors.rooms.safety.commands import SAFETY_COMMANDS, SafetyCommand
from common.numbered_ids import seq_in
from config.settings import RoomSettings

_OfReaders = MarkRead | TypingStart | TypingStop | History | Peek | Glance | AnnounceUnread | Witness | ShowFile
_Looks = MaySearch | See | AboutWhom | Unveil
_OfMembership = Create | Join | AddMembers | RemoveMember | Update | Leave
_FOR_STRANGERS: Final = frozenset(
    {Create, Join, AnnounceUnread, ShowFile, Converse, ChangeState, LapseRest, FollowCare, Bar, See, AboutWhom, Unveil}
    | {Say, RemindOf, SettleBlock, SettleFile, *SAFETY_COMMANDS, *KEEPING_COMMANDS}
)
_OPENED: Final = frozenset(
    {Converse, Respond, ChangeState, LapseRest, FollowCare, See, AboutWhom, Join, Update, Glance, Abide}
)
"""What shows the room, or may change what it is: it needs what was said when a conversation was asked for."""


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
        stranger = context.by.user not in self.members
        if stranger and type(command) not in _FOR_STRANGERS and not self._is_read_by(command, context):
            membership.require_member(self, context.by.user)
        match command:
            case Post():  # first: the commonest by far
                return talk.post(self, command, context)
            case Say():
                return later.say(self, command, context)
            case Edit():
                return talk.edit(self, command, context)
            case RetractMessage():
                return talk.delete(self, command, context)
            case React() | Unreact():
                return talk.react(self, command, context)
        return self._decide_of_readers(command, context)

    def _decide_of_readers(
        self,
        command: _OfReaders | _OfMembership | MessageCommand | ConversationCommand | SafetyCommand | KeepingCommand,
        context: Context,
    ) -> Decision:
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
            case AnnounceUnread():
                return announcing.announce(self, context)
            case Witness():
                return witness.witness(self, command, context)
            case ShowFile():
                return witness.show(self, command, context)
        if isinstance(command, MessageCommand):
            return deciding.decide(self, command, context)
        return self._decide_of_membership(command, context)

    def _decide_of_membership(
        self, command: _OfMembership | ConversationCommand | SafetyCommand | KeepingCommand, context: Context
    ) -> Decision:
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
        return self._decide_of_conversations(command, context)

    def _decide_of_conversations(
        self, command: ConversationCommand | SafetyCommand | KeepingCommand, context: Context
    ) -> Decision:
        match command:
            case Converse():
                return conversations.converse(self, command, context)
            case Respond():
                return conversations.respond(self, command, context)
            case ChangeState():
                return conversations.change_state(self, command, context)
            case LapseRest():
                return conversations.lapse(self, command, context)
            case FollowCare():
                return following.follow(self, command, context)
            case Bar():
                return conversations.bar(self, command, context)
        if isinstance(command, SAFETY_COMMANDS):
            return deeds.decide(self, command, context)
        if isinstance(command, KEEPING_COMMANDS):
            return aging.decide(self, command, context)
        return self._decide_of_looks(command, context)

    def _is_read_by(self, command: RoomCommand, context: Context) -> bool:
        """Is it a moderator who may read the room for a while?"""
        return (
            type(command) is History
            and bool(self.safety.readers)
            and deeds.may_read(self, context.by.user, context.now_ms)
        )

    def _decide_of_looks(self, command: _Looks, context: Context) -> Decision:
        match command:
            case MaySearch():
                return looks.may_search(self, context)
            case See():
                return looks.see(self, command, context)
            case AboutWhom():
                return looks.about_whom(self, command, context)
            case Unveil():
                return looks.unveil(self, command, context)
        assert_never(command)

    def needs(self, command: RoomCommand) -> Sequence[str]:
        """Keys of the parts that `decide` will want. Whom it will refuse needs none."""
        match command:
            case Post():
                return self._message(command.reply_to) if command.reply_to else ()
            case React() | Unreact() | Witness():
                return self._message(command.message_id)
            case Edit() | RetractMessage():
                return with_holds(self._message(command.message_id))
            case Say():
                return (later.key_of(command.user), *(self.needs(post) if (post := command.post()) is not None else ()))
            case Glance():
                return (*self._opening(command), *((str(self.last_post),) if self.last_post else ()))
            case MarkRead():
                return self._stretch(command)
            case History(around=str(around)):
                return self._message(around)
            case Create() | Join() | AddMembers():
                return (*privacy.needs(self, command), *self._terms(command), *self._opening(command))
            case Converse():
                return (*self._terms(command), *self._opening(command))
        if isinstance(command, SAFETY_COMMANDS):
            return deeds.needs(self, command)
        if isinstance(command, Overdue | Expire):
            return aging.needs(command)
        return self._message(command.message_id) if isinstance(command, OfMessage) else self._opening(command)

    def _terms(self, command: RoomCommand) -> Sequence[str]:
        """For how long messages are kept, of a room that begins."""
        if self.profile is not None or not isinstance(command, Create | Converse):
            return ()
        return (house.key_of(command.relation if isinstance(command, Converse) else ""),)

    def _opening(self, command: RoomCommand) -> Sequence[str]:
        """The message with which the conversation was asked for."""
        bound = self.binding if self.guarded and type(command) in _OPENED else None
        return (membership.opening_key(bound),) if bound is not None and bound.relation else ()

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
