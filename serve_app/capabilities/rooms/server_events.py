"""What sockets hear of rooms and of their inbox."""

from typing import Final

from msgspec import field

from actors.outgoing.replies import ScheduledMessage
from actors.rooms.messages.wire_message import WireMessage
from actors.rooms.room.wire import WireRoom
from common.persons import UserId
from serve_app.capabilities.rooms.examples import UNBOUND
from serve_app.edge.server_events import Addressed, Payload, ServerEvent


class MessageChanged(Payload, frozen=True, kw_only=True):
    """A message by now. `seq` is that of the change; the message keeps its own."""

    room_id: str
    seq: int
    message: WireMessage


class ReadReceipt(Payload, frozen=True, kw_only=True):
    """A member has read up to `seq`. It takes no number of its own."""

    room_id: str
    user_id: UserId
    seq: int
    at: str


class Typing(Payload, frozen=True, kw_only=True):
    """Who types, or no longer does. Never stored."""

    room_id: str
    user_id: UserId


class TypingBegun(Typing, frozen=True, kw_only=True):
    """Who types, as what. `label`: how that is called, of those whom people know by what they are."""

    role: str
    label: str | None = None


class Delivery(Payload, frozen=True, kw_only=True):
    """A device of a member has everything up to `seq`."""

    room_id: str
    user_id: UserId
    seq: int
    at: str


class PinsListed(Payload, frozen=True, kw_only=True):
    """What is pinned by now."""

    room_id: str
    seq: int
    pins: list[str]


class MessageAcknowledged(Payload, frozen=True, kw_only=True):
    """A member has acknowledged a message."""

    room_id: str
    message_id: str
    user_id: UserId
    at: str


class BlockUpdated(Payload, frozen=True, kw_only=True):
    """What a block of a message stands for is in another state."""

    room_id: str
    message_id: str
    block_id: str
    state: str


class WasMentioned(Addressed, frozen=True, kw_only=True):
    """A message means the user. `by`: who said it."""

    room_id: str
    message_id: str
    seq: int
    by: UserId


class ScheduledUpdated(Addressed, frozen=True, kw_only=True):
    """What became of a message that was to be said later."""

    scheduled: ScheduledMessage


class RoomUpdated(Payload, frozen=True, kw_only=True):
    """The room by now."""

    room_id: str
    seq: int
    room: WireRoom


class MemberJoined(Payload, frozen=True, kw_only=True):
    """A membership has begun. `by`: who began it."""

    room_id: str
    seq: int
    user_id: UserId
    role: str
    by: UserId
    at: str


class MemberLeft(Payload, frozen=True, kw_only=True):
    """A membership has ended. Whoever left hears this and nothing later."""

    room_id: str
    seq: int
    user_id: UserId
    by: UserId
    at: str


class RoomAdded(Addressed, frozen=True, kw_only=True):
    """Somebody has made the user a member of this room."""

    room: WireRoom


class RoomRemoved(Addressed, frozen=True, kw_only=True):
    """Somebody has ended the user's membership of this room."""

    room_id: str


class Gap(Payload, frozen=True, kw_only=True):
    """What the server could not send: the events numbered from `from` to `to`, of a room, or of the inbox (`inbox`)."""

    room_id: str | None
    inbox: bool = False
    since: int = field(name="from")
    upto: int = field(name="to")


_TIME: Final = "2026-11-20T09:30:00.000Z"
_ROOM: Final = {
    "room_id": "room_01KAFZ0000000000000000000",
    "kind": "group",
    "title": "Group of Tuesday",
    "open": False,
    "owner_id": "tess",
    "created_at": _TIME,
    "last_seq": 12,
    **UNBOUND,
}
_MESSAGE: Final = {
    "id": "msg_01KAFZ0000000000000000000",
    "room_id": _ROOM["room_id"],
    "seq": 12,
    "sender_id": "alice",
    "kind": "text",
    "body": "Good morning",
    "client_id": "c1",
    "reply_to": None,
    "attachments": [],
    "reactions": {"👍": ["tess"]},
    "sent_at": _TIME,
    "edited_at": None,
    "deleted_at": None,
}
_CHANGED: Final = {"room_id": _ROOM["room_id"], "seq": 13, "message": _MESSAGE}
_WHO: Final = {"room_id": _ROOM["room_id"], "user_id": "alice"}
_TYPIST: Final = _WHO | {"role": "client"}
_INBOX: Final = {"event_id": "evt_01KAFZ0000000000000000000", "inbox_seq": 18}
_JOINED: Final = "sockets that have joined the room"
_OTHERS: Final = "sockets that have joined the room, of everybody else"
_USER: Final = "every socket of the user, now or when they next connect"

ROOM_EVENTS: Final = (
    ServerEvent(
        name="message", payload=WireMessage, audience=_JOINED, description="A message was posted.", example=_MESSAGE
    ),
    ServerEvent(
        name="message_updated",
        payload=MessageChanged,
        audience=_JOINED,
        description="A message was edited.",
        example=_CHANGED,
    ),
    ServerEvent(
        name="message_deleted",
        payload=MessageChanged,
        audience=_JOINED,
        description="A message was deleted: it keeps its place.",
        example=_CHANGED,
    ),
    ServerEvent(
        name="reaction",
        payload=MessageChanged,
        audience=_JOINED,
        description="A reaction was put to a message, or taken back.",
        example=_CHANGED,
    ),
    ServerEvent("read_receipt", ReadReceipt, _JOINED, example=_WHO | {"seq": 12, "at": _TIME}),
    ServerEvent(
        name="typing_start",
        payload=TypingBegun,
        audience=_OTHERS,
        description="It stops by itself after 6 s.",
        example=_TYPIST,
    ),
    ServerEvent("typing_stop", TypingBegun, _OTHERS, example=_TYPIST),
    ServerEvent(
        "delivery_receipt",
        Delivery,
        "sockets of who wrote what has arrived, in rooms of at most 32 people",
        example=_WHO | {"seq": 12, "at": _TIME},
    ),
    ServerEvent(
        "pins_changed", PinsListed, _JOINED, example={"room_id": _ROOM["room_id"], "seq": 12, "pins": [_MESSAGE["id"]]}
    ),
    ServerEvent(
        "message_acknowledged",
        MessageAcknowledged,
        _JOINED,
        example=_WHO | {"message_id": _MESSAGE["id"], "at": _TIME},
    ),
    ServerEvent(
        "block_updated",
        BlockUpdated,
        _JOINED,
        example={
            "room_id": _ROOM["room_id"],
            "message_id": _MESSAGE["id"],
            "block_id": "blk_1",
            "state": "booked",
        },
    ),
    ServerEvent(
        "mentioned",
        WasMentioned,
        _USER,
        example={"room_id": _ROOM["room_id"], "message_id": _MESSAGE["id"], "seq": 12, "by": "tess"} | _INBOX,
    ),
    ServerEvent(
        "scheduled_updated",
        ScheduledUpdated,
        _USER,
        example={
            "scheduled": {
                "scheduled_id": "sch_01KAFZ0000000000000000000",
                "room_id": _ROOM["room_id"],
                "send_at": _TIME,
                "state": "sent",
                "message_id": _MESSAGE["id"],
            }
        }
        | _INBOX,
    ),
    ServerEvent("room_updated", RoomUpdated, _JOINED, example={"room_id": _ROOM["room_id"], "seq": 12, "room": _ROOM}),
    ServerEvent(
        "member_joined", MemberJoined, _JOINED, example=_WHO | {"seq": 2, "role": "member", "by": "tess", "at": _TIME}
    ),
    ServerEvent("member_left", MemberLeft, _JOINED, example=_WHO | {"seq": 14, "by": "alice", "at": _TIME}),
    ServerEvent("room_added", RoomAdded, _USER, example={"room": _ROOM} | _INBOX),
    ServerEvent("room_removed", RoomRemoved, _USER, example={"room_id": _ROOM["room_id"]} | _INBOX),
    ServerEvent(
        name="gap",
        payload=Gap,
        audience="a socket that comes back, or was too slow",
        description="Ask `history` for a room; the inbox is read page by page.",
        example={"room_id": _ROOM["room_id"], "from": 3, "to": 700},
    ),
)
