"""What follows from events of bookings: both sides find every change and every reminder in their mailboxes."""

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.calendars.booking.answers import shown
from actors.calendars.booking.events import BookingChanged, Reminded, Restated
from actors.calendars.booking.state import BookingDetails
from actors.calendars.series.commands import FirstTold
from actors.inboxes.commands import LetterItem
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.payments.bill.letters import BookingTold
from actors.workflows.inbox import INBOX, event_id, item, tell

BILL: Final = "bill"
TARIFF: Final = "tariff"
SERIES: Final = "series"
PAYMENTS: Final = "payments"
_pack: Final = msgspec.msgpack.Encoder().encode
_OVER: Final = ("cancelled", "no_show", "expired")  # a booking that will not take place, or did not


def tell_booking_changed(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """Client and therapist, and the therapist whose it was until now: `booking_updated`, and in the same letter
    `booking_notification`, for clients that only ask whether the booking stands."""
    event = recorded.event
    booking = shown(event.record, recorded.seq)
    stands = event.record.status not in _OVER
    beside = event_id(entity_id, recorded, "notification")
    closes_offer = event.change == "created" and bool(event.record.wish)
    return _told(
        entity_id=entity_id,
        recorded=recorded,
        people=_concerned(event),
        name="booking_updated",
        payload={"booking": booking, "change": event.change},
        also=(item(beside, "booking_notification", {"success": stands, "booking": booking}),),
        first_place=len(event.verdicts) + closes_offer,
    )


def tell_reminder(entity_id: str, recorded: Recorded[Reminded]) -> Owed:
    """Client and therapist, some time before it begins: `appointment_reminder`."""
    event, record = recorded.event, recorded.event.record
    payload = {"booking": shown(record, recorded.seq), "starts_in": event.starts_in_ms // 1000}
    return _told(
        entity_id=entity_id,
        recorded=recorded,
        people=[record.client, record.therapist],
        name="appointment_reminder",
        payload=payload,
    )


def _concerned(event: BookingChanged) -> list[str]:
    parted = event.record.former if event.change == "transferred" else ""
    return [event.record.client, event.record.therapist, parted]


def _told(
    entity_id: str,
    recorded: Recorded[BookingChanged] | Recorded[Reminded],
    people: list[str],
    name: str,
    payload: Mapping[str, object],
    *,
    also: tuple[LetterItem, ...] = (),
    first_place: int = 0,
) -> Owed:
    users = [user for user in dict.fromkeys(people) if user]
    return Owed(tell(users, event_id(entity_id, recorded), name, payload, also=also), first_place=first_place)


def open_booking_bill(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """The bill of a booking that is made: it is opened, should nobody have done so."""
    event = recorded.event
    if not event.bill:
        return NOTHING
    owner = event.author if event.secret is not None else ""
    return Owed([Letter(f"{BILL}:{event.record.bill}", event.bill, event.secret, owner)])


def tell_booking_bill(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """The bill of a booking: what has become of it, and so of the money."""
    event = recorded.event
    if not event.record.bill or event.change == "created":
        return NOTHING
    return Owed([_bill_told(event.record, recorded.at_ms, by_client=event.by_client)])


def tell_booking_bill_again(entity_id: str, recorded: Recorded[Restated]) -> Owed:
    """The bill whose money came for a booking that does not wait for it: what that is by now."""
    record = recorded.event.record
    return Owed([_bill_told(record, recorded.at_ms, by_client=False)] if record.bill else ())


def tell_series_of_first(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """The series of a booking that had to be paid: it was, or it is gone, and the others with it."""
    record, change = recorded.event.record, recorded.event.change
    paid = change in ("confirmed", "requested")
    if not (record.series and record.terms.prepaid and (paid or record.status in ("cancelled", "expired"))):
        return NOTHING
    return Owed([Letter(f"{SERIES}:{record.series}", _pack(FirstTold(record.id, paid)))])


def move_booking_bill(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """The tariff of the therapist to whom a session was handed: the bill is to be told their split."""
    event = recorded.event
    if not event.record.bill or event.change != "transferred":
        return NOTHING
    told = {"type": "split", "bill": event.record.bill, "therapist": event.record.therapist}
    return Owed([Letter(f"{TARIFF}:{event.record.therapist}", _pack(told))])


def _bill_told(record: BookingDetails, at_ms: int, *, by_client: bool) -> Letter:
    told = BookingTold(status=record.status, at=at_ms, start=record.start, end=record.end, by_client=by_client)
    return Letter(f"{BILL}:{record.bill}", _pack(told))


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_booking_changed", "booking", BookingChanged, tell_booking_changed, to=(INBOX,)),
    Reaction("tell_reminder", "booking", Reminded, tell_reminder, to=(INBOX,)),
    Reaction("open_booking_bill", "booking", BookingChanged, open_booking_bill, to=(BILL,), feature=PAYMENTS),
    Reaction("tell_booking_bill", "booking", BookingChanged, tell_booking_bill, to=(BILL,), feature=PAYMENTS),
    Reaction("tell_booking_bill_again", "booking", Restated, tell_booking_bill_again, to=(BILL,), feature=PAYMENTS),
    Reaction("tell_series_of_first", "booking", BookingChanged, tell_series_of_first, to=(SERIES,)),
    Reaction("move_booking_bill", "booking", BookingChanged, move_booking_bill, to=(TARIFF,), feature=PAYMENTS),
]
