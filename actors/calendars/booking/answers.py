"""Answers of a booking: the booking as its client and staff are shown it."""

from collections.abc import Mapping

import msgspec

from actors.calendars.booking.state import BookingDetails, Status
from actors.calendars.hours.answers import Answer
from actors.calendars.hours.schedule import Price
from common.clock import to_rfc3339
from common.persons import UserId


class BookingSource(Answer, frozen=True, kw_only=True):
    """The message of a room that it comes of."""

    room_id: str
    message_id: str


class BookingReply(Answer, frozen=True, kw_only=True):
    """A booking. The last members are personal: for those who may read them."""

    id: str
    therapist_id: str
    client_id: UserId
    start: str
    end: str
    tz: str
    status: Status
    participants: list[UserId]
    version: int
    created_at: str
    updated_at: str
    service_id: str = ""
    price: Price | None = None
    format: str = ""
    series_id: str = ""
    bill_id: str = ""
    hold_expires_at: str = ""
    awaiting: str = ""
    overridden: bool = False
    cancel_reason: str = ""
    late_cancellation: bool = False
    notes: str = ""
    override_reason: str = ""
    source: BookingSource | None = None


class BookingRecord(Answer, frozen=True, kw_only=True):
    """A booking as data."""

    record: BookingDetails
    version: int


def shown(record: BookingDetails, version: int) -> BookingReply:
    """The booking object of the contract, without words."""
    return BookingReply(
        id=record.id,
        therapist_id=record.therapist,
        client_id=record.client,
        start=to_rfc3339(record.start),
        end=to_rfc3339(record.end),
        tz=record.tz,
        status=record.status,
        participants=list(record.participants),
        version=version,
        created_at=to_rfc3339(record.created),
        updated_at=to_rfc3339(record.updated),
        service_id=record.service,
        price=record.price,
        format=record.format or "",
        series_id=record.series,
        bill_id=record.bill,
        hold_expires_at=to_rfc3339(record.hold_expires) if record.status == "held" else "",
        awaiting=record.awaiting if record.status == "pending" else "",
        overridden=record.overridden,
        cancel_reason=record.category,
        late_cancellation=record.late,
        source=None if not record.source else BookingSource(room_id=record.source[0], message_id=record.source[1]),
    )


def with_words(booking: BookingReply, words: Mapping[str, str]) -> BookingReply:
    """The same with what is personal: words by what they are. Those of a reason stand for its category."""
    return msgspec.structs.replace(
        booking,
        cancel_reason=words.get("reason") or booking.cancel_reason,
        notes=words.get("notes", ""),
        override_reason=words.get("override_reason", ""),
    )
