"""What is asked about what is kept, and answered: examples of every operation."""

from typing import Any, Final

from serve_app.edge.operation import Example

_TIME: Final = "2026-11-20T09:30:00.000Z"
_ROOM: Final = "room_01KAFZ0000000000000000000"
_OF_HOLD: Final = {"hold_id": "lgh_01KAFZ0000000000000000000A"}
_HOLD: Final[dict[str, Any]] = {
    **_OF_HOLD,
    "state": "active",
    "room_id": _ROOM,
    "placed_by": "usr_root",
    "placed_at": _TIME,
}
_SET: Final[dict[str, Any]] = {
    "default": {"days": None, "keep_pinned": False},
    "relations": {"client_client": {"days": 90, "keep_pinned": True}},
    "rooms": {},
    "version": 1,
}
_JOB: Final[dict[str, Any]] = {
    "job_id": "job_01KAFZ0000000000000000000A",
    "kind": "retention",
    "state": "running",
    "dry_run": True,
    "done": 0,
    "started_at": _TIME,
}
_REASON: Final = "Order of a court, file 12/26."
_RELEASED: Final = {"state": "released", "released_by": "usr_ada", "released_at": _TIME}

GET: Final = Example({}, _SET)
SET: Final = Example({"relation": "client_client", "days": 90, "keep_pinned": True}, _SET)
RUN: Final = Example({"dry_run": True}, {"job": _JOB})
PLACE: Final = Example({"room_id": _ROOM, "reason": _REASON}, {"hold": _HOLD})
RELEASE: Final = Example({**_OF_HOLD, "reason": "The matter is closed."}, {"hold": _HOLD | _RELEASED})
LIST: Final = Example({"state": "active"}, {"holds": [_HOLD]})
EXPORT: Final = Example(
    _OF_HOLD,
    {
        "hold": _HOLD,
        "messages": [
            {
                "room_id": _ROOM,
                "message_id": "msg_01KAFZ00000000000000A00000",
                "seq": 7,
                "sender_id": "usr_bob",
                "body": "...",
                "sent_at": _TIME,
                "kept_at": _TIME,
                "versions": [],
            }
        ],
    },
)
