"""Events of a booking."""

import msgspec

from actors.calendars.booking.keyed import IdAssigned
from actors.calendars.booking.state import BookingDetails
from actors.calendars.calendar.reservations import Outcome
from actors.kernel.contract.entity import Event


class Resolution(msgspec.Struct, frozen=True, array_like=True):
    """The fate of an entry of time: a letter to the entity that has it."""

    entity: str
    key: str
    outcome: Outcome


class BookingChanged(Event, frozen=True, kw_only=True, tag="changed"):
    """Something happened to the booking; `record` is what it is now. `by_client`: the client did it. `bill`: the
    command that opens the bill for it, where it is made with one; the secret is what that says in words."""

    change: str
    record: BookingDetails
    verdicts: tuple[Resolution, ...] = ()
    by_client: bool = False
    bill: bytes = b""


class Restated(Event, frozen=True, kw_only=True, tag="restated"):
    """Money came for a booking that does not wait for it (any more): the bill is told what the booking is."""

    record: BookingDetails


class Noted(Event, frozen=True, kw_only=True, tag="noted"):
    """Words about the booking (`name`: notes, reason, override_reason): the secret."""

    name: str


class OutcomeDecided(Event, frozen=True, kw_only=True, tag="answered"):
    """An entity asked about an entry. "free" is for ever: this key will never be used."""

    verdict: Resolution


class Reminded(Event, frozen=True, kw_only=True, tag="reminded"):
    """Client and therapist are reminded."""

    record: BookingDetails
    starts_in_ms: int
    lead_ms: int = -1  # how long before the start it was due; 0: sent by hand; -1: stored before this was told


class HoldInDoubt(Event, frozen=True, kw_only=True, tag="doubted"):
    """The hold lapses, but belongs to a series: that decides."""

    series: str


BookingEvent = BookingChanged | Noted | OutcomeDecided | Reminded | HoldInDoubt | IdAssigned | Restated
