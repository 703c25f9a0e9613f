"""A calendar as it is stored in a snapshot."""

import msgspec

from actors.calendars.calendar.occupancy import TimeEntry
from actors.calendars.hours.schedule import Schedule


class CalendarState(msgspec.Struct, array_like=True):
    """A calendar as a snapshot of it."""

    schedule: Schedule | None
    entries: list[TimeEntry]
    waitlist: str
