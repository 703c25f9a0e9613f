"""What a notifier answers about devices, as JSON, in the members of the public contract."""

import msgspec
from msgspec import UNSET, UnsetType

from actors.notifications.notifier.events import DeviceKept
from common.clock import to_rfc3339


class WireDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that is pushed to."""

    device_id: str
    platform: str
    registered_at: str
    last_success_at: str | None
    state: str
    gone_reason: str | UnsetType = UNSET


class DeviceAnswer(msgspec.Struct, frozen=True):
    """One device."""

    device: WireDevice


class DevicesAnswer(msgspec.Struct, frozen=True):
    """All of them."""

    devices: list[WireDevice]


class DeviceSession(msgspec.Struct, frozen=True):
    """In which session a device registered, and when (ms)."""

    session: str
    since_ms: int


class DeviceSessions(msgspec.Struct, frozen=True):
    """Of each device that is not gone, by its id."""

    devices: dict[str, DeviceSession]


class ReceiptsTaken(msgspec.Struct, frozen=True):
    """How many receipts were taken."""

    recorded: int


def wire_device(device: DeviceKept) -> WireDevice:
    """As clients see it."""
    return WireDevice(
        device_id=device.id,
        platform=device.platform,
        registered_at=to_rfc3339(device.at_ms),
        last_success_at=to_rfc3339(device.success_ms) if device.success_ms else None,
        state=device.state,
        gone_reason=device.gone_reason or UNSET,
    )
