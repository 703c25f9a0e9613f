"""Bookings as the kernel sees them: read models, letters to calendars, letters to people."""

from typing import Any, Final

import msgspec

from actors.calendars.booking.entity import Booking
from actors.calendars.booking.messages import (
    Answered,
    BookingChanged,
    BookingCommand,
    BookingEvent,
    Doubted,
    Noted,
    OpenBooking,
    ReadBooking,
    Reminded,
)
from actors.calendars.booking.record import Record, event_id, shown
from actors.calendars.calendar.reservations import Settle
from actors.calendars.series.entity import Vouch
from actors.calendars.waitlist.messages import NAME, Close
from actors.kernel.contract.entity import Effects, Kind, Letter, Library, Principal, Recorded, Shown
from common.errors import PermissionDenied
from store.ports.views import Index, View

BOOKINGS: Final = "bookings"
TEXTS: Final = "booking_texts"
_NAMES: Final = ("notes", "reason", "override_reason")
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


class Deliver(msgspec.Struct, frozen=True, tag="deliver"):
    """The command of an inbox, as it travels. One kind never imports another; a test holds the two together."""

    event_id: str
    name: str
    payload: bytes  # a JSON object


class _State(msgspec.Struct, array_like=True):
    record: Record | None
    dead: list[str]
    assigned: str = ""


class BookingKind(Kind[Booking, BookingCommand, BookingEvent]):
    """`booking:<id>`."""

    name = "booking"
    commands = BookingCommand
    events = BookingEvent
    multi_step = True
    indexes = (
        Index(BOOKINGS, ("client", "order")),
        Index(BOOKINGS, ("therapist", "order")),
        Index(BOOKINGS, ("client", "status", "order")),
        Index(BOOKINGS, ("therapist", "status", "order")),
        Index(BOOKINGS, ("series", "order")),
    )

    def create(self, key: str) -> Booking:
        return Booking(key)

    def assume_new(self, command: Any) -> bool:
        """Whoever opens one made its id for it, or has looked for it before."""
        return isinstance(command, OpenBooking)

    def snapshot(self, entity: Booking) -> bytes:
        return _pack(_State(entity.record, sorted(entity.dead), entity.assigned))

    def restore(self, key: str, state: bytes) -> Booking:
        booking = Booking(key)
        kept = msgspec.msgpack.decode(state, type=_State)
        booking.record, booking.dead, booking.assigned = kept.record, set(kept.dead), kept.assigned
        return booking

    def admit(self, entity: Booking, by: Principal) -> None:
        """Raises PermissionDenied: what concerns people about a booking is in their inboxes."""
        raise PermissionDenied("Bookings cannot be listened to.")

    def show(self, entity_id: str, recorded: Recorded[BookingEvent], part: None) -> Shown | None:
        return None

    def effects(self, entity_id: str, recorded: Recorded[BookingEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case Noted():
                view = View(TEXTS, f"{_key(entity_id)}|{event.name}", recorded.seq, {}, b"", event.secret)
                return Effects(views=[view], owner=event.author)
            case Doubted():
                vouch = _pack(Vouch(_key(entity_id)))
                return Effects(letters=[Letter(f"series:{event.series}", vouch)])
            case Answered():
                verdict = event.verdict
                return Effects(letters=[Letter(verdict.entity, _pack(Settle(verdict.key, verdict.outcome)))])
            case Reminded():
                payload = {"booking": shown(event.record, recorded.seq), "starts_in": event.starts_in_ms // 1000}
                return Effects(letters=_told(entity_id, recorded, event.record, "appointment_reminder", payload))
            case BookingChanged():
                payload = {"booking": shown(event.record, recorded.seq), "change": event.change}
                letters = [Letter(one.entity, _pack(Settle(one.key, one.outcome))) for one in event.verdicts]
                if event.change == "created" and event.record.wish:
                    letters.append(Letter(NAME, _pack(Close(event.record.id, event.record.wish))))
                parted = event.record.former if event.change == "transferred" else ""
                letters += _told(entity_id, recorded, event.record, "booking_updated", payload, parted)
                return Effects(views=[view_of(event.record, recorded.seq)], letters=letters)
        return None

    async def read(self, query: Any, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, ReadBooking):
            return await super().read(query, entity_id, version, library)
        return shown(query.record, query.version, await texts_of(library, query.record.id))


async def texts_of(library: Any, booking_id: str) -> dict[str, str]:
    """The words about a booking that are there and can be opened. `library` opens secrets (`Library.view`)."""
    views = await library.view(TEXTS, [f"{booking_id}|{name}" for name in _NAMES])
    found = {view.id.rpartition("|")[2]: (view.secret or b"").decode() for view in views.values()}
    if reason := found.pop("reason", ""):
        found["cancel_reason"] = reason
    return found


def view_of(record: Record, version: int) -> View:
    """The booking in the read model. `order` sorts by start; the id breaks ties."""
    fields: dict[str, str | int | bool | None] = {
        "client": record.client,
        "therapist": record.therapist,
        "service": record.service,
        "status": record.status,
        "series": record.series,
        "order": order_of(record.start, record.id),
    }
    return View(BOOKINGS, record.id, version, fields, _pack(record))


def order_of(start: int, booking_id: str = "") -> str:
    """What bookings are sorted by."""
    return f"{start + 10**13:014d}|{booking_id}"


def record_in(view: View) -> Record:
    """The inverse of `view_of`."""
    return msgspec.msgpack.decode(view.data, type=Record)


def _told(
    entity_id: str,
    recorded: Recorded[BookingEvent],
    record: Record,
    name: str,
    payload: dict[str, Any],
    parted: str = "",
) -> list[Letter]:
    """To the mailboxes of client and therapist, and of the therapist whose it was until now."""
    made = event_id(entity_id, recorded.seq, recorded.at_ms)
    command = _pack(Deliver(made, name, _to_json(payload)))
    people = dict.fromkeys((record.client, record.therapist, parted))
    return [Letter(f"user:{user}", command) for user in people if user]


def _key(entity_id: str) -> str:
    return entity_id.partition(":")[2]
