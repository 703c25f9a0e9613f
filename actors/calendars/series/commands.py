"""What a series is asked."""

from typing import Literal

import msgspec

from actors.calendars.booking.keyed import AssignId
from actors.calendars.series.state import Definition


class BeginSeries(msgspec.Struct, frozen=True, tag="begin"):
    """Decide that these bookings are made. `held`: they are holds, to be confirmed now."""

    definition: Definition
    bookings: tuple[str, ...]
    held: bool = False


class ExtendSeries(msgspec.Struct, frozen=True, tag="extend"):
    """More bookings of the series, made one by one, instead of those that a pause has cancelled."""

    bookings: tuple[str, ...]
    instead: tuple[str, ...] = ()


class SetStatus(msgspec.Struct, frozen=True, tag="turn"):
    """Pause the series, let it go on, or end it. Its bookings are cancelled or made by whoever asks."""

    status: Literal["active", "paused", "ended"]


class QuerySeriesOutcome(msgspec.Struct, frozen=True, tag="vouch"):
    """From a booking whose hold lapses: does the series need it?"""

    booking: str


class GetSeries(msgspec.Struct, frozen=True, tag="look"):
    """The series, for its client and for staff."""


SeriesCommand = BeginSeries | ExtendSeries | SetStatus | QuerySeriesOutcome | GetSeries | AssignId
