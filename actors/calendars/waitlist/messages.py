"""What the waitlist is asked, what happens to it, and what it is made of."""

from typing import Any, Final

import msgspec

from actors.calendars.calendar.commands import Opened, Reserved
from actors.calendars.calendar.reservations import Inquire, Outcome
from actors.kernel.contract.entity import Event, Query

NAME: Final = "waitlist:main"
"""The one waitlist, so that all who wait are ranked together."""


class WaitlistEntry(msgspec.Struct, frozen=True, array_like=True):
    """One wish. Times in ms; `times` are minutes after midnight on the calendar's clock. `passed`: offers let go, as
    `calendar@start`. `key`: the mark of the key that it was asked for with."""

    id: str
    client: str
    calendars: tuple[str, ...]
    service: str
    start: int
    end: int
    weekdays: tuple[str, ...] = ()
    times: tuple[tuple[int, int], ...] = ()
    urgency: str = "normal"
    joined: int = 0
    passed: tuple[str, ...] = ()
    key: str = ""


class FreedSlot(msgspec.Struct, frozen=True, array_like=True):
    """Time that came free. `tried` are entries for which nothing in it fits."""

    calendar: str
    start: int
    end: int
    tried: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True, array_like=True):
    """Time that is kept for somebody. Until it is `offered`, the calendar has not answered yet. `id` will be that of
    the booking."""

    id: str
    entry: str
    client: str
    calendar: str
    service: str
    opening: FreedSlot
    offered: bool = False
    start: int = 0
    end: int = 0
    expires: int = 0

    @property
    def key(self) -> str:
        """Of its time at the calendar."""
        return f"{self.id}.offer"


class JoinWaitlist(msgspec.Struct, frozen=True, tag="join"):
    """Wait for time."""

    entry: WaitlistEntry
    note: str = ""


class LeaveWaitlist(msgspec.Struct, frozen=True, tag="leave"):
    """Wait no more."""

    entry: str


class Decline(msgspec.Struct, frozen=True, tag="decline"):
    """Let an offer go."""

    offer: str


class ClaimOffer(msgspec.Struct, frozen=True, tag="claim"):
    """The offer, if it is the caller's and still stands: then it can be booked."""

    offer: str


class Close(msgspec.Struct, frozen=True, tag="close"):
    """The offer was booked for `entry`: whatever became of the offer meanwhile, its client waits no more."""

    offer: str
    entry: str = ""


class MatchSlots(msgspec.Struct, frozen=True, tag="match"):
    """A timer: share out what came free."""


class Lapse(msgspec.Struct, frozen=True, tag="lapse"):
    """A timer: nobody took the offer."""

    offer: str


class Listing(msgspec.Struct, frozen=True, tag="listing"):
    """Who waits: one's own, or (staff) those of a calendar."""

    calendar: str = ""


class GetFigures(msgspec.Struct, frozen=True, tag="figures"):
    """How it goes. Staff only."""


WaitlistCommand = (
    JoinWaitlist
    | LeaveWaitlist
    | Decline
    | ClaimOffer
    | Close
    | MatchSlots
    | Lapse
    | Listing
    | GetFigures
    | Opened
    | Reserved
    | Inquire
)


class WaitlistJoined(Event, frozen=True, kw_only=True, tag="joined"):
    """Somebody waits. The note is the secret."""

    entry: WaitlistEntry


class WaitlistLeft(Event, frozen=True, kw_only=True, tag="left"):
    """Somebody waits no more. For `quiet` calendars nobody waits now."""

    entry: str
    quiet: tuple[str, ...] = ()


class Freed(Event, frozen=True, kw_only=True, tag="freed"):
    """Time came free that somebody may want."""

    opening: FreedSlot


class Shared(Event, frozen=True, kw_only=True, tag="shared"):
    """What came free was shared out: the calendars are asked for these, the rest is nobody's."""

    offers: tuple[Offer, ...]
    wishes: tuple[WaitlistEntry, ...]


class Offered(Event, frozen=True, kw_only=True, tag="offered"):
    """The calendar has reserved the time; it is the client's to take. What it leaves of the opening is open again."""

    offer: Offer
    rest: tuple[FreedSlot, ...] = ()


class Missed(Event, frozen=True, kw_only=True, tag="missed"):
    """Nothing in the opening fits the entry (any more)."""

    offer: str
    opening: FreedSlot


class Closed(Event, frozen=True, kw_only=True, tag="closed"):
    """An offer is over: `accepted`, `declined`, `lapsed`, or `left` with its entry."""

    offer: Offer
    how: str
    quiet: tuple[str, ...] = ()


class OfferAnswered(Event, frozen=True, kw_only=True, tag="answered"):
    """A calendar asked about time that it keeps."""

    entity: str
    key: str
    outcome: Outcome


WaitlistEvent = WaitlistJoined | WaitlistLeft | Freed | Shared | Offered | Missed | Closed | OfferAnswered


class ReadListing(Query, frozen=True):
    """Lines of the list, to which the notes are added."""

    lines: tuple[dict[str, Any], ...]
    noted: bool


class Counts(msgspec.Struct, array_like=True):
    """For analytics. `waited_ms` sums over accepted offers; `wanted` counts the hours of the day that were wished."""

    joined: int = 0
    offered: int = 0
    accepted: int = 0
    declined: int = 0
    lapsed: int = 0
    waited_ms: int = 0
    wanted: list[int] = msgspec.field(default_factory=lambda: [0] * 24)
