"""A client's agenda: one person cannot be in two places, whichever calendars the bookings are of."""

from typing import Final, assert_never

from actors.calendars.agenda.commands import AgendaCommand
from actors.calendars.agenda.events import AgendaEvent
from actors.calendars.calendar import reservations
from actors.calendars.calendar.answers import ProbeAnswer
from actors.calendars.calendar.commands import Probe, TryTake
from actors.calendars.calendar.occupancy import Occupancy
from actors.calendars.calendar.plans import collisions, entry_of, plan_of
from actors.calendars.calendar.reservations import ConfirmOrCancel, ResolveInDoubt
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.reasons import Reason, conflict, reasons
from actors.calendars.hours.roles import require_system
from actors.kernel.contract.entity import Context, Decision
from common.errors import FailedPrecondition

MOST_HOLDS: Final = 5
"""Of one client at a time: or one person could hold every free time of a practice."""


class Agenda:
    """State: what time of the client is taken."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.occupancy = Occupancy()

    def decide(self, command: AgendaCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            Conflict: the client has another booking at that time.
            FailedPrecondition: the client holds too many times already.
            PermissionDenied: it is not Carewire itself that asks.
        """
        require_system(context.by)
        match command:
            case TryTake():
                if why := self._against(command):
                    raise conflict(why, [])
                self._require_few_holds(command)
                return reservations.reserve(entry_of(command, plan_of(command)), context, (), NOTHING)
            case Probe():
                return Decision(ProbeAnswer(results=[self._against(take) for take in command.takes]))
            case ConfirmOrCancel():
                return reservations.confirm_or_cancel(self.occupancy, command, context)
            case ResolveInDoubt():
                return reservations.resolve_in_doubt(self.occupancy, command, context)
            case _:
                assert_never(command)

    def apply(self, event: AgendaEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        reservations.apply(self.occupancy, event, at_ms)

    def _against(self, command: TryTake) -> list[Reason]:
        found = collisions(self.occupancy, plan_of(command), command.booking)
        return reasons(["client_busy"] if "taken" in found else [])

    def _require_few_holds(self, command: TryTake) -> None:
        held = {entry.booking for entry in self.occupancy.entries.values() if entry.hold} - {command.booking}
        if command.hold and len(held) >= MOST_HOLDS:
            raise FailedPrecondition(
                f"At most {MOST_HOLDS} times can be held at once. Confirm one, or give it back.",
                details={"held": sorted(held)},
            )
