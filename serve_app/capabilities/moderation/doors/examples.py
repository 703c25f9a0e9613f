"""What is asked about safety, and answered: examples of every operation."""

from typing import Any, Final

from serve_app.capabilities.moderation.server_events import REPORT
from serve_app.edge.operation import Example

_TIME: Final = "2026-11-20T09:30:00.000Z"
CASE_ID: Final = "case_01KAFZ0000000000000000000A"
HELD_ID: Final = "hld_01KAFZ0000000000000000000A"
RESTRICTION_ID: Final = "rst_01KAFZ0000000000000000000A"
_MESSAGE: Final = "msg_01KAFZ00000000000000A00000"
_CASE: Final[dict[str, Any]] = {
    "case_id": CASE_ID,
    "kind": "report",
    "severity": "normal",
    "state": "open",
    "subject_id": "usr_bob",
    "due_at": "2026-11-21T09:30:00.000Z",
    "overdue": False,
    "version": 1,
    "created_at": _TIME,
    "room_id": "room_1",
    "reporter": "hidden",
    "reasons": ["harassment"],
}
_OPENED: Final[dict[str, Any]] = {
    **_CASE,
    "evidence": [
        {
            "message": {"id": _MESSAGE, "sender_id": "usr_bob", "body": "...", "sent_at": _TIME, "seq": 7},
            "versions": [],
            "context": [],
            "captured_at": _TIME,
            "hash": "4be1",
        }
    ],
    "chain": [{"at": _TIME, "what": "reported", "hash": "9f2c", "details": "harassment"}],
}
_HELD: Final[dict[str, Any]] = {
    "held_id": HELD_ID,
    "room_id": "room_1",
    "sender_id": "usr_ada",
    "matched": ["email"],
    "state": "held",
    "created_at": _TIME,
    "case_id": CASE_ID,
    "message": {"id": HELD_ID, "sender_id": "usr_ada", "body": "Write me at ada@example.org", "sent_at": _TIME},
}
_RESTRICTION: Final[dict[str, Any]] = {
    "restriction_id": RESTRICTION_ID,
    "user_id": "usr_bob",
    "scope": ["message"],
    "created_at": _TIME,
    "case_id": CASE_ID,
}
_BLOCKED: Final = {"blocked": [{"user_id": "usr_bob", "since": _TIME}]}
_OF_CASE: Final = {"case_id": CASE_ID}
_POLICY: Final[dict[str, Any]] = {"version": 1, "words": ["blue lagoon"], "actions": {"link": {"room": "let"}}}

REPORT_MESSAGE: Final = Example(
    {"room_id": "room_1", "message_id": _MESSAGE, "reason": "harassment", "context": 2}, {"report": REPORT}
)
REPORT_USER: Final = Example({"user_id": "usr_bob", "reason": "spam"}, {"report": REPORT})
LIST_REPORTS: Final = Example({}, {"reports": [REPORT]})
GET_REPORT: Final = Example({"report_id": REPORT["report_id"]}, {"report": REPORT})
BLOCK: Final = Example({"user_id": "usr_bob"}, _BLOCKED)
UNBLOCK: Final = Example({"user_id": "usr_bob"}, {"blocked": []})
LIST_BLOCKS: Final = Example({}, _BLOCKED)
APPEAL: Final = Example(
    {"held_id": HELD_ID, "text": "It is my own practice."},
    {"appeal": {"appeal_id": "apl_01KAFZ0000000000000000000A", "state": "open"}},
)
LIST_CASES: Final = Example({"state": "open"}, {"cases": [_CASE]})
GET_CASE: Final = Example({**_OF_CASE, "why": "It was reported today."}, {"case": _OPENED})
ASSIGN: Final = Example(_OF_CASE, {"case": {**_CASE, "state": "assigned", "assignee": "usr_mia", "version": 2}})
NOTE: Final = Example({**_OF_CASE, "text": "Spoke with both."}, {"case": {**_CASE, "version": 2}})
ACT: Final = Example({**_OF_CASE, "action": "warn", "text": "Please be kind."}, {"case": {**_CASE, "version": 2}})
CLOSE: Final = Example(
    {**_OF_CASE, "outcome": "action_taken", "text": "Warned."},
    {"case": {**_CASE, "state": "closed", "outcome": "action_taken", "version": 3}},
)
CONFIRM: Final = Example(_OF_CASE, {"case": {**_CASE, "state": "closed", "outcome": "action_taken", "version": 4}})
REOPEN: Final = Example({**_OF_CASE, "text": "It goes on."}, {"case": {**_CASE, "version": 5}})
LIST_HELD: Final = Example({"state": "held"}, {"held": [_HELD]})
RELEASE: Final = Example({"held_id": HELD_ID}, {"held": {**_HELD, "state": "released"}})
REJECT: Final = Example(
    {"held_id": HELD_ID, "text": "Please keep addresses to yourselves."}, {"held": {**_HELD, "state": "rejected"}}
)
RESTRICT: Final = Example(
    {"user_id": "usr_bob", "scope": ["message"], "case_id": CASE_ID, "text": "For a week."},
    {"restriction": _RESTRICTION},
)
LIFT: Final = Example({"restriction_id": RESTRICTION_ID}, {"restriction": {**_RESTRICTION, "lifted": True}})
GET_POLICY: Final = Example({}, _POLICY)
SET_POLICY: Final = Example({"words": ["blue lagoon"], "actions": {"link": {"room": "let"}}}, _POLICY)
MONITOR: Final = Example(
    {"room_id": "room_1", "case_id": CASE_ID, "reason": "Both have reported each other.", "minutes": 30},
    {"room_id": "room_1", "until": "2026-11-20T10:00:00.000Z"},
)
