"""Why a time is not free, in words for the person who wanted it. All reasons at once, not the first."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from common.errors import Conflict

DENIED: Final = "resource_denied"


class Reason(msgspec.Struct, frozen=True):
    """`code` is for programs, `message` for people; it names nobody."""

    code: str
    message: str


TEXTS: Final = {
    "past": "This time has passed. Choose a later one.",
    "long_past": "This is too long ago to be booked, even afterwards. Choose a later time.",
    "too_soon": "This is too soon: the calendar asks for more notice. Choose a later time.",
    "too_far": "This is too far ahead: bookings open later. Choose an earlier time, or come back.",
    "off_grid": "Bookings do not begin at this minute. Choose one of the free times.",
    "closed": "This is outside the working hours. Choose one of the free times.",
    "override": "The hours of this date are different. Choose one of the free times.",
    "holiday": "This is a public holiday. Choose another day.",
    "blackout": "This time is blocked. Choose another one.",
    "maintenance": "This time is reserved for maintenance. Choose another one.",
    "day_full": "This day takes no more bookings. Choose another day.",
    "week_full": "This week takes no more bookings. Choose another week.",
    "client_day_full": "This is more than one person may book in a day. Choose another day.",
    "client_week_full": "This is more than one person may book in a week. Choose another week.",
    "service_day_full": "This day takes no more bookings of this service. Choose another day.",
    "service_week_full": "This week takes no more bookings of this service. Choose another week.",
    "taken": "This time is taken. Choose one of the alternatives, or join the waitlist.",
    "group_full": "This group has no place left. Choose one of the alternatives, or join the waitlist.",
    "buffer": "This is too close to another booking. Choose one of the free times.",
    "client_busy": "There is another booking of the same person at this time. Choose another time, or move that one.",
    "resource_taken": "A room or device that this needs is taken. Choose one of the alternatives.",
    "resource_closed": "A room or device that this needs is not open then. Choose one of the alternatives.",
    DENIED: "A room or device that this needs is not there for it. Ask the practice to change the service.",
    "not_shared": "This room or device is not booked by itself. Book a service that needs it.",
    "care_relationship": "Only people in care here may book. Ask for a first appointment.",
}
OF_CLIENT: Final = frozenset({"client_day_full", "client_week_full"})
"""Limits of one person: where nobody in particular asks, they stand against nothing."""
HARD: Final = frozenset({"long_past", "taken", "group_full", "client_busy", "resource_taken", DENIED})
"""What no override can overrule: two bookings never have the same time, and nobody overrules the owner of a calendar
but who runs it. What is long past is not remembered."""


def reasons(codes: Iterable[str], *, overriding: bool = False) -> list[Reason]:
    """These codes with their words, each once; with `overriding`, only those that cannot be overruled."""
    return [Reason(code, TEXTS[code]) for code in dict.fromkeys(codes) if not overriding or code in HARD]


def conflict(found: list[Reason], alternatives: Sequence[msgspec.Struct]) -> Conflict:
    """The refusal of a booking, with what could be booked instead."""
    details: dict[str, object] = {
        "reasons": msgspec.to_builtins(found),
        "alternatives": msgspec.to_builtins(alternatives),
    }
    return Conflict(found[0].message, details=details)
