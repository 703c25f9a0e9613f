"""Bookings as the kernel sees them: read models, and letters to calendars, series and the waitlist."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.calendars.booking.answers import shown, with_words
from actors.calendars.booking.commands import BookingCommand, OpenBooking, ReadBooking
from actors.calendars.booking.entity import Booking
from actors.calendars.booking.events import BookingChanged, BookingEvent, HoldInDoubt, Noted, OutcomeDecided
from actors.calendars.booking.state import BookingState
from actors.calendars.booking.views import BOOKINGS, TEXTS, view_of, words_of
from actors.calendars.calendar.commands import NAME
from actors.calendars.calendar.reservations import ConfirmOrCancel
from actors.calendars.series.commands import QuerySeriesOutcome
from actors.calendars.waitlist.commands import CloseOffer
from actors.kernel.contract.entity import Effects, Kind, Letter, Library, Principal, Recorded, Shown
from common.errors import PermissionDenied
from store.ports.views import Index, View

_pack: Final = msgspec.msgpack.Encoder().encode


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

    @override
    def create(self, key: str) -> Booking:
        return Booking(key)

    @override
    def assume_new(self, command: BookingCommand) -> bool:
        """Whoever opens one made its id for it, or has looked for it before."""
        return isinstance(command, OpenBooking)

    @override
    def snapshot(self, entity: Booking) -> bytes:
        return _pack(BookingState(entity.record, sorted(entity.dead), entity.assigned, entity.reminded))

    @override
    def restore(self, key: str, state: bytes) -> Booking:
        booking = Booking(key)
        kept = msgspec.msgpack.decode(state, type=BookingState)
        booking.record, booking.dead, booking.assigned = kept.record, set(kept.dead), kept.assigned
        booking.reminded = kept.reminded
        return booking

    @override
    def admit(self, entity: Booking, by: Principal) -> None:
        """Raises PermissionDenied: what concerns people about a booking is in their inboxes."""
        raise PermissionDenied("Bookings cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[BookingEvent], part: None) -> Shown | None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[BookingEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case Noted():
                view = View(
                    collection=TEXTS,
                    id=f"{_key(entity_id)}|{event.name}",
                    version=recorded.seq,
                    fields={},
                    data=b"",
                    secret=event.secret,
                )
                return Effects(views=[view], owner=event.author)
            case HoldInDoubt():
                vouch = _pack(QuerySeriesOutcome(_key(entity_id)))
                return Effects(letters=[Letter(f"series:{event.series}", vouch)])
            case OutcomeDecided():
                verdict = event.verdict
                return Effects(letters=[Letter(verdict.entity, _pack(ConfirmOrCancel(verdict.key, verdict.outcome)))])
            case BookingChanged():
                letters = [Letter(one.entity, _pack(ConfirmOrCancel(one.key, one.outcome))) for one in event.verdicts]
                if event.change == "created" and event.record.wish:
                    letters.append(Letter(NAME, _pack(CloseOffer(event.record.id, event.record.wish))))
                return Effects(views=[view_of(event.record, recorded.seq)], letters=letters)
        return None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, ReadBooking):
            return await super().read(query, entity_id, version, library)
        return with_words(shown(query.record, query.version), await words_of(library, query.record.id))


def _key(entity_id: str) -> str:
    return entity_id.partition(":")[2]
