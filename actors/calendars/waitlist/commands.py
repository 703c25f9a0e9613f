"""Commands of the waitlist."""

from actors.calendars.calendar.commands import Reserved, TimeFreed
from actors.calendars.calendar.reservations import QueryOutcome
from actors.calendars.waitlist.answers import Standing, WaitlistFigures, WaitlistLine, WaitlistReply
from actors.calendars.waitlist.state import Offer, WaitlistEntry
from actors.kernel.contract.entity import Command, Query
from common.persons import NothingToTell


class JoinWaitlist(Command[Standing], frozen=True, tag="join"):
    """Wait for time."""

    entry: WaitlistEntry
    note: str = ""


class StopWaiting(Command[NothingToTell], frozen=True, tag="leave"):
    """Wait no more."""

    entry: str


class DeclineOffer(Command[NothingToTell], frozen=True, tag="decline"):
    """Let an offer go."""

    offer: str


class ClaimOffer(Command[Offer], frozen=True, tag="claim"):
    """The offer, if it is the caller's and still stands: then it can be booked."""

    offer: str


class CloseOffer(Command[NothingToTell], frozen=True, tag="close"):
    """The offer was booked for `entry`: whatever became of the offer meanwhile, its client waits no more."""

    offer: str
    entry: str = ""


class MatchSlots(Command[NothingToTell], frozen=True, tag="match"):
    """A timer: share out what came free."""


class LapseOffer(Command[NothingToTell], frozen=True, tag="lapse"):
    """A timer: nobody took the offer."""

    offer: str


class GetWaitlist(Command[WaitlistReply], frozen=True, tag="listing"):
    """List entries: one's own, or (staff) those of a calendar."""

    calendar: str = ""


class GetWaitlistFigures(Command[WaitlistFigures], frozen=True, tag="figures"):
    """Ask for the figures of the waitlist. Staff only."""


WaitlistCommand = (
    JoinWaitlist
    | StopWaiting
    | DeclineOffer
    | ClaimOffer
    | CloseOffer
    | MatchSlots
    | LapseOffer
    | GetWaitlist
    | GetWaitlistFigures
    | TimeFreed
    | Reserved
    | QueryOutcome
)


class ReadWaitlist(Query, frozen=True):
    """Lines of the list, to which the notes are added."""

    lines: tuple[WaitlistLine, ...]
