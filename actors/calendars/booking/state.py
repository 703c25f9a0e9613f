"""A booking as data: what its entity keeps, what every event of it carries, and how it is stored in a snapshot."""

from typing import Final, Literal

import msgspec

from actors.calendars.hours.schedule import Price

Status = Literal["held", "pending", "confirmed", "completed", "cancelled", "no_show", "expired"]


OCCUPYING: Final = frozenset({"held", "pending", "confirmed", "completed", "no_show"})
"""In these, the booking has its time."""


PAUSED: Final = "paused"
"""Why a booking was cancelled whose series is paused."""


class BookingTerms(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The calendar's rules as they were when the time was booked."""

    requires_confirmation: bool = False
    max_reschedules: int | None = None
    cancel_notice_ms: int = 0
    prepaid: bool = False  # only the payment confirms it, or staff
    reminders: tuple[int, ...] | None = None  # minutes before the start; None: as everywhere


class SentReminder(msgspec.Struct, frozen=True, array_like=True):
    """A reminder that was sent at `at` (ms) for the time `epoch`: so long before its start, or (0) by hand."""

    epoch: int
    lead_ms: int
    at: int


class BookingDetails(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A booking at one moment. Times in ms. `key` is that of its entries, `parties` are the entities that have them.

    `epoch` counts its times: reminders of an earlier one are stale. `moves` counts those that the client made.
    `awaiting` says who must answer a pending request. Nothing personal is in here but ids.
    """

    id: str
    therapist: str
    client: str
    service: str
    start: int
    end: int
    tz: str
    status: Status
    key: str
    parties: tuple[str, ...]
    created: int = 0
    updated: int = 0
    participants: tuple[str, ...] = ()
    price: Price | None = None
    format: str | None = None
    series: str = ""
    hold_expires: int = 0
    awaiting: str = ""  # "therapist" | "client"
    epoch: int = 0
    moves: int = 0
    terms: BookingTerms = BookingTerms()
    overridden: bool = False
    category: str = ""  # why it was cancelled, or not kept: a word, for analytics
    late: bool = False  # cancelled after the notice period
    wish: str = ""  # the entry of the waitlist that it fulfils
    former: str = ""  # who handed it over last
    bill: str = ""  # what is owed for it
    source: tuple[str, ...] = ()  # the room, message and block that it comes of


class BookingState(msgspec.Struct, array_like=True):
    """A booking as a snapshot of it: `dead` are the keys of time that it renounced."""

    record: BookingDetails | None
    dead: list[str]
    assigned: str = ""
    reminded: list[SentReminder] = []
