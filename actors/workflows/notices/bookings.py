"""What people are told of bookings while they do not look. Each notification is about the booking at a version, so a
reminder or a confirmation that comes late never follows a cancellation. The bookings of a series are told as one."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from actors.calendars.booking.events import BookingChanged, Reminded
from actors.calendars.booking.state import BookingDetails
from actors.calendars.waitlist.events import OfferMade
from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.workflows.notify import FEATURE, NOTIFIER, outcome_of, told

_CONFIRMED: Final = "booking_confirmed"
_CHANGED: Final = "booking_changed"
_CANCELLED: Final = "booking_cancelled"
_TYPES: Final[Mapping[str, str]] = {
    "confirmed": _CONFIRMED,
    "rescheduled": _CHANGED,
    "transferred": _CHANGED,
    "updated": _CHANGED,
    "declined": _CANCELLED,
    "cancelled": _CANCELLED,
}
"""What each change is told as. A hold is nobody's news, nor is that it expired."""
_EXPIRED: Final = "expired"
_OVER: Final = ("completed", "no_show", _EXPIRED)


class BookingNotice(NamedTuple):
    """Who is told what of a change."""

    name: str
    users: tuple[str, ...]


def notify_booking(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """Client and therapist, of what became of the booking; whoever must answer a request, of that. What is over takes
    back what was told of it, and the question how it went."""
    event, version = recorded.event, recorded.seq
    if event.change in _OVER:
        withdrawn = Tell(name=_CHANGED, subject=_subject(event.record, version), withdraw=True)
        letters = told((event.record.client, event.record.therapist), withdrawn)
        if event.change != _EXPIRED:
            answered = Tell(name="session_outcome", subject=outcome_of(event.record.id, version), withdraw=True)
            letters += told((event.record.therapist,), answered)
        return Owed(letters)
    change = _told_of(event)
    if change is None:
        return NOTHING
    return Owed(told(change.users, _of_booking(change.name, event.record, version)))


def notify_reminder(entity_id: str, recorded: Recorded[Reminded]) -> Owed:
    """Client and therapist: it begins soon. Not worth telling once it has begun."""
    record = recorded.event.record
    reminder = _of_booking("appointment_reminder", record, recorded.seq, expires_at_ms=record.start)
    return Owed(told((record.client, record.therapist), reminder))


def notify_offer(entity_id: str, recorded: Recorded[OfferMade]) -> Owed:
    """Who waits for it: a time is theirs to take, until it lapses."""
    offer = recorded.event.offer
    tell = Tell(
        name="waitlist_offer",
        subject=Subject("offer", offer.id, recorded.seq),
        values={"starts_at_ms": offer.start, "ends_at_ms": offer.end, "expires_at_ms": offer.expires},
        expires_at_ms=offer.expires,
    )
    return Owed(told((offer.client,), tell))


def _told_of(event: BookingChanged) -> BookingNotice | None:
    record = event.record
    both = (record.client, record.therapist)
    if record.status == "pending" and event.change in ("requested", "created", "counter_offered"):
        return BookingNotice("booking_requested", (record.client if record.awaiting == "client" else record.therapist,))
    if event.change == "created":
        return BookingNotice(_CONFIRMED, both) if record.status == "confirmed" else None
    name = _TYPES.get(event.change)
    parted = (record.former,) if event.change == "transferred" and record.former else ()
    return None if name is None else BookingNotice(name, (*both, *parted))


def _of_booking(name: str, record: BookingDetails, version: int, *, expires_at_ms: int = 0) -> Tell:
    series = f"series:{record.series}:{name}" if record.series and name in (_CONFIRMED, _CANCELLED) else ""
    return Tell(
        name=name,
        subject=_subject(record, version),
        group=series,
        values={"starts_at_ms": record.start, "ends_at_ms": record.end, "zone": record.tz},
        expires_at_ms=expires_at_ms,
    )


def _subject(record: BookingDetails, version: int) -> Subject:
    return Subject("booking", record.id, version)


BOOKINGS: Final[list[AnyReaction]] = [
    Reaction("notify_booking", "booking", BookingChanged, notify_booking, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_reminder", "booking", Reminded, notify_reminder, to=(NOTIFIER,), feature=FEATURE),
]
OFFERS: Final[list[AnyReaction]] = [
    Reaction("notify_offer", "waitlist", OfferMade, notify_offer, to=(NOTIFIER,), feature=FEATURE)
]
