"""Events of a series."""

from typing import Literal

from actors.calendars.booking.keyed import IdAssigned
from actors.calendars.series.state import Definition
from actors.kernel.contract.entity import Event


class SeriesBegun(Event, frozen=True, kw_only=True, tag="begun"):
    """The bookings are made."""

    definition: Definition
    bookings: tuple[str, ...]
    held: bool = False
    staff: bool = False
    first: str = ""


class FirstDecided(Event, frozen=True, kw_only=True, tag="first"):
    """Its first booking was paid, so `others` are confirmed; or it is gone, and they with it."""

    booking: str
    paid: bool
    others: tuple[str, ...] = ()
    staff: bool = False


class SeriesExtended(Event, frozen=True, kw_only=True, tag="extended"):
    """More bookings, instead of others."""

    bookings: tuple[str, ...]
    instead: tuple[str, ...] = ()


class StatusSet(Event, frozen=True, kw_only=True, tag="turned"):
    """Paused, going on, or over."""

    status: Literal["active", "paused", "ended"]


class SeriesOutcomeDecided(Event, frozen=True, kw_only=True, tag="vouched"):
    """A booking got its answer. Without `needed` it can never be part of the series."""

    booking: str
    needed: bool
    staff: bool = False


SeriesEvent = SeriesBegun | FirstDecided | SeriesExtended | StatusSet | SeriesOutcomeDecided | IdAssigned
