"""Commands of a room, as they travel from region to shard. `decide` checks the values; these check the types.

A read is a command too: only members may read. It changes nothing and takes no number.
"""

from typing import Final, Literal

import msgspec

from actors.kernel.contract.entity import Command
from actors.rooms.conversation.commands import ConversationCommand
from actors.rooms.keeping.commands import KeepingCommand
from actors.rooms.marks.commands import MessageCommand
from actors.rooms.messages.more import More, Rich
from actors.rooms.replies import (
    CreatedRoom,
    DeletedMessage,
    EditedMessage,
    JoinedRoom,
    LastActivity,
    MessagePage,
    MessageReactions,
    PostedMessage,
    RoomLine,
    RoomMembers,
    UpdatedRoom,
    Witnessed,
)
from actors.rooms.room.wire import Done
from actors.rooms.safety.commands import SafetyCommand

DEFAULT_PAGE = 50
LARGEST_PAGE = 200


class Create(Command[CreatedRoom], frozen=True, kw_only=True, tag="create"):
    """Begin the room, with the caller as owner and `members` besides; if it exists and is open to them, find it.

    `user` is the caller once more, whose choices are looked up.
    """

    kind: Literal["group", "direct"] = "group"
    title: str = ""
    members: tuple[str, ...] = ()
    open: bool = False
    veil: str = ""  # the key of aliases, of a group that is to be anonymous
    user: str = ""
    e2ee: bool = False  # is it to be encrypted by its devices, for ever?
    accept: tuple[str, ...] = ()


class Join(Command[JoinedRoom], frozen=True, tag="join"):
    """Become a member of an open room, or just be told where it stands: what was posted or changed after `since`.

    `user` is the caller once more, whose choices are looked up.
    """

    since: int | None = None
    user: str = ""
    accept: tuple[str, ...] = ()  # what is accepted with it, in an encrypted room


class AddMembers(Command[RoomMembers], frozen=True, tag="add"):
    """Make these users members. Owner only; who is one already stays one."""

    users: tuple[str, ...]


class RemoveMember(Command[RoomMembers], frozen=True, tag="remove"):
    """End the membership of another. Owner only."""

    user: str


class Update(Command[UpdatedRoom], frozen=True, tag="update"):
    """Change what is not None. Owner only."""

    title: str | None = None
    open: bool | None = None
    words: tuple[str, ...] | None = None  # as of `Post`
    searchable: bool | None = None


class Leave(Command[Done], frozen=True, tag="leave"):
    """End the caller's membership."""


class Post(Command[PostedMessage], frozen=True, tag="post", kw_only=True, omit_defaults=True):
    """Say something."""

    body: str
    client_id: str | None = None
    kind: str = "text"
    reply_to: str | None = None
    attachments: bytes = b""  # a JSON array of objects; empty: none
    words: tuple[str, ...] | None = None  # that must not be said where one speaks of a client; None: not looked up
    more: More | None = None
    rich: Rich | None = None
    named: tuple[str, ...] = ()  # the names of the files in it: people read them too


class Say(Command[Done], frozen=True, tag="say", kw_only=True):
    """A scheduled message is due: the secret is the packed `Post`. Only Carewire itself asks; it is judged
    as if they said it now, and whoever asked is told what became of it."""

    user: str
    role: str
    scheduled_id: str
    secret: bytes | None = None

    def post(self) -> Post | None:
        """The message; None: the person was erased."""
        return None if self.secret is None else _post(self.secret)


_post: Final = msgspec.msgpack.Decoder(Post).decode


class Edit(Command[EditedMessage], frozen=True, tag="edit"):
    """Replace the body of one's own message. `rich`: what it is as markdown, and its links."""

    message_id: str
    body: str
    words: tuple[str, ...] | None = None
    rich: Rich | None = None


class RetractMessage(Command[DeletedMessage], frozen=True, tag="delete"):
    """Take a message back: its sender, or the owner of a group."""

    message_id: str


class React(Command[MessageReactions], frozen=True, tag="react"):
    """Put an emoji on a message."""

    message_id: str
    emoji: str


class Unreact(Command[MessageReactions], frozen=True, tag="unreact"):
    """Take one's emoji off again."""

    message_id: str
    emoji: str


class MarkRead(Command[Done], frozen=True, tag="mark"):
    """Everything up to `seq` has been read. Only ever forward.

    `user` is the caller once more: which part of the past must be counted depends on them.
    """

    user: str
    seq: int


class TypingStart(Command[Done], frozen=True, tag="typing"):
    """The caller is typing; that lapses by itself."""


class TypingStop(Command[Done], frozen=True, tag="typed"):
    """The caller is typing no more."""


class History(Command[MessagePage], frozen=True, kw_only=True, tag="history"):
    """A page of messages, by seq, both bounds exclusive; without `after`, the newest below `before`. Or the page that
    begins with the first one at `at_ms` or later; or the one `around` a message."""

    before: int | None = None
    after: int | None = None
    limit: int = DEFAULT_PAGE
    at_ms: int | None = None
    around: str | None = None


class Peek(Command[LastActivity], frozen=True, tag="peek"):
    """When was something last said here? In memory only."""


class Glance(Command[RoomLine], frozen=True, tag="glance"):
    """The room as a line of the caller's list of rooms."""


class AnnounceUnread(Command[Done], frozen=True, tag="announce"):
    """A timer: tell members who have not read along that something was said."""


class Witness(Command[Witnessed], frozen=True, tag="witness"):
    """May the caller see this message, and so the files in it?"""

    message_id: str


class ShowFile(Command[Done], frozen=True, kw_only=True, tag="show_file"):
    """A letter: a file that stands here has changed. `payload` (or the `secret`, where it quotes somebody) is it."""

    payload: bytes = b""
    secret: bytes | None = None


RoomCommand = (
    Create
    | Join
    | AddMembers
    | RemoveMember
    | Update
    | Leave
    | Post
    | Say
    | Edit
    | RetractMessage
    | React
    | Unreact
    | MarkRead
    | TypingStart
    | TypingStop
    | History
    | Peek
    | Glance
    | AnnounceUnread
    | Witness
    | ShowFile
    | ConversationCommand
    | MessageCommand
    | SafetyCommand
    | KeepingCommand
)
