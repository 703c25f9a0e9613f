"""Conclusions from the record of a booking: what becomes of its time, who must answer, what its reasons are."""

from typing import Final

from actors.calendars.booking.events import Resolution
from actors.calendars.booking.state import PAUSED, BookingDetails, BookingTerms, Status
from actors.calendars.calendar.reservations import Outcome
from common.errors import InvalidArgument
from common.ids import is_id

MOST_PARTICIPANTS: Final = 100


CATEGORIES: Final = frozenset(
    {"client_request", "illness", "therapist_unavailable", "emergency", "payment", "weather", "declined", "other"}
    | {PAUSED}
)


def awaiting_after(record: BookingDetails, *, staff: bool) -> str:
    """The side that has to answer once the other has moved it."""
    return "" if record.status != "pending" else "client" if staff else "therapist"


def entry_status(terms: BookingTerms, *, staff: bool) -> Status:
    """The status in which its time is taken for good."""
    return "pending" if terms.requires_confirmation and not staff else "confirmed"


def taken(record: BookingDetails) -> list[Resolution]:
    """The state of its time at each party: taken, or still held."""
    return [Resolution(party, record.key, outcome_of(record)) for party in record.parties]


def outcome_of(record: BookingDetails) -> Outcome:
    """The outcome that its time counts as."""
    return "held" if record.status == "held" else "taken"


def freed(record: BookingDetails) -> list[Resolution]:
    """Its time is free again at each party."""
    return [Resolution(party, record.key, "free") for party in record.parties]


def category_and_words(reason: str, otherwise: str) -> tuple[str, str]:
    """(category, words): words of the user's own are `other`."""
    if not reason:
        return otherwise, ""
    return (reason, "") if reason in CATEGORIES else (otherwise or "other", reason)


def check_participants(participants: tuple[str, ...]) -> None:
    """Raises InvalidArgument: too many, or one is no id."""
    if len(participants) > MOST_PARTICIPANTS or not all(map(is_id, participants)):
        message = f"participants are at most {MOST_PARTICIPANTS} user ids."
        raise InvalidArgument(message, details={"field": "participants"})
