"""Events of the waitlist."""

from actors.calendars.calendar.reservations import Outcome
from actors.calendars.waitlist.state import FreedSlot, Offer, WaitlistEntry
from actors.kernel.contract.entity import Event


class WaitlistJoined(Event, frozen=True, kw_only=True, tag="joined"):
    """Somebody waits. The note is the secret."""

    entry: WaitlistEntry


class WaitlistLeft(Event, frozen=True, kw_only=True, tag="left"):
    """Somebody waits no more. For `quiet` calendars nobody waits now."""

    entry: str
    quiet: tuple[str, ...] = ()


class SlotFreed(Event, frozen=True, kw_only=True, tag="freed"):
    """Time came free that somebody may want."""

    opening: FreedSlot


class SlotsMatched(Event, frozen=True, kw_only=True, tag="shared"):
    """Time that came free was shared out: the calendars are asked for these, the rest is nobody's."""

    offers: tuple[Offer, ...]
    wishes: tuple[WaitlistEntry, ...]


class OfferMade(Event, frozen=True, kw_only=True, tag="offered"):
    """The calendar has reserved the time; it is the client's to take. What it leaves of the opening is open again."""

    offer: Offer
    rest: tuple[FreedSlot, ...] = ()


class MatchFailed(Event, frozen=True, kw_only=True, tag="missed"):
    """Nothing in the opening fits the entry (any more)."""

    offer: str
    opening: FreedSlot


class OfferClosed(Event, frozen=True, kw_only=True, tag="closed"):
    """An offer is over: `accepted`, `declined`, `lapsed`, or `left` with its entry."""

    offer: Offer
    how: str
    quiet: tuple[str, ...] = ()


class OfferOutcomeDecided(Event, frozen=True, kw_only=True, tag="answered"):
    """A calendar asked about time that it keeps."""

    entity: str
    key: str
    outcome: Outcome


WaitlistEvent = (
    WaitlistJoined
    | WaitlistLeft
    | SlotFreed
    | SlotsMatched
    | OfferMade
    | MatchFailed
    | OfferClosed
    | OfferOutcomeDecided
)
