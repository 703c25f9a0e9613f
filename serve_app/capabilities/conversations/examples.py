"""Examples of what is asked of conversations and answered, for the documents. Held against the types in tests."""

from typing import Any, Final

from serve_app.edge.operation import Example

OF_ROOM: Final = {"room_id": "room_01KAFZ0000000000000000000A"}
OF_CARE: Final = {"care_id": "care_01KAFZ0000000000000000000A"}
_POLICY: Final[dict[str, Any]] = {
    "screening": "signal",
    "monitored": False,
    "links": "allow",
    "images": "shown",
    "edit_history": "members",
    "edit_window_s": 0,
    "delete_window_s": 0,
    "receipts": "members",
    "max_first_messages": 0,
}
_HELD: Final = _POLICY | {
    "screening": "hold",
    "monitored": True,
    "links": "block",
    "images": "blurred",
    "max_first_messages": 3,
}
CONVERSATION: Final[dict[str, Any]] = {
    **OF_ROOM,
    "kind": "direct",
    "title": "",
    "open": False,
    "owner_id": "usr_tess",
    "created_at": "2026-11-02T08:15:00.000Z",
    "last_seq": 1,
    "state": "open",
    "policy": _POLICY,
    "policy_version": 1,
    "relation": "client_therapist",
    **OF_CARE,
}
REQUESTED: Final[dict[str, Any]] = {
    **OF_ROOM,
    "kind": "direct",
    "title": "",
    "open": False,
    "owner_id": "usr_ada",
    "created_at": "2026-11-02T08:15:00.000Z",
    "last_seq": 1,
    "state": "requested",
    "policy": _HELD,
    "policy_version": 1,
    "relation": "client_client",
}
COVER: Final[dict[str, Any]] = {
    "cover_id": "cov_01KAFZ0000000000000000000A",
    **OF_CARE,
    "therapist_id": "usr_eve",
    "from": "2026-12-01T08:00:00.000Z",
    "until": "2026-12-08T08:00:00.000Z",
    "history": "none",
    "state": "planned",
}
_UNTIL: Final = "2026-12-01T08:00:00.000Z"
_MEMBERS: Final = [{"user_id": "usr_ada", "role": "member"}, {"user_id": "usr_tess", "role": "owner"}]

CREATE: Final = Example({"relation": "client_therapist", "with": "usr_tess"}, {"room": CONVERSATION, "created": True})
RESPOND: Final = Example(
    OF_ROOM | {"accept": True, "accept_policy": 1}, {"room": REQUESTED | {"state": "open", "last_seq": 2}}
)
GET: Final = Example(OF_ROOM, {"room": CONVERSATION, "members": _MEMBERS, "cover": COVER})
LIST: Final = Example(
    {"relation": "client_therapist", "limit": 50},
    {"rooms": [{"room": CONVERSATION, "last_seq": 1, "unread": 0, "last_message": None}]},
)
PAUSE: Final = Example(OF_ROOM | {"until": _UNTIL}, {"room": CONVERSATION | {"state": "paused", "last_seq": 2}})
RESUME: Final = Example(OF_ROOM, {"room": CONVERSATION | {"last_seq": 3}})
CLOSE: Final = Example(OF_ROOM, {"room": CONVERSATION | {"state": "closed", "last_seq": 4}})
