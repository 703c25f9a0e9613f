"""What the waitlist is asked."""

from typing import Any

import msgspec

from actors.calendars.calendar.commands import Reserved, TimeFreed
from actors.calendars.calendar.reservations import QueryOutcome
from actors.calendars.waitlist.state import WaitlistEntry
from actors.kernel.contract.entity import Query


class JoinWaitlist(msgspec.Struct, frozen=True, tag="join"):
    """Wait for time."""

    entry: WaitlistEntry
    note: str = ""


class LeaveWaitlist(msgspec.Struct, frozen=True, tag="leave"):
    """Wait no more."""

    entry: str


class DeclineOffer(msgspec.Struct, frozen=True, tag="decline"):
    """Let an offer go."""

    offer: str


class ClaimOffer(msgspec.Struct, frozen=True, tag="claim"):
    """The offer, if it is the caller's and still stands: then it can be booked."""

    offer: str


class CloseOffer(msgspec.Struct, frozen=True, tag="close"):
    """The offer was booked for `entry`: whatever became of the offer meanwhile, its client waits no more."""

    offer: str
    entry: str = ""


class MatchSlots(msgspec.Struct, frozen=True, tag="match"):
    """A timer: share out what came free."""


class LapseOffer(msgspec.Struct, frozen=True, tag="lapse"):
    """A timer: nobody took the offer."""

    offer: str


class GetWaitlist(msgspec.Struct, frozen=True, tag="listing"):
    """Who waits: one's own, or (staff) those of a calendar."""

    calendar: str = ""


class GetFigures(msgspec.Struct, frozen=True, tag="figures"):
    """How it goes. Staff only."""


WaitlistCommand = (
    JoinWaitlist
    | LeaveWaitlist
    | DeclineOffer
    | ClaimOffer
    | CloseOffer
    | MatchSlots
    | LapseOffer
    | GetWaitlist
    | GetFigures
    | TimeFreed
    | Reserved
    | QueryOutcome
)


class ReadWaitlist(Query, frozen=True):
    """Lines of the list, to which the notes are added."""

    lines: tuple[dict[str, Any], ...]
    noted: bool
