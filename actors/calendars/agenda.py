"""A client's agenda: one person cannot be in two places, whichever calendars the bookings are of."""

from typing import Any

from actors.calendars import holding
from actors.calendars.calendar import entry_of, plan_of
from actors.calendars.commands import Busy, Take
from actors.calendars.holding import Ask, Asked, Held, Released, Settle, Settled
from actors.calendars.occupancy import Occupancy
from actors.calendars.planner import collisions
from actors.calendars.reasons import conflict, reasons
from actors.kernel.entity import Context, Decision
from config.errors import InvalidArgument, PermissionDenied

AgendaEvent = Held | Settled | Released | Asked


class Agenda:
    """State: what time of the client is taken."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.occupancy = Occupancy()

    def decide(self, command: Any, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            Conflict: the client has another booking at that time.
            PermissionDenied: it is not Carewire itself that asks.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself looks into an agenda.")
        match command:
            case Take():
                if any(code == "taken" for code in collisions(self.occupancy, plan_of(command), command.booking)):
                    raise conflict(reasons(["client_busy"]), [])
                return holding.hold(entry_of(command), context, (), {})
            case Busy():
                near = {one.key: one for one in self.occupancy.near(command.start, command.end)}
                return Decision({"entries": sorted(near.values(), key=lambda one: one.start)})
            case Settle():
                return holding.settle(self.occupancy, command, context)
            case Ask():
                return holding.ask(self.occupancy, command, context)
        raise InvalidArgument("An agenda does not know that.")

    def apply(self, event: AgendaEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        holding.apply(self.occupancy, event)
