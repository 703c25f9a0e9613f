"""Answers of a series."""

from actors.calendars.hours.answers import Answer
from actors.calendars.series.state import Definition


class SeriesRecord(Answer, frozen=True, kw_only=True):
    """The definition of a series, its bookings, and whether it continues."""

    definition: Definition
    bookings: list[str]
    status: str
