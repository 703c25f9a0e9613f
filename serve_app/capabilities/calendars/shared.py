"""What the operations of calendars have in common."""

from typing import Final

from actors.calendars.booking.answers import BookingReply
from common.errors import CarewireError, Conflict, FailedPrecondition
from serve_app.edge.operation import Result

REFUSES: Final[tuple[type[CarewireError], ...]] = (Conflict, FailedPrecondition)
DETAILS: Final = ("reasons", "alternatives", "occurrences", "lapsed", "epoch")
"""What a conflict tells: why it is none, what could be had instead; of a series, each of its times."""


def versioned(booking: BookingReply) -> Result:
    """A booking, with the version that it has."""
    return Result(booking, version=booking.version)
