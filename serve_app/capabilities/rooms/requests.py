"""What clients may send: one Struct an event, with the types and bounds of the public contract.

Types and forms are checked here; whether it is allowed, and the sense of it, is the room's business. Unknown members
are refused: a misspelt optional one would otherwise be ignored in silence.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from typing_extensions import override

from actors.rooms.room import commands
from common.decoding import MAX_DEPTH, Id, Request, Seq, ShortText, Text, UserIds, check_plain

Limit = Annotated[int, Meta(ge=1, le=commands.LARGEST_PAGE)]


class CreateRoom(Request, frozen=True):
    """Begin a room, or find it."""

    room_id: Id | None = None
    kind: Literal["direct", "group"] = "group"
    title: Text | None = None
    members: Annotated[list[Id], Meta(max_length=1000)] = []
    open: bool = False

    def command(self) -> commands.Create:
        """What is asked of the room that may not exist yet."""
        return commands.Create(self.kind, self.title or "", tuple(self.members), self.open)


class RoomRequest(Request, frozen=True):
    """Base of requests to one room."""

    room_id: Id

    def command(self, user: str) -> commands.RoomCommand:
        """What `user` asks of the room."""
        raise NotImplementedError


class JoinRoom(RoomRequest, frozen=True):
    """Hear a room on this socket."""

    since: Seq | None = None

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.Join(since=self.since)


class AddMembersRequest(RoomRequest, frozen=True, kw_only=True):
    """Make users members."""

    user_ids: UserIds

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.AddMembers(tuple(self.user_ids))


class RemoveMemberRequest(RoomRequest, frozen=True, kw_only=True):
    """End a membership."""

    user_id: Id

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.RemoveMember(self.user_id)


class UpdateRoom(RoomRequest, frozen=True):
    """Change title or openness."""

    title: Text | None = None
    open: bool | None = None

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.Update(self.title, self.open)


class LeaveRoom(RoomRequest, frozen=True):
    """Hear the room no more on this socket; `forever`: end the membership."""

    forever: bool = False

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.Leave()


class PostMessage(RoomRequest, frozen=True, kw_only=True):
    """Say something."""

    body: Text
    client_id: ShortText | None = None
    kind: ShortText = "text"
    reply_to: ShortText | None = None
    attachments: list[dict[str, Any]] | None = None

    @override
    def command(self, _: str) -> commands.RoomCommand:
        attachments = b""
        if self.attachments:
            check_plain(self.attachments, MAX_DEPTH)
            attachments = msgspec.json.encode(self.attachments)
        return commands.Post(self.body, self.client_id, self.kind, self.reply_to, attachments)


class EditMessage(RoomRequest, frozen=True, kw_only=True):
    """Replace the body of one's own message."""

    message_id: ShortText
    body: Text

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.Edit(self.message_id, self.body)


class DeleteMessage(RoomRequest, frozen=True, kw_only=True):
    """Take a message back."""

    message_id: ShortText

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.Delete(self.message_id)


class ReactRequest(RoomRequest, frozen=True, kw_only=True):
    """Put an emoji on a message."""

    message_id: ShortText
    emoji: ShortText

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.React(self.message_id, self.emoji)


class UnreactRequest(RoomRequest, frozen=True, kw_only=True):
    """Take it off again."""

    message_id: ShortText
    emoji: ShortText

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.Unreact(self.message_id, self.emoji)


class MarkReadRequest(RoomRequest, frozen=True, kw_only=True):
    """Everything up to `seq` has been read."""

    seq: Seq

    @override
    def command(self, user: str) -> commands.RoomCommand:
        return commands.MarkRead(user, self.seq)


class TypingStartRequest(RoomRequest, frozen=True):
    """The user is typing."""

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.TypingStart()


class TypingStopRequest(RoomRequest, frozen=True):
    """The user is typing no more."""

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.TypingStop()


class HistoryRequest(RoomRequest, frozen=True):
    """A page of messages, both bounds exclusive."""

    before: Seq | None = None
    after: Seq | None = None
    limit: Limit = commands.DEFAULT_PAGE

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.History(self.before, self.after, self.limit)


class ListRooms(Request, frozen=True):
    """A page of the user's rooms."""

    cursor: ShortText | None = None
    limit: Limit = commands.DEFAULT_PAGE
