"""Where somebody's clocks are: what they chose for their notifications, else the zone of their therapist's calendar."""

from actors.calendars.calendar.commands import GetCalendar
from actors.calendars.contract.ports import calendar_of
from actors.kernel.contract.entity import SYSTEM, as_themselves
from actors.kernel.contract.ports import EntityClient
from actors.notifications.notifier.commands import GetPreferences
from actors.worksheets.assignment.commands import WantedDue
from common.errors import NotFound
from common.timeline import zone_of
from serve_app.capabilities.worksheets.work_requests import DueRequest

CLIENT = "client"
_NOWHERE = "UTC"


class Zones:
    """One a process."""

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    async def of(self, client: str, therapist: str) -> str:
        """The zone of a client."""
        chosen = await self._entities.ask(f"notifier:{client}", GetPreferences(), by=as_themselves(client))
        if chosen.version or chosen.tz != _NOWHERE:
            return chosen.tz
        try:
            return (await self._entities.ask(calendar_of(therapist), GetCalendar(), by=SYSTEM)).tz
        except NotFound:
            return _NOWHERE

    async def wanted(self, due: DueRequest, client: str, therapist: str) -> WantedDue:
        """A due time with the zone that it is in. Raises InvalidArgument: there is no such zone."""
        if due.tz == CLIENT:
            zone = await self.of(client, therapist)
        else:
            zone_of(due.tz)
            zone = due.tz
        return WantedDue(date=due.date, time=due.time, asked=due.tz, zone=zone)
