"""What sockets hear of emergencies."""

from typing import Any, Final

from actors.emergencies.records import ShownEmergency
from serve_app.edge.server_events import Addressed, ServerEvent


class EmergencyTold(Addressed, frozen=True, kw_only=True):
    """An emergency as it is by now. What was said, and where, is read with `get_emergency`."""

    emergency: ShownEmergency


_TIME: Final = "2026-11-20T09:30:00.000Z"
EMERGENCY: Final[dict[str, Any]] = {
    "id": "emg_01KAFZ0000000000000000000A",
    "user_id": "usr_ada",
    "kind": "self_harm",
    "status": "raised",
    "rung": 0,
    "next_rung_at": "2026-11-20T09:31:00.000Z",
    "log": [{"at": _TIME, "what": "raised", "by": "usr_ada"}],
    "version": 1,
    "created_at": _TIME,
}
ACKNOWLEDGED: Final[dict[str, Any]] = {
    "id": EMERGENCY["id"],
    "user_id": "usr_ada",
    "kind": "self_harm",
    "status": "acknowledged",
    "rung": 0,
    "acknowledged_by": "usr_tess",
    "acknowledged_at": "2026-11-20T09:30:20.000Z",
    "log": [*EMERGENCY["log"], {"at": "2026-11-20T09:30:20.000Z", "what": "acknowledged", "by": "usr_tess"}],
    "version": 2,
    "created_at": _TIME,
}
_ADDRESSED: Final = {"event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 12}
EMERGENCY_EVENTS: Final = (
    ServerEvent(
        name="emergency_alert",
        payload=EmergencyTold,
        audience="everybody who is asked to come",
        description="Somebody needs help, and you are asked; or asked again, for nobody has accepted it.",
        example={"emergency": EMERGENCY, **_ADDRESSED},
    ),
    ServerEvent(
        name="emergency_updated",
        payload=EmergencyTold,
        audience="everybody who was asked, the person, and who raised it",
        description="An emergency has changed.",
        example={"emergency": ACKNOWLEDGED, **_ADDRESSED},
    ),
)
