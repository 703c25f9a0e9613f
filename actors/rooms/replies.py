"""The answers of a room as types, in the members' order of the contract, with the persons that each tells of."""

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from actors.rooms.messages.wire_message import WireAck, WireMessage
from actors.rooms.room.sight import Sight
from actors.rooms.room.wire import RoomAnswer, RoomMember, WireRoom
from common.persons import UserId


class CreatedRoom(RoomAnswer, frozen=True, kw_only=True):
    """The answer to a create. `created`: it was not there before."""

    room: WireRoom
    created: bool


class UpdatedRoom(RoomAnswer, frozen=True, kw_only=True):
    """The answer to an update."""

    room: WireRoom


class RoomMembers(RoomAnswer, frozen=True, kw_only=True):
    """Everybody in the room, in the order of joining."""

    members: list[RoomMember]


class JoinedRoom(RoomAnswer, frozen=True, kw_only=True):
    """The answer to a join. `read`: how far each has read."""

    room: WireRoom
    members: list[RoomMember]
    last_seq: int
    messages: list[WireMessage]
    read: dict[UserId, int]
    has_more: bool


class PostedMessage(RoomAnswer, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The answer to a message. `duplicate`: it is the answer to the first of several alike. One that is held has no seq
    until it is released; `id` is then what it is held under."""

    id: str
    seq: int | UnsetType = UNSET
    sent_at: str | UnsetType = UNSET
    duplicate: bool = False
    state: Literal["held"] | UnsetType = UNSET
    held_id: str | UnsetType = UNSET


class EditedMessage(RoomAnswer, frozen=True, kw_only=True):
    """The answer to an edit. `seq` is that of the change. One that is held changes nothing until it is released."""

    seq: int | UnsetType = UNSET
    edited_at: str | UnsetType = UNSET
    state: Literal["held"] | UnsetType = UNSET
    held_id: str | UnsetType = UNSET


class DeletedMessage(RoomAnswer, frozen=True, kw_only=True):
    """The answer to a deletion. `seq` is that of the change."""

    seq: int
    deleted_at: str


class MessageReactions(RoomAnswer, frozen=True, kw_only=True):
    """The reactions of a message by now: who put which emoji. `seq` is that of its last change."""

    seq: int
    reactions: dict[str, tuple[UserId, ...]]


class MessagePage(RoomAnswer, frozen=True, kw_only=True):
    """A page of messages, oldest first."""

    messages: list[WireMessage]
    has_more: bool


class LastActivity(RoomAnswer, frozen=True, kw_only=True, omit_defaults=True):
    """When something was last said, or the room began (ms). `relation`, `state`: of a conversation."""

    active_at: int
    relation: str = ""
    state: str = ""


class RoomLine(RoomAnswer, frozen=True, kw_only=True):
    """A room in its reader's list."""

    room: WireRoom
    last_seq: int
    unread: int
    last_message: WireMessage | None


class RoomList(RoomAnswer, frozen=True, kw_only=True, omit_defaults=True):
    """A page of the reader's rooms. `cursor` leads on to the next one."""

    rooms: list[RoomLine]
    cursor: str | None = None


class Witnessed(RoomAnswer, frozen=True, kw_only=True):
    """A message that the caller may see: whose it is, as whom they see them, and the files in it. `blurred`: its
    pictures are blurred until they are accepted."""

    sender: UserId
    shown_as: UserId
    files: list[str]
    blurred: bool


class ConversationView(RoomAnswer, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation, and who is in it. `note`: what its maker said when they asked."""

    room: WireRoom
    members: list[RoomMember]
    note: str | None = None


class SpokenOf(RoomAnswer, frozen=True, kw_only=True):
    """The client of whom a conversation speaks; "": nobody."""

    client_id: UserId


class SearchPermit(RoomAnswer, frozen=True, kw_only=True):
    """Whether the room is searched, and how the caller sees it."""

    searched: bool
    sight: Sight


class WhoIsWho(RoomAnswer, frozen=True, kw_only=True):
    """The members of an anonymous room by their aliases."""

    aliases: dict[str, UserId]


class PinsChanged(RoomAnswer, frozen=True, kw_only=True):
    """`seq` is that of the last change."""

    seq: int


class MessageList(RoomAnswer, frozen=True, kw_only=True):
    """Messages, in their order."""

    messages: list[WireMessage]


class ThreadPage(RoomAnswer, frozen=True, kw_only=True):
    """A message, and a page of what answers it, oldest first."""

    root: WireMessage
    replies: list[WireMessage]
    has_more: bool


class MessageVersion(RoomAnswer, frozen=True, kw_only=True):
    """The text of a message from `at` on."""

    body: str
    at: str


class MessageVersions(RoomAnswer, frozen=True, kw_only=True):
    """The versions of a message, the oldest first."""

    versions: list[MessageVersion]


class MarkOf(RoomAnswer, frozen=True, kw_only=True):
    """A person, and when it was so at the latest."""

    user_id: UserId
    at: str


class MessageState(RoomAnswer, frozen=True, kw_only=True):
    """The receipts of a message: who has it, and who has read it. `hidden`: how many do not say."""

    stored_at: str
    delivered: list[MarkOf]
    read: list[MarkOf]
    hidden: int


class AckAnswer(RoomAnswer, frozen=True, kw_only=True):
    """The members who have acknowledged a message."""

    ack: WireAck


class ChoiceCounts(RoomAnswer, frozen=True, kw_only=True):
    """The number of choices of each option."""

    counts: list[int]


class BlockAnswer(RoomAnswer, frozen=True, kw_only=True):
    """A block as it is by now, and whose message it is in."""

    sender_id: UserId
    block: dict[str, Any]
