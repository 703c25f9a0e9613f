"""Calendars, for those who serve clients: how one is set up, what it offers, and what it takes in from outside."""

from actors.calendars.calendar.answers import ImportAnswer
from actors.calendars.calendar.commands import (
    ConfigureCalendar,
    GetCalendar,
    GetFreeTimes,
    GetOpenTime,
    ImportBusyTime,
)
from actors.calendars.contract.ports import calendar_of
from actors.calendars.contract.queries import AvailabilityQuery
from actors.calendars.contract.replies import FreeTimesReply
from actors.calendars.hours.roles import require_staff
from actors.calendars.hours.schedule import Schedule
from actors.calendars.hours.versions import ANY, Versions
from actors.calendars.services.times.availability import availability, free_times
from actors.calendars.services.times.probing import refusing
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from common.errors import PermissionDenied


class Calendars:
    """One a process. `region` reaches the shards."""

    def __init__(self, region: EntityClient) -> None:
        self._region = region

    async def configure(
        self, calendar: str, schedule: Schedule, *, by: Principal, trace: str = "", versions: Versions = ANY
    ) -> Reply:
        """Set a calendar up.

        Raises:
            PermissionDenied: the caller does not run it, or a service names what is no room or device shared with it.
            FailedPrecondition: `versions` is of another state of it.
        """
        require_staff(by, calendar)
        await self._require_sharing(calendar, schedule)
        return await self._region.submit(
            calendar_of(calendar), ConfigureCalendar(schedule, versions), by=by, trace=trace
        )

    async def get(self, calendar: str, *, by: Principal, trace: str = "") -> Reply:
        """The set-up of a calendar."""
        return await self._region.submit(calendar_of(calendar), GetCalendar(), by=by, trace=trace)

    async def schedule(self, calendar: str, *, by: Principal) -> Schedule:
        """The same as data. Raises NotFound: the calendar has not been set up."""
        return (await self._region.ask(calendar_of(calendar), GetCalendar(), by=by)).schedule()

    async def bring_in(
        self, calendar: str, source: str, spans: list[tuple[int, int]], *, by: Principal
    ) -> ImportAnswer:
        """Busy time of an external calendar, instead of what `source` brought before."""
        return await self._region.ask(calendar_of(calendar), ImportBusyTime(source, tuple(spans)), by=by)

    async def availability(
        self, calendar: str, command: GetFreeTimes, *, by: Principal, listen: bool = False, trace: str = ""
    ) -> tuple[FreeTimesReply, int]:
        """The contract's answer, and the version of the calendar that it shows."""
        return await availability(self._region, calendar, command, by=by, listen=listen, trace=trace)

    async def free_times(
        self, calendar: str, query: AvailabilityQuery, *, by: Principal, trace: str = ""
    ) -> FreeTimesReply:
        """Free times as a client asks for them, in the zone that they ask for."""
        return await free_times(self._region, calendar, query, by=by, trace=trace)

    async def open_ms(self, calendar: str, start: int, end: int, *, by: Principal) -> int:
        """The time within [start, end) that the calendar offers, in ms."""
        return (await self._region.ask(calendar_of(calendar), GetOpenTime(start, end), by=by)).open_ms

    async def _require_sharing(self, calendar: str, schedule: Schedule) -> None:
        named = sorted({name for service in schedule.services for name in service.resources} - {calendar})
        if denied := await refusing(self._region, calendar, named):
            raise PermissionDenied(
                "services.resources name calendars that are no room or device, or are not shared with this one.",
                details={"field": "services.resources", "resources": denied},
            )
