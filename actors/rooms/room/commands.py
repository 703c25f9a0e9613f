"""What can be asked of a room, as it travels from region to shard. `decide` checks the values; these check the types.

A read is a command too: only members may read. It changes nothing and takes no number.
"""

from typing import Literal

from actors.kernel.contract.entity import Command
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
)
from actors.rooms.room.wire import Done

DEFAULT_PAGE = 50
LARGEST_PAGE = 200


class Create(Command[CreatedRoom], frozen=True, tag="create"):
    """Begin the room, with the caller as owner and `members` besides; if it exists and is open to them, find it."""

    kind: Literal["group", "direct"] = "group"
    title: str = ""
    members: tuple[str, ...] = ()
    open: bool = False


class Join(Command[JoinedRoom], frozen=True, tag="join"):
    """Become a member of an open room, or just be told where it stands: what was posted or changed after `since`."""

    since: int | None = None


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


class Leave(Command[Done], frozen=True, tag="leave"):
    """End the caller's membership."""


class Post(Command[PostedMessage], frozen=True, tag="post"):
    """Say something."""

    body: str
    client_id: str | None = None
    kind: str = "text"
    reply_to: str | None = None
    attachments: bytes = b""  # a JSON array of objects; empty: none


class Edit(Command[EditedMessage], frozen=True, tag="edit"):
    """Replace the body of one's own message."""

    message_id: str
    body: str


class Delete(Command[DeletedMessage], frozen=True, tag="delete"):
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


class History(Command[MessagePage], frozen=True, tag="history"):
    """A page of messages, by seq, both bounds exclusive; without `after`, the newest below `before`."""

    before: int | None = None
    after: int | None = None
    limit: int = DEFAULT_PAGE


class Peek(Command[LastActivity], frozen=True, tag="peek"):
    """When was something last said here? In memory only."""


class Glance(Command[RoomLine], frozen=True, tag="glance"):
    """The room as a line of the caller's list of rooms."""


RoomCommand = (
    Create
    | Join
    | AddMembers
    | RemoveMember
    | Update
    | Leave
    | Post
    | Edit
    | Delete
    | React
    | Unreact
    | MarkRead
    | TypingStart
    | TypingStop
    | History
    | Peek
    | Glance
)
