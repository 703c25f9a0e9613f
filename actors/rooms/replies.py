"""What is answered to those who read rooms, as types: the shape of the contract, and who is told of in it."""

import msgspec

from actors.rooms.messages.chat_message import WireMessage
from common.persons import UserId


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is answered."""


class Room(Reply, frozen=True, kw_only=True):
    """A room."""

    room_id: str
    kind: str
    title: str
    open: bool
    owner_id: UserId | None
    created_at: str
    last_seq: int


class RoomMember(Reply, frozen=True, kw_only=True):
    """Who is in a room, as what."""

    user_id: UserId
    role: str


class JoinedRoom(Reply, frozen=True, kw_only=True):
    """The answer to a join. `read`: how far each has read."""

    room: Room
    members: list[RoomMember]
    last_seq: int
    messages: list[WireMessage]
    read: dict[UserId, int]
    has_more: bool


class MessagePage(Reply, frozen=True, kw_only=True):
    """A page of messages."""

    messages: list[WireMessage]
    has_more: bool


class RoomLine(Reply, frozen=True, kw_only=True):
    """A room in its reader's list."""

    room: Room
    last_seq: int
    unread: int
    last_message: WireMessage | None


class RoomList(Reply, frozen=True, kw_only=True):
    """A page of the reader's rooms."""

    rooms: list[RoomLine]
    cursor: str | None = None
