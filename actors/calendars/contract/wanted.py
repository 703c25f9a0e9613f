"""Arguments of the services of bookings."""

from typing import Final

import msgspec

from actors.calendars.booking.commands import HOLD_MS


class BookingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A booking (or series) that somebody wants. `key`: the mark of the key that it is asked for with, so that a repeat
    is the same one. `id`: the id that it is to have, if that is known. `first`: the first booking of its series, where
    that is another. `wish`: the entry of the waitlist that it fulfils. `codes`: those that take something off its
    price. `source`: the room, message and block that it comes of."""

    therapist: str
    start: int
    client: str = ""
    service: str | None = None
    duration: int | None = None
    hold: bool = False
    hold_ms: int = HOLD_MS
    participants: tuple[str, ...] = ()
    notes: str = ""
    override_reason: str = ""
    series: str = ""
    first: str = ""
    wish: str = ""
    id: str = ""
    key: str = ""
    codes: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


class BookingChangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Another time for a booking; what is None stays."""

    start: int | None = None
    duration: int | None = None
    therapist: str | None = None
    service: str | None = None
    override_reason: str = ""


class BookingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which bookings: one of `client`, `therapist`, `series`; a status; those that begin in [start, end)."""

    client: str | None = None
    therapist: str | None = None
    series: str | None = None
    status: str | None = None
    start: int | None = None
    end: int | None = None
    cursor: str | None = None
    limit: int = 50


LARGEST_PAGE: Final = 200
