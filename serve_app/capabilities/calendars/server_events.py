"""What sockets hear of calendars and bookings."""

from typing import Final, Literal

from msgspec import UNSET, UnsetType

from actors.calendars.booking.answers import BookingReply
from actors.calendars.waitlist.answers import OfferReply
from serve_app.edge.server_events import Addressed, Payload, ServerEvent


class TimeChange(Payload, frozen=True, kw_only=True):
    """A stretch of time is free, or busy, from now on."""

    start: str
    end: str
    state: Literal["free", "busy"]


class AvailabilityChanged(Payload, frozen=True, kw_only=True):
    """The calendar at `version`. With `reload`, everything may be different: watch it again."""

    therapist_id: str
    version: int
    changes: list[TimeChange]
    reload: bool = False


class BookingUpdated(Addressed, frozen=True, kw_only=True):
    """The booking by now, without its notes. `change`: what has happened to it."""

    booking: BookingReply
    change: Literal[
        "created",
        "requested",
        "confirmed",
        "rescheduled",
        "transferred",
        "counter_offered",
        "updated",
        "declined",
        "cancelled",
        "completed",
        "no_show",
        "expired",
    ]


class BookingNotification(Addressed, frozen=True, kw_only=True):
    """Beside `booking_updated`: does the booking stand? `success` is false once it is cancelled, has expired, or nobody
    came."""

    success: bool
    booking: BookingReply | UnsetType = UNSET


class AppointmentReminder(Addressed, frozen=True, kw_only=True):
    """The booking begins in `starts_in` seconds."""

    booking: BookingReply
    starts_in: int


class WaitlistOffer(Addressed, frozen=True, kw_only=True):
    """Time has become free that the user waits for."""

    offer: OfferReply


_TIME: Final = "2026-11-20T09:30:00.000Z"
_INBOX: Final = {"event_id": "evt_01KAFZ0000000000000000000", "inbox_seq": 18}
_BOOKING: Final = {
    "id": "bkg_01KAFZ0000000000000000000",
    "therapist_id": "tess",
    "client_id": "alice",
    "start": _TIME,
    "end": "2026-11-20T10:20:00.000Z",
    "tz": "Europe/Berlin",
    "status": "confirmed",
    "participants": ["alice", "tess"],
    "version": 1,
    "created_at": "2026-11-18T08:00:00.000Z",
    "updated_at": "2026-11-18T08:00:00.000Z",
    "service_id": "talk",
}
_OFFER: Final = {
    "offer_id": "ofr_01KAFZ0000000000000000000",
    "entry_id": "wait_01KAFZ000000000000000000",
    "therapist_id": "tess",
    "service_id": "talk",
    "start": _TIME,
    "end": "2026-11-20T10:20:00.000Z",
    "expires_at": "2026-11-19T09:30:00.000Z",
}
_BOTH: Final = "every socket of the client and of the therapist, now or when they next connect"

CALENDAR_EVENTS: Final = (
    ServerEvent(
        name="availability_changed",
        payload=AvailabilityChanged,
        audience="sockets that watch the calendar (`watch_calendar`)",
        description="Never whose time it is.",
        example={
            "therapist_id": "tess",
            "version": 7,
            "changes": [{"start": _TIME, "end": "2026-11-20T10:20:00.000Z", "state": "busy"}],
        },
    ),
    ServerEvent("booking_updated", BookingUpdated, _BOTH, example={"booking": _BOOKING, "change": "created"} | _INBOX),
    ServerEvent(
        "booking_notification", BookingNotification, _BOTH, example={"success": True, "booking": _BOOKING} | _INBOX
    ),
    ServerEvent(
        "appointment_reminder", AppointmentReminder, _BOTH, example={"booking": _BOOKING, "starts_in": 3600} | _INBOX
    ),
    ServerEvent(
        "waitlist_offer",
        WaitlistOffer,
        "every socket of whoever waits, now or when they next connect",
        example={"offer": _OFFER} | _INBOX,
    ),
)
