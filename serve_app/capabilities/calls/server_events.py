"""What sockets hear of calls."""

from typing import Any, Final

from actors.calls.records import EndReason, ShownCall
from serve_app.edge.server_events import Addressed, ServerEvent


class CallNotification(Addressed, frozen=True, kw_only=True):
    """A call rings until `call.expires_at`."""

    call: ShownCall


class CallOver(Addressed, frozen=True, kw_only=True):
    """A call rings no more. The device that answered is `call.answered_by`."""

    call: ShownCall
    reason: EndReason


RINGING: Final[dict[str, Any]] = {
    "id": "call_01KAFZ0000000000000000000A",
    "caller_id": "usr_tess",
    "callee_id": "usr_ada",
    "media": "video",
    "status": "ringing",
    "started_at": "2026-11-20T09:30:00.000Z",
    "expires_at": "2026-11-20T09:30:45.000Z",
}
ANSWERED: Final[dict[str, Any]] = {
    **RINGING,
    "status": "answered",
    "answered_by": "phone",
    "ended_at": "2026-11-20T09:30:08.000Z",
}
_ADDRESSED: Final = {"event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 12}
CALL_EVENTS: Final = (
    ServerEvent(
        name="call_notification",
        payload=CallNotification,
        audience="every socket of who is called",
        description="Somebody calls.",
        example={"call": RINGING, **_ADDRESSED},
    ),
    ServerEvent(
        name="call_ended",
        payload=CallOver,
        audience="every socket of both sides",
        description="It rings no more.",
        example={"call": ANSWERED, "reason": "answered_elsewhere", **_ADDRESSED},
    ),
)
