"""Examples of what is asked of rooms and answered, for the documents. Held against the types in tests."""

from typing import Any, Final

import msgspec

from actors.rooms.conversation.policy import PLAIN
from serve_app.edge.operation import Example

_OF_ROOM: Final = {"room_id": "room_01KAFZ0000000000000000000A"}
UNBOUND: Final[dict[str, Any]] = {"state": "open", "policy": msgspec.to_builtins(PLAIN), "policy_version": 0}
"""What a room without a relation is."""
_ROOM: Final[dict[str, Any]] = {
    **_OF_ROOM,
    "kind": "group",
    "title": "Thursday group",
    "open": False,
    "owner_id": "usr_tess",
    "created_at": "2026-11-02T08:15:00.000Z",
    "last_seq": 3,
    **UNBOUND,
}
_OWNER: Final = {"user_id": "usr_tess", "role": "owner"}
_MEMBER: Final = {"user_id": "usr_ada", "role": "member"}
_OF_MESSAGE: Final = _OF_ROOM | {"message_id": "msg_01KAFZ00000000000000003B"}
_MESSAGE: Final[dict[str, Any]] = {
    "id": _OF_MESSAGE["message_id"],
    **_OF_ROOM,
    "seq": 3,
    "sender_id": "usr_ada",
    "kind": "text",
    "body": "See you on Thursday.",
    "client_id": "c-1",
    "reply_to": None,
    "attachments": [],
    "reactions": {},
    "sent_at": "2026-11-02T08:16:00.000Z",
    "edited_at": None,
    "deleted_at": None,
}

CREATE_ROOM: Final = Example(
    {"kind": "group", "title": "Thursday group", "members": ["usr_ada"]}, {"room": _ROOM, "created": True}
)
JOIN_ROOM: Final = Example(
    _OF_ROOM,
    {
        "room": _ROOM,
        "members": [_OWNER, _MEMBER],
        "last_seq": 3,
        "messages": [_MESSAGE],
        "read": {"usr_tess": 3},
        "has_more": False,
    },
)
LEAVE_ROOM: Final = Example(_OF_ROOM, {})
ADD_MEMBERS: Final = Example(_OF_ROOM | {"user_ids": ["usr_ada"]}, {"members": [_OWNER, _MEMBER]})
REMOVE_MEMBER: Final = Example(_OF_ROOM | {"user_id": "usr_ada"}, {"members": [_OWNER]})
UPDATE_ROOM: Final = Example(_OF_ROOM | {"title": "Friday group"}, {"room": _ROOM | {"title": "Friday group"}})
MESSAGE: Final = Example(
    _OF_ROOM | {"body": _MESSAGE["body"], "client_id": "c-1"},
    {"id": _MESSAGE["id"], "seq": 3, "sent_at": _MESSAGE["sent_at"]},
)
EDIT_MESSAGE: Final = Example(
    _OF_MESSAGE | {"body": "See you on Friday."}, {"seq": 4, "edited_at": "2026-11-02T08:17:00.000Z"}
)
DELETE_MESSAGE: Final = Example(_OF_MESSAGE, {"seq": 5, "deleted_at": "2026-11-02T08:18:00.000Z"})
REACT: Final = Example(_OF_MESSAGE | {"emoji": "👍"}, {"seq": 6, "reactions": {"👍": ["usr_ada"]}})
UNREACT: Final = Example(_OF_MESSAGE | {"emoji": "👍"}, {"seq": 7, "reactions": {}})
MARK_READ: Final = Example(_OF_ROOM | {"seq": 3}, {})
TYPING_START: Final = Example(_OF_ROOM, {})
TYPING_STOP: Final = Example(_OF_ROOM, {})
HISTORY: Final = Example(_OF_ROOM | {"limit": 50}, {"messages": [_MESSAGE], "has_more": False})
LIST_ROOMS: Final = Example(
    {"limit": 50}, {"rooms": [{"room": _ROOM, "last_seq": 3, "unread": 1, "last_message": _MESSAGE}]}
)
INBOX_ACK: Final = Example({"inbox_seq": 12}, {})

_THREAD: Final = {"root_id": _OF_MESSAGE["message_id"], "replies": 1, "last_reply_at": "2026-11-02T08:20:00.000Z"}
_REPLY: Final[dict[str, Any]] = _MESSAGE | {
    "id": "msg_01KAFZ00000000000000004B",
    "seq": 4,
    "reply_to": _OF_MESSAGE["message_id"],
    "thread": _THREAD,
}
MESSAGE_STATUS: Final = Example(
    _OF_MESSAGE,
    {
        "stored_at": _MESSAGE["sent_at"],
        "delivered": [{"user_id": "usr_tess", "at": "2026-11-02T08:16:01.000Z"}],
        "read": [],
        "hidden": 0,
    },
)
ACKNOWLEDGE_MESSAGE: Final = Example(_OF_MESSAGE, {"ack": {"requested": True, "by": ["usr_ada"]}})
PIN_MESSAGE: Final = Example(_OF_MESSAGE, {"seq": 8})
LIST_PINS: Final = Example(_OF_ROOM, {"messages": [_MESSAGE | {"pinned": True}]})
THREAD: Final = Example(
    _OF_MESSAGE | {"limit": 50}, {"root": _MESSAGE | {"thread": _THREAD}, "replies": [_REPLY], "has_more": False}
)
GET_EDITS: Final = Example(
    _OF_MESSAGE,
    {
        "versions": [
            {"body": "See you on Thursday.", "at": _MESSAGE["sent_at"]},
            {"body": "See you on Friday.", "at": "2026-11-02T08:17:00.000Z"},
        ]
    },
)
GET_CHAT_PRIVACY: Final = Example({}, {"receipts": True, "typing": True})
SET_CHAT_PRIVACY: Final = Example({"receipts": False}, {"receipts": False, "typing": True})
_SCHEDULED: Final[dict[str, Any]] = {
    "scheduled_id": "sch_01KAFZ0000000000000000000A",
    **_OF_ROOM,
    "send_at": "2026-11-03T08:00:00.000Z",
    "state": "waiting",
}
_OF_SCHEDULED: Final = {"scheduled_id": _SCHEDULED["scheduled_id"]}
SCHEDULE_MESSAGE: Final = Example(
    _OF_ROOM | {"body": "See you today.", "send_at": _SCHEDULED["send_at"]}, {"scheduled": _SCHEDULED}
)
LIST_SCHEDULED: Final = Example({}, {"scheduled": [_SCHEDULED | {"body": "See you today."}]})
UPDATE_SCHEDULED: Final = Example(
    _OF_SCHEDULED | {"send_at": "2026-11-03T09:00:00.000Z"},
    {"scheduled": _SCHEDULED | {"send_at": "2026-11-03T09:00:00.000Z"}},
)
CANCEL_SCHEDULED: Final = Example(_OF_SCHEDULED, {"scheduled": _SCHEDULED | {"state": "cancelled"}})

USE_BLOCK: Final = Example(_OF_MESSAGE | {"block_id": "blk_1", "choose": [0]}, {"counts": [1, 0]})
BOOK_FROM_MESSAGE: Final = Example(
    _OF_MESSAGE | {"therapist_id": "usr_tess"},
    {
        "intent": "book",
        "slots": [{"start": "2026-11-06T09:00:00.000Z", "end": "2026-11-06T09:50:00.000Z", "remaining": 1}],
    },
)
