"""What a booking answers: the booking as its client and staff are shown it."""

from typing import Any

from actors.calendars.booking.state import Record
from common.clock import to_rfc3339


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
