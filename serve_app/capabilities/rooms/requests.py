"""What clients may send about rooms: one Struct an operation, with the types and bounds of the public contract.

Types and forms are checked here; whether it is allowed, and the sense of it, is the room's business. Unknown members
are refused: a misspelt optional one would otherwise be ignored in silence.
"""

import re
from secrets import token_hex
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from typing_extensions import override

from actors.rooms.room import commands
from common.decoding import LARGEST_INT, Id, Instant, Request, Seq, ShortText, Text, UserIds
from common.errors import InvalidArgument
from common.timeline import parse_instant
from serve_app.capabilities.rooms.blocks.shapes import Blocks

Limit = Annotated[int, Meta(ge=1, le=commands.LARGEST_PAGE)]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
_Seq = Annotated[int, Meta(ge=0, le=LARGEST_INT + 1)]
_POSITION: Final = re.compile(r"([ab])([0-9]{1,18})")


Accept = Annotated[list[Literal["no_search", "no_screening", "no_preview", "no_recovery"]], Meta(max_length=4)]


class Encrypted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a device has sealed."""

    alg: Literal["megolm.v1"]
    device_id: Id
    session_id: ShortText
    ciphertext: Annotated[str, Meta(min_length=1, pattern=r"\A[A-Za-z0-9+/_-]+=*\Z")]
    commitment: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z", description="32 bytes, base64url.")]


class CreateRoom(Request, frozen=True, kw_only=True):
    """Begin a room, or find it."""

    room_id: Id | None = None
    kind: Literal["direct", "group"] = "group"
    title: Text | None = None
    members: Annotated[list[Id], Meta(max_length=1000)] = []
    open: bool = False
    anonymous: bool = False
    e2ee: bool = False
    accept: Accept | None = None

    def command(self, user: str) -> commands.Create:
        """What `user` asks of the room that may not exist yet."""
        veil = token_hex(16) if self.anonymous else ""
        return commands.Create(
            kind=self.kind,
            title=self.title or "",
            members=tuple(self.members),
            open=self.open,
            veil=veil,
            user=user,
            e2ee=self.e2ee,
            accept=tuple(self.accept or ()),
        )


class RoomRequest(Request, frozen=True):
    """Base of requests to one room."""

    room_id: Id

    def command(self, user: str) -> commands.RoomCommand:
        """What `user` asks of the room."""
        raise NotImplementedError


class JoinRoom(RoomRequest, frozen=True):
    """Hear a room on this socket."""

    since: Seq | None = None
    accept: Accept | None = None

    @override
    def command(self, user: str) -> commands.RoomCommand:
        return commands.Join(since=self.since, user=user, accept=tuple(self.accept or ()))


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
    """Change title, openness, or whether what is said can be searched."""

    title: Text | None = None
    open: bool | None = None
    searchable: bool | None = None

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.Update(self.title, self.open, searchable=self.searchable)


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
    format: Literal["plain", "markdown"] = "plain"
    mentions: Annotated[list[Id], Meta(max_length=50)] | None = None
    mention_all: bool = False
    priority: Literal["normal", "important", "urgent"] = "normal"
    ack_requested: bool = False
    blocks: Blocks | None = None
    encrypted: Encrypted | None = None


class EditMessage(RoomRequest, frozen=True, kw_only=True):
    """Replace the body of one's own message."""

    message_id: ShortText
    body: Text


class DeleteMessage(RoomRequest, frozen=True, kw_only=True):
    """Take a message back."""

    message_id: ShortText

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.RetractMessage(self.message_id)


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
    """A page of messages, both bounds exclusive; or the page that begins `at` a time, or the one `around` a message."""

    before: Seq | None = None
    after: Seq | None = None
    limit: Limit = commands.DEFAULT_PAGE
    at: Instant | None = None
    around: ShortText | None = None

    @override
    def command(self, _: str) -> commands.RoomCommand:
        return commands.History(
            before=self.before, after=self.after, limit=self.limit, at_ms=_moment(self.at), around=self.around
        )


class ListRooms(Request, frozen=True):
    """A page of the user's rooms."""

    cursor: ShortText | None = None
    limit: Limit = commands.DEFAULT_PAGE


class HistoryAddress(RoomRequest, frozen=True):
    """The same in an address, which may say where a page goes on."""

    before: _Seq | None = None
    after: _Seq | None = None
    cursor: Cursor | None = None
    limit: Limit = commands.DEFAULT_PAGE
    at: Instant | None = None
    around: ShortText | None = None

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """`before` and `after`. Raises InvalidArgument: nobody gave the cursor out."""
        if self.cursor is None:
            return self.before, self.after
        match = _POSITION.fullmatch(self.cursor)
        if match is None:
            raise InvalidArgument("cursor: take the `next_cursor` of the page before.", details={"field": "cursor"})
        seq = int(match[2])
        return (None, seq) if match[1] == "a" else (seq, None)

    @override
    def command(self, _: str) -> commands.RoomCommand:
        before, after = self.bounds
        return commands.History(
            before=before, after=after, limit=self.limit, at_ms=_moment(self.at), around=self.around
        )


class RoomsAddress(ListRooms, frozen=True):
    """The same in an address, where any text is looked up."""

    cursor: Cursor | None = None
    limit: Limit = commands.DEFAULT_PAGE


class InboxAck(Request, frozen=True):
    """What was addressed to the user has been seen, up to there."""

    inbox_seq: Seq


def _moment(at: str | None) -> int | None:
    return None if at is None else parse_instant(at, "at")
