"""What is asked of search, and answered."""

from typing import Any, Final

from serve_app.edge.operation import Example

_TIME: Final = "2026-11-20T09:30:00.000Z"
_MESSAGE_ID: Final = "msg_01KAFZ00000000000000A00000"
_HIT: Final[dict[str, Any]] = {
    "type": "messages",
    "id": _MESSAGE_ID,
    "title": "",
    "snippet": "The garden was quiet.",
    "highlights": [{"field": "snippet", "start": 4, "end": 10}],
    "at": _TIME,
    "room_id": "room_1",
    "seq": 8,
    "user_id": "usr_bob",
    "link": f"/rooms/room_1?message={_MESSAGE_ID}",
}
_PAGE: Final[dict[str, Any]] = {
    "hits": [_HIT],
    "total": {"value": 1, "exact": True},
    "corrected": [{"from": "gardn", "to": "garden"}],
    "took_ms": 9,
    "index": {"engine": "tantivy", "lag_ms": 0},
}
_JOB: Final[dict[str, Any]] = {
    "job_id": "job_01KAFZ0000000000000000000A",
    "kind": "search_reindex",
    "state": "running",
    "dry_run": False,
    "done": 0,
    "started_at": _TIME,
}
SEARCH: Final = Example(
    {"q": "gardn", "type": "messages", "facets": "room_id"},
    {
        **_PAGE,
        "facets": {"room_id": [{"value": "room_1", "count": 1}]},
    },
)
IN_ROOM: Final = Example({"room_id": "room_1", "q": "gardn"}, _PAGE)
SUGGEST: Final = Example(
    {"q": "mi", "type": "clients"},
    {"suggestions": [{"type": "people", "id": "usr_mia", "title": "Mia Miller", "user_id": "usr_mia"}]},
)
STATUS: Final = Example(
    {},
    {
        "engine": "tantivy",
        "index": "tantivy-3",
        "generation": 3,
        "key_id": "k0123456789ab",
        "documents": 91000,
        "lag_ms": 0,
        "drift": {"missing": 0, "stale": 0, "extra": 0, "checked_at": _TIME},
        "reindex": {"state": "running", "done": 4200, "total": 91000},
    },
)
REINDEX: Final = Example({}, {"job": _JOB})
CHECK: Final = Example({"repair": True}, {"job": {**_JOB, "kind": "search_check"}})
ROTATE: Final = Example({}, {"job": {**_JOB, "kind": "search_rotate"}})
