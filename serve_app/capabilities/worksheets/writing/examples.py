"""What clients may send about a document, and what they get."""

from typing import Any, Final

from serve_app.capabilities.worksheets.examples import ASSIGNMENT as GIVEN
from serve_app.edge.operation import Example

ASSIGNMENT: Final = "asg_01KAFZ0000000000000000000A"
_AT: Final = "2026-11-20T09:30:00.000Z"
JOIN: Final = Example(
    {"assignment_id": ASSIGNMENT, "state_vector": "AA=="},
    {
        "assignment": {**GIVEN, "assignment_id": ASSIGNMENT, "status": "in_progress", "seq": 12},
        "attempt": 1,
        "seq": 12,
        "writable": ["mood", "story"],
        "sync": "AAA=",
        "state_vector": "AA==",
    },
)
LEAVE: Final = Example({"assignment_id": ASSIGNMENT}, {})
SYNC: Final = Example({"assignment_id": ASSIGNMENT, "attempt": 1, "message": "AAICAAA="}, {"seq": 13, "saved_at": _AT})
_ANSWERS: Final[dict[str, Any]] = {"mood": 4, "story": "It went well."}
GET_DRAFT: Final = Example(
    {"assignment_id": ASSIGNMENT},
    {
        "attempt": 1,
        "answers": _ANSWERS,
        "rows": {"diary.a1": 0},
        "notes": {},
        "seq": 13,
        "saved_at": _AT,
        "writable": ["mood", "story"],
    },
)
SAVE_DRAFT: Final = Example(
    {"assignment_id": ASSIGNMENT, "answers": _ANSWERS, "base": 13, "attempt": 1, "client_id": "save-7"},
    {"seq": 14, "saved_at": _AT, "attempt": 1, "merged": []},
)
