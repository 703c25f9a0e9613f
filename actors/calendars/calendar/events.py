"""Events of a calendar."""

from actors.calendars.calendar.reservations import OutcomeQueried, ReservationConfirmed, TimeReleased, TimeReserved
from actors.calendars.hours.schedule import Schedule
from actors.kernel.contract.entity import Event


class Configured(Event, frozen=True, kw_only=True, tag="configured"):
    """The calendar has this schedule from now on. `dropped` are services that it offered before."""

    schedule: Schedule
    dropped: tuple[str, ...] = ()


class BusyTimeImported(Event, frozen=True, kw_only=True, tag="imported"):
    """Busy time from elsewhere, instead of what this source brought before."""

    source: str
    spans: tuple[tuple[int, int], ...]


class NotifyWhenFreeSet(Event, frozen=True, kw_only=True, tag="attended"):
    """A note: a waitlist wants to hear of time that comes free; "" for nobody."""

    waitlist: str


class ReservationRefused(Event, frozen=True, kw_only=True, tag="unreserved"):
    """A reservation for the waitlist was refused. An event, so that the letter has an id of its own."""

    key: str
    owner: str


CalendarEvent = (
    Configured
    | BusyTimeImported
    | NotifyWhenFreeSet
    | ReservationRefused
    | TimeReserved
    | ReservationConfirmed
    | TimeReleased
    | OutcomeQueried
)
