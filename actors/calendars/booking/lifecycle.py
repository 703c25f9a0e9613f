"""The states of a booking, and what is legal in each."""

from typing import Final

from actors.calendars.booking.state import BookingDetails
from common.errors import FailedPrecondition

LEGAL: Final[dict[str, tuple[str, ...]]] = {
    "held": ("confirm", "reschedule", "update", "cancel"),
    "pending": ("confirm", "decline", "reschedule", "transfer", "update", "cancel"),
    "confirmed": ("reschedule", "transfer", "update", "cancel", "complete", "no_show"),
    "completed": (),
    "cancelled": (),
    "no_show": (),
    "expired": (),
}


def require_legal(record: BookingDetails, action: str) -> None:
    """Raises FailedPrecondition, which says what would be legal, unless `action` is."""
    legal = LEGAL[record.status]
    if action not in legal:
        raise illegal(
            record, "Possible now: " + ", ".join(legal) + "." if legal else "Nothing can be changed any more."
        )


def not_begun(record: BookingDetails) -> FailedPrecondition:
    """It cannot have taken place yet."""
    return illegal(record, "It has not begun yet.", "complete", "no_show")


def illegal(record: BookingDetails, why: str, *refused: str) -> FailedPrecondition:
    """The refusal of what the state of a booking, or the time, does not allow. `refused`: legal in this state, and yet
    not now."""
    message = f"This booking is {record.status.replace('_', ' ')}. {why}"
    return FailedPrecondition(
        message, details={"status": record.status, "legal": [one for one in LEGAL[record.status] if one not in refused]}
    )
