"""Tokens of devices as the kernel sees them. The id is a hash: who reads it learns no token."""

from typing_extensions import override

from actors.kernel.contract.entity import Kind, Principal, Recorded
from actors.notifications.device.commands import DeviceCommand
from actors.notifications.device.entity import PushDevice
from actors.notifications.device.events import DeviceEvent
from common.errors import PermissionDenied


class DeviceKind(Kind[PushDevice, DeviceCommand, DeviceEvent]):
    """`device:<hash>`."""

    name = "device"
    commands = DeviceCommand
    events = DeviceEvent

    @override
    def create(self, key: str) -> PushDevice:
        return PushDevice()

    @override
    def snapshot(self, entity: PushDevice) -> bytes:
        return entity.owner.encode()

    @override
    def restore(self, key: str, state: bytes) -> PushDevice:
        return PushDevice(state.decode())

    @override
    def admit(self, entity: PushDevice, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a device.")

    @override
    def show(self, entity_id: str, recorded: Recorded[DeviceEvent], part: None) -> None:
        return None
