"""A booking as data: what its entity keeps, what every event of it carries, and how the contract shows it."""

from typing import Any, Final, Literal

import msgspec

from actors.calendars.hours.schedule import Price
from common.clock import to_rfc3339
from common.ids import derived_id

Status = Literal["held", "pending", "confirmed", "completed", "cancelled", "no_show", "expired"]
OCCUPYING: Final = frozenset({"held", "pending", "confirmed", "completed", "no_show"})
"""In these, the booking has its time."""
PAUSED: Final = "paused"
"""Why a booking was cancelled whose series is paused."""


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """The calendar's rules as they were when the time was booked."""

    requires_confirmation: bool = False
    max_reschedules: int | None = None
    cancel_notice_ms: int = 0


class Record(msgspec.Struct, frozen=True, array_like=True):
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
    terms: Terms = Terms()
    overridden: bool = False
    category: str = ""  # why it was cancelled, or not kept: a word, for analytics
    late: bool = False  # cancelled after the notice period
    wish: str = ""  # the entry of the waitlist that it fulfils
    former: str = ""  # who handed it over last


def shown(record: Record, version: int, texts: dict[str, str] | None = None) -> dict[str, Any]:
    """The booking object of the contract. `texts`: what is personal (`notes`, ...), for those who may read it."""
    booking: dict[str, Any] = {
        "id": record.id,
        "therapist_id": record.therapist,
        "client_id": record.client,
        "start": to_rfc3339(record.start),
        "end": to_rfc3339(record.end),
        "tz": record.tz,
        "status": record.status,
        "participants": list(record.participants),
        "version": version,
        "created_at": to_rfc3339(record.created),
        "updated_at": to_rfc3339(record.updated),
    }
    optional = {
        "service_id": record.service,
        "price": record.price,
        "format": record.format,
        "series_id": record.series,
        "hold_expires_at": to_rfc3339(record.hold_expires) if record.status == "held" else None,
        "awaiting": record.awaiting if record.status == "pending" else None,
        "overridden": record.overridden,
        "cancel_reason": record.category,
        "late_cancellation": record.late,
        **(texts or {}),
    }
    return booking | {name: value for name, value in optional.items() if value}


def event_id(entity_id: str, seq: int, at_ms: int) -> str:
    """An id made from an event, the same however often it is made; sorts by time."""
    return derived_id("evt", at_ms, f"{entity_id}#{seq}")
