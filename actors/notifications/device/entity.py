"""Whose a token is: one person's at a time."""

from dataclasses import dataclass

from actors.kernel.contract.entity import Context, Decision
from actors.notifications.device.commands import DeviceCommand, Owner
from actors.notifications.device.events import DeviceEvent
from common.errors import PermissionDenied


@dataclass(slots=True)
class PushDevice:
    """`owner` "": nobody has registered it."""

    owner: str = ""

    def decide(self, command: DeviceCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`. Raises PermissionDenied: it is not Carewire itself that asks."""
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        if command.user == self.owner:
            return Decision(Owner(self.owner))
        event = DeviceEvent(user=command.user, former=self.owner)
        return Decision(Owner(command.user, self.owner), events=[event])

    def apply(self, event: DeviceEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.owner = event.user
