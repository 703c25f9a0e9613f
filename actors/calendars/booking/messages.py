"""What a booking is asked, what happens to it, and what it is made of."""

from typing import Final

import msgspec

from actors.calendars.booking.record import Record, Terms
from actors.calendars.booking.reminders import Remind
from actors.calendars.calendar.reservations import Inquire, Outcome
from actors.calendars.contract.keyed import AssignId, IdAssigned
from actors.calendars.hours.schedule import Price
from actors.calendars.hours.timeline import MINUTE_MS
from actors.kernel.contract.entity import Event, Query

HOLD_MS: Final = 10 * MINUTE_MS


class OpenBooking(msgspec.Struct, frozen=True, tag="open"):
    """Make the booking, with the time that is tentatively taken under `record.key`. `wants`: a status to begin in."""

    record: Record
    wants: str = "confirmed"  # | "held"
    hold_ms: int = HOLD_MS
    notes: str = ""
    override_reason: str = ""


class MoveBooking(msgspec.Struct, frozen=True, tag="move"):
    """Give it another time (or therapist, or service), tentatively taken under `key`. `epoch` is what it moves from."""

    key: str
    epoch: int
    therapist: str
    service: str
    start: int
    end: int
    tz: str
    parties: tuple[str, ...]
    terms: Terms
    overridden: bool = False
    override_reason: str = ""
    price: Price | None = None
    format: str | None = None


class ConfirmBooking(msgspec.Struct, frozen=True, tag="confirm"):
    """A hold becomes a booking; a request is accepted. `staff`: in the name of staff, when a series asks."""

    staff: bool = False


class CancelBooking(msgspec.Struct, frozen=True, tag="cancel"):
    """Give the time back. `reason` is a category, or words (which are kept sealed)."""

    reason: str = ""


class Finish(msgspec.Struct, frozen=True, tag="finish"):
    """It took place, or the client did not come. Staff only, once it has begun."""

    status: str  # "completed" | "no_show"
    reason: str = ""


class Amend(msgspec.Struct, frozen=True, tag="amend"):
    """Change what is not None."""

    notes: str | None = None
    participants: tuple[str, ...] | None = None


class GetBooking(msgspec.Struct, frozen=True, tag="look"):
    """The booking, for its client and for staff. `raw`: the record, for Carewire itself."""

    raw: bool = False


class Expire(msgspec.Struct, frozen=True, tag="expire"):
    """A timer: nobody confirmed."""

    epoch: int


BookingCommand = (
    OpenBooking
    | MoveBooking
    | ConfirmBooking
    | CancelBooking
    | Finish
    | Amend
    | GetBooking
    | Expire
    | Remind
    | Inquire
    | AssignId
)


class Resolution(msgspec.Struct, frozen=True, array_like=True):
    """What becomes of an entry of time: a letter to the entity that has it."""

    entity: str
    key: str
    outcome: Outcome


class BookingChanged(Event, frozen=True, kw_only=True, tag="changed"):
    """Something happened to the booking; `record` is what it is now."""

    change: str
    record: Record
    verdicts: tuple[Resolution, ...] = ()


class Noted(Event, frozen=True, kw_only=True, tag="noted"):
    """Words about the booking (`name`: notes, reason, override_reason): the secret."""

    name: str


class Answered(Event, frozen=True, kw_only=True, tag="answered"):
    """An entity asked about an entry. "free" is for ever: this key will never be used."""

    verdict: Resolution


class Reminded(Event, frozen=True, kw_only=True, tag="reminded"):
    """Client and therapist are reminded."""

    record: Record
    starts_in_ms: int


class Doubted(Event, frozen=True, kw_only=True, tag="doubted"):
    """The hold lapses, but belongs to a series: that decides."""

    series: str


BookingEvent = BookingChanged | Noted | Answered | Reminded | Doubted | IdAssigned


class ReadBooking(Query, frozen=True):
    """The booking object with its texts."""

    record: Record
    version: int
