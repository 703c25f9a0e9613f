"""What sockets hear of safety."""

from typing import Any, Final, Literal

import msgspec

from actors.moderation.records import Scope, Severity
from actors.moderation.showing import ShownReport
from common.persons import OtherId, UserId
from serve_app.edge.server_events import Addressed, Payload, ServerEvent

REPORT: Final[dict[str, Any]] = {
    "report_id": "rep_01KAFZ0000000000000000000A",
    "state": "received",
    "due_at": "2026-11-20T13:30:00.000Z",
    "created_at": "2026-11-20T09:30:00.000Z",
}
_CASE: Final = "case_01KAFZ0000000000000000000A"
_HELD: Final = "hld_01KAFZ0000000000000000000A"
_ADDRESSED: Final = {"event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 12}


class ReportUpdated(Addressed, frozen=True, kw_only=True):
    """A report of one's own has another state."""

    report: ShownReport


class CaseOverdue(Addressed, frozen=True, kw_only=True):
    """Nobody has looked at a case in time."""

    case_id: str
    severity: Severity


class SafetyAlert(Addressed, frozen=True, kw_only=True):
    """Somebody in one's care has written words of danger."""

    case_id: str
    user_id: UserId
    room_id: str
    severity: Severity


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Where to turn."""

    title: str
    contact: str


class CrisisSupport(Addressed, frozen=True, kw_only=True):
    """Where one can turn."""

    resources: list[Resource]


class OwnHeld(Payload, frozen=True, kw_only=True):
    """What one wrote."""

    id: str
    sender_id: UserId
    body: str
    sent_at: str
    client_id: OtherId | None = None


class MessageHeld(Addressed, frozen=True, kw_only=True):
    """A message of one's own waits for somebody to look at it."""

    held_id: str
    room_id: str
    message: OwnHeld


class MessageRejected(Addressed, frozen=True, kw_only=True):
    """A message of one's own goes nowhere."""

    held_id: str
    text: str


class RoomMonitored(Payload, frozen=True, kw_only=True):
    """A moderator reads the room, or has."""

    room_id: str
    at: str


class ModerationNotice(Addressed, frozen=True, kw_only=True):
    """What was decided about oneself. One may appeal."""

    action: Literal["warn", "delete_message", "remove_member", "close_conversation", "restrict", "lift"]
    case_id: str | None = None
    restriction_id: str | None = None
    scope: list[Scope] | None = None
    until: str | None = None
    text: str | None = None


SAFETY_EVENTS: Final = (
    ServerEvent(
        name="report_updated",
        payload=ReportUpdated,
        audience="whoever reported it",
        description="What became of a report: that somebody looks, and that it is closed; never what was done.",
        example={"report": REPORT, **_ADDRESSED},
    ),
    ServerEvent(
        name="case_overdue",
        payload=CaseOverdue,
        audience="moderators and administrators",
        description="Nobody has looked at a case in time.",
        example={"case_id": _CASE, "severity": "high", **_ADDRESSED},
    ),
    ServerEvent(
        name="safety_alert",
        payload=SafetyAlert,
        audience="the care team of who wrote it",
        description="Words of danger: look at the case, and speak with the person.",
        example={"case_id": _CASE, "user_id": "usr_ada", "room_id": "room_1", "severity": "high", **_ADDRESSED},
    ),
    ServerEvent(
        name="crisis_support",
        payload=CrisisSupport,
        audience="who wrote words of danger",
        description="Where they can turn at once.",
        example={"resources": [{"title": "Emergency number", "contact": "112"}], **_ADDRESSED},
    ),
    ServerEvent(
        name="message_held",
        payload=MessageHeld,
        audience="its sender",
        description="A message goes to nobody until somebody has looked at it.",
        example={
            "held_id": _HELD,
            "room_id": "room_1",
            "message": {
                "id": _HELD,
                "sender_id": "usr_ada",
                "body": "Write me at ada@example.org",
                "sent_at": "2026-11-20T09:30:00.000Z",
            },
            **_ADDRESSED,
        },
    ),
    ServerEvent(
        name="message_rejected",
        payload=MessageRejected,
        audience="its sender",
        description="A message that was held goes nowhere.",
        example={"held_id": _HELD, "text": "Please keep addresses to yourselves.", **_ADDRESSED},
    ),
    ServerEvent(
        name="room_monitored",
        payload=RoomMonitored,
        audience="every socket that has joined the room",
        description="A moderator has read the room, as its members agreed to; or does now.",
        example={"room_id": "room_1", "at": "2026-11-20T09:30:00.000Z"},
    ),
    ServerEvent(
        name="moderation_notice",
        payload=ModerationNotice,
        audience="whom it is about",
        description="What was decided about somebody.",
        example={"action": "warn", "case_id": _CASE, "text": "Please be kind.", **_ADDRESSED},
    ),
)
