"""Commands of a series."""

from typing import Literal

from actors.calendars.booking.keyed import AssignId
from actors.calendars.series.answers import SeriesRecord
from actors.calendars.series.state import Definition
from actors.kernel.contract.entity import Command
from common.persons import NothingToTell


class BeginSeries(Command[NothingToTell], frozen=True, tag="begin"):
    """Decide that these bookings are made. `held`: they are holds, to be confirmed now; or, with a `first` that has to
    be paid, once it is."""

    definition: Definition
    bookings: tuple[str, ...]
    held: bool = False
    first: str = ""


class ExtendSeries(Command[NothingToTell], frozen=True, tag="extend"):
    """More bookings of the series, made one by one, instead of those that a pause has cancelled."""

    bookings: tuple[str, ...]
    instead: tuple[str, ...] = ()


class SetStatus(Command[NothingToTell], frozen=True, tag="turn"):
    """Pause the series, let it go on, or end it. Its bookings are cancelled or made by whoever asks."""

    status: Literal["active", "paused", "ended"]


class QuerySeriesOutcome(Command[NothingToTell], frozen=True, tag="vouch"):
    """From a booking whose hold lapses: does the series need it?"""

    booking: str


class FirstTold(Command[NothingToTell], frozen=True, tag="first"):
    """A letter of its first booking, which has to be paid: it was, or it is gone."""

    booking: str
    paid: bool


class GetSeries(Command[SeriesRecord], frozen=True, tag="look"):
    """The series, for its client and for staff."""


SeriesCommand = BeginSeries | ExtendSeries | SetStatus | QuerySeriesOutcome | FirstTold | GetSeries | AssignId
