"""What a series answers."""

from actors.calendars.hours.answers import Answer
from actors.calendars.series.state import Definition


class SeriesRecord(Answer, frozen=True, kw_only=True):
    """What recurs, its bookings, and whether it goes on."""

    definition: Definition
    bookings: list[str]
    status: str
