"""One person's open emergency: a second cry joins it instead of beginning another.

`distress:<user>`. A claim is made before the emergency is raised; if the claimant dies in between, whoever comes next
is told the same id and raises it. It learns by letter when one is over; whoever knows it sooner claims its place.
"""

from dataclasses import dataclass
from typing import assert_never

from actors.emergencies.person.commands import (
    ClaimEmergency,
    CryForHelp,
    CurrentEmergency,
    DistressCommand,
    EmergencyOver,
)
from actors.emergencies.person.events import Cried, DistressEvent, EmergencyClaimed, Ended
from actors.kernel.contract.entity import Context, Decision
from common.errors import InvalidArgument, PermissionDenied
from common.ids import is_id


@dataclass(slots=True)
class Distress:
    """`current` is "" while none is open."""

    user: str
    current: str = ""

    def decide(self, command: DistressCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is not Carewire itself that asks.
            InvalidArgument: this is no id.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        if not is_id(command.emergency):
            raise InvalidArgument("An emergency has an id.")
        match command:
            case ClaimEmergency():
                return self._claim(command)
            case EmergencyOver():
                return Decision(events=[Ended()] if command.emergency == self.current else [])
            case CryForHelp():
                emergency = self.current or command.emergency
                cried = Cried(author=self.user, secret=command.secret, emergency=emergency, kind=command.kind)
                return Decision(events=[cried])
        assert_never(command)

    def apply(self, event: DistressEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.current = "" if isinstance(event, Ended) else event.emergency

    def _claim(self, command: ClaimEmergency) -> Decision:
        if self.current not in ("", command.after):
            return Decision(CurrentEmergency(emergency=self.current))
        claimed = CurrentEmergency(emergency=command.emergency)
        return Decision(claimed, events=[EmergencyClaimed(emergency=command.emergency)])
