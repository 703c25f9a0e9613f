"""What sockets hear of keys."""

from typing import Any, Final

from actors.devicekeys.records import ToDevice
from common.persons import UserId
from serve_app.edge.server_events import Addressed, ServerEvent


class DevicesChanged(Addressed, frozen=True, kw_only=True):
    """Somebody with whom one shares an encrypted room has other devices now."""

    user_id: UserId


TO_DEVICE: Final[dict[str, Any]] = {
    "message_id": "tdm_01KAFZ0000000000000000000A",
    "device_id": "phone",
    "from": {"user_id": "usr_tess", "device_id": "desk"},
    "type": "olm.v1",
    "body": {"ciphertext": "AwogLpQ8"},
}
E2EE_EVENTS: Final = (
    ServerEvent(
        name="to_device",
        payload=ToDevice,
        audience="the sockets of its person, again until it is acknowledged",
        description="A message for one device. Acknowledge it with `ack_to_device`.",
        example=TO_DEVICE,
    ),
    ServerEvent(
        name="devices_changed",
        payload=DevicesChanged,
        audience="whoever shares an encrypted room with them",
        description="Somebody has a device more, or less: get their keys anew.",
        example={"user_id": "usr_ada", "event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 12},
    ),
)
