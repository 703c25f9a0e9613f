"""Commands of a booking."""

from typing import Final

from msgspec import UNSET, UnsetType

from actors.calendars.booking.answers import BookingRecord, BookingReply
from actors.calendars.booking.keyed import AssignId
from actors.calendars.booking.reminders import ListReminders, Remind, SendReminder
from actors.calendars.booking.state import BookingDetails, BookingTerms
from actors.calendars.calendar.reservations import QueryOutcome
from actors.calendars.hours.schedule import Price
from actors.calendars.hours.versions import ANY, Versions
from actors.kernel.contract.entity import Command, Query
from common.persons import NothingToTell
from common.timeline import MINUTE_MS

HOLD_MS: Final = 10 * MINUTE_MS


class OpenBooking(Command[BookingReply], frozen=True, kw_only=True, tag="open"):
    """Make the booking, with the time that is tentatively taken under `record.key`. `wants`: a status to begin in.
    `bill`: the command that opens its bill, and apart from it what that says in words."""

    record: BookingDetails
    wants: str = "confirmed"  # | "held"
    hold_ms: int = HOLD_MS
    notes: str = ""
    override_reason: str = ""
    bill: bytes | UnsetType = UNSET
    bill_texts: bytes | UnsetType = UNSET


class MoveBooking(Command[BookingReply], frozen=True, kw_only=True, tag="move"):
    """Give it another time (or therapist, or service), tentatively taken under `key`. `epoch` is what it moves from."""

    key: str
    epoch: int
    therapist: str
    service: str
    start: int
    end: int
    tz: str
    parties: tuple[str, ...]
    terms: BookingTerms
    overridden: bool = False
    override_reason: str = ""
    price: Price | None = None
    format: str | None = None
    versions: Versions = ANY


class ConfirmBooking(Command[BookingReply], frozen=True, tag="confirm"):
    """A hold becomes a booking; a request is accepted. `staff`: in the name of staff, when a series asks. `paid`: a
    letter of the bill, the money is there."""

    staff: bool = False
    versions: Versions = ANY
    paid: bool | UnsetType = UNSET


class CancelBooking(Command[BookingReply], frozen=True, tag="cancel"):
    """Give the time back. `reason` is a category, or words (which are kept sealed)."""

    reason: str = ""
    versions: Versions = ANY


class FinishBooking(Command[BookingReply], frozen=True, tag="finish"):
    """It took place, or the client did not come. Staff only, once it has begun."""

    status: str  # "completed" | "no_show"
    reason: str = ""
    versions: Versions = ANY


class AmendBooking(Command[BookingReply], frozen=True, tag="amend"):
    """Change what is not None."""

    notes: str | None = None
    participants: tuple[str, ...] | None = None
    versions: Versions = ANY


class GetBooking(Command[BookingReply], frozen=True, tag="look"):
    """The booking, for its client and for staff."""


class GetRecord(Command[BookingRecord], frozen=True, tag="record"):
    """The booking as data, for Carewire itself."""


class ExpireBooking(Command[NothingToTell], frozen=True, tag="expire"):
    """A timer: nobody confirmed."""

    epoch: int


BookingCommand = (
    OpenBooking
    | MoveBooking
    | ConfirmBooking
    | CancelBooking
    | FinishBooking
    | AmendBooking
    | GetBooking
    | GetRecord
    | ExpireBooking
    | Remind
    | ListReminders
    | SendReminder
    | QueryOutcome
    | AssignId
)


class ReadBooking(Query, frozen=True):
    """The booking object with its texts."""

    record: BookingDetails
    version: int
