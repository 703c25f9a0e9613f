"""Commands of a calendar and of an agenda, as they travel from region to shard."""

from typing import Final

from actors.calendars.calendar.answers import (
    BookingPlan,
    CalendarReply,
    CheckAnswer,
    FreeSlots,
    ImportAnswer,
    OpenTime,
    ProbeAnswer,
)
from actors.calendars.calendar.reservations import ConfirmOrCancel, ResolveInDoubt
from actors.calendars.hours.schedule import Schedule
from actors.calendars.hours.versions import ANY, Versions
from actors.kernel.contract.entity import Command
from common.persons import NothingToTell


class ConfigureCalendar(Command[CalendarReply], frozen=True, tag="configure"):
    """Set the calendar up, or anew. Staff only."""

    schedule: Schedule
    versions: Versions = ANY


class GetCalendar(Command[CalendarReply], frozen=True, tag="show"):
    """Ask for the set-up of the calendar."""


class GetFreeTimes(Command[FreeSlots], frozen=True, kw_only=True, tag="availability"):
    """Free times in [start, end). With `explain`, also why the others are not."""

    start: int
    end: int
    service: str | None = None
    duration: int | None = None
    client: str = ""
    explain: bool = False


class GetOpenTime(Command[OpenTime], frozen=True, tag="open_time"):
    """Ask how much of [start, end) is offered, in ms. For analytics."""

    start: int
    end: int


class Check(Command[CheckAnswer], frozen=True, kw_only=True, tag="check"):
    """Could these times be booked? Nothing is taken. `booking` is the one that would move."""

    starts: tuple[int, ...]
    service: str | None = None
    duration: int | None = None
    client: str = ""
    booking: str = ""
    overriding: bool = False
    alternatives: int = 0


class TryBook(Command[BookingPlan], frozen=True, kw_only=True, tag="book"):
    """Take a time of this calendar by its own rules, tentatively. Refused with all reasons, and alternatives."""

    key: str
    booking: str
    owner: str
    start: int
    service: str | None = None
    duration: int | None = None
    client: str = ""
    overriding: bool = False
    alternatives: int = 5


class TryTake(Command[NothingToTell], frozen=True, kw_only=True, tag="take"):
    """Take a time of a resource or of an agenda for a plan that another calendar made, tentatively. `calendar` is that
    other one: the resource decides whether it serves it."""

    key: str
    booking: str
    owner: str
    start: int
    end: int
    before: int = 0
    after: int = 0
    session: str = ""
    capacity: int = 1
    service: str = ""
    client: str = ""
    overriding: bool = False
    hold: bool = False  # of a hold that counts against its client's
    calendar: str = ""


class Probe(Command[ProbeAnswer], frozen=True, tag="probe"):
    """Could each of these be taken? Nothing is."""

    takes: tuple[TryTake, ...]


class Reserve(Command[NothingToTell], frozen=True, kw_only=True, tag="reserve"):
    """From the waitlist: take the first free time in [start, end) that fits, and tell `owner` by letter (`Reserved`).

    `weekdays` and `times` (minutes after midnight) are those of the calendar's own clock.
    """

    key: str
    booking: str
    owner: str
    start: int
    end: int
    service: str | None
    client: str
    weekdays: tuple[str, ...] = ()
    times: tuple[tuple[int, int], ...] = ()


class Reserved(Command[NothingToTell], frozen=True, tag="reserved"):
    """The answer to `Reserve`, as it travels. `start` 0: nothing fits (any more)."""

    key: str
    calendar: str
    start: int = 0
    end: int = 0


class TimeFreed(Command[NothingToTell], frozen=True, tag="opened"):
    """To the waitlist, as it travels: time of this calendar came free."""

    calendar: str
    start: int
    end: int


class NotifyWhenFree(Command[NothingToTell], frozen=True, tag="attend"):
    """From the waitlist: does anybody wait for this calendar?"""

    waitlist: str
    waiting: bool


class ImportBusyTime(Command[ImportAnswer], frozen=True, tag="import"):
    """Busy time from elsewhere; replaces all that this source brought before. Staff only."""

    source: str
    spans: tuple[tuple[int, int], ...]


CalendarCommand = (
    ConfigureCalendar
    | GetCalendar
    | GetFreeTimes
    | GetOpenTime
    | Check
    | TryBook
    | TryTake
    | Probe
    | Reserve
    | NotifyWhenFree
    | ImportBusyTime
    | ConfirmOrCancel
    | ResolveInDoubt
)


NAME: Final = "waitlist:main"
"""The one waitlist, so that all who wait are ranked together."""
