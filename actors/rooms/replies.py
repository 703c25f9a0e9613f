"""The answers of a room as types, in the members' order of the contract, with the persons that each tells of."""

from actors.rooms.messages.chat_message import WireMessage
from actors.rooms.room.wire import Answer, RoomMember, WireRoom
from common.persons import UserId


class CreatedRoom(Answer, frozen=True, kw_only=True):
    """The answer to a create. `created`: it was not there before."""

    room: WireRoom
    created: bool


class UpdatedRoom(Answer, frozen=True, kw_only=True):
    """The answer to an update."""

    room: WireRoom


class RoomMembers(Answer, frozen=True, kw_only=True):
    """Everybody in the room, in the order of joining."""

    members: list[RoomMember]


class JoinedRoom(Answer, frozen=True, kw_only=True):
    """The answer to a join. `read`: how far each has read."""

    room: WireRoom
    members: list[RoomMember]
    last_seq: int
    messages: list[WireMessage]
    read: dict[UserId, int]
    has_more: bool


class PostedMessage(Answer, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The answer to a message. `duplicate`: it is the answer to the first of several alike."""

    id: str
    seq: int
    sent_at: str
    duplicate: bool = False


class EditedMessage(Answer, frozen=True, kw_only=True):
    """The answer to an edit. `seq` is that of the change."""

    seq: int
    edited_at: str


class DeletedMessage(Answer, frozen=True, kw_only=True):
    """The answer to a deletion. `seq` is that of the change."""

    seq: int
    deleted_at: str


class MessageReactions(Answer, frozen=True, kw_only=True):
    """The reactions of a message by now: who put which emoji. `seq` is that of its last change."""

    seq: int
    reactions: dict[str, tuple[UserId, ...]]


class MessagePage(Answer, frozen=True, kw_only=True):
    """A page of messages, oldest first."""

    messages: list[WireMessage]
    has_more: bool


class LastActivity(Answer, frozen=True, kw_only=True):
    """When something was last said, or the room began (ms)."""

    active_at: int


class RoomLine(Answer, frozen=True, kw_only=True):
    """A room in its reader's list."""

    room: WireRoom
    last_seq: int
    unread: int
    last_message: WireMessage | None


class RoomList(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """A page of the reader's rooms. `cursor` leads on to the next one."""

    rooms: list[RoomLine]
    cursor: str | None = None
