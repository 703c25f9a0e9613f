"""What follows from events of bookings: both sides find every change and every reminder in their mailboxes."""

from collections.abc import Mapping
from typing import Final

from actors.calendars.booking.answers import shown
from actors.calendars.booking.events import BookingChanged, Reminded
from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.workflows.inbox import INBOX, event_id, tell


def tell_booking_changed(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """Client and therapist, and the therapist whose it was until now: `booking_updated`."""
    event = recorded.event
    payload = {"booking": shown(event.record, recorded.seq), "change": event.change}
    parted = event.record.former if event.change == "transferred" else ""
    closes_offer = event.change == "created" and bool(event.record.wish)
    return _told(
        entity_id,
        recorded,
        [event.record.client, event.record.therapist, parted],
        "booking_updated",
        payload,
        first_place=len(event.verdicts) + closes_offer,
    )


def tell_reminder(entity_id: str, recorded: Recorded[Reminded]) -> Owed:
    """Client and therapist, some time before it begins: `appointment_reminder`."""
    event, record = recorded.event, recorded.event.record
    payload = {"booking": shown(record, recorded.seq), "starts_in": event.starts_in_ms // 1000}
    return _told(entity_id, recorded, [record.client, record.therapist], "appointment_reminder", payload)


def _told(
    entity_id: str,
    recorded: Recorded[BookingChanged] | Recorded[Reminded],
    people: list[str],
    name: str,
    payload: Mapping[str, object],
    *,
    first_place: int = 0,
) -> Owed:
    users = [user for user in dict.fromkeys(people) if user]
    return Owed(tell(users, event_id(entity_id, recorded), name, payload), first_place=first_place)


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_booking_changed", "booking", BookingChanged, tell_booking_changed, to=(INBOX,)),
    Reaction("tell_reminder", "booking", Reminded, tell_reminder, to=(INBOX,)),
]
