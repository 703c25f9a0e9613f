"""Series as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.calendars.booking.commands import CancelBooking, ConfirmBooking
from actors.calendars.series.commands import SeriesCommand
from actors.calendars.series.entity import Series
from actors.calendars.series.events import FirstDecided, SeriesBegun, SeriesEvent, SeriesOutcomeDecided
from actors.calendars.series.state import SeriesState
from actors.kernel.contract.entity import Effects, Kind, Letter, Principal, Recorded, Shown
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode


class SeriesKind(Kind[Series, SeriesCommand, SeriesEvent]):
    """`series:<id>`."""

    name = "series"
    commands = SeriesCommand
    events = SeriesEvent

    @override
    def create(self, key: str) -> Series:
        return Series(key)

    @override
    def snapshot(self, entity: Series) -> bytes:
        status, staff = entity.status, entity.staff
        return _pack(
            SeriesState(
                definition=entity.definition,
                bookings=entity.bookings,
                renounced=entity.renounced,
                status=status,
                staff=staff,
                assigned=entity.assigned,
                first=entity.first,
                told=entity.told,
            )
        )

    @override
    def restore(self, key: str, state: bytes) -> Series:
        series = Series(key)
        kept = msgspec.msgpack.decode(state, type=SeriesState)
        series.definition, series.bookings, series.renounced = kept.definition, kept.bookings, kept.renounced
        series.status, series.staff, series.assigned = kept.status, kept.staff, kept.assigned
        series.first, series.told = kept.first, kept.told
        return series

    @override
    def admit(self, entity: Series, by: Principal) -> None:
        """Raises PermissionDenied: its bookings are told one by one, in inboxes."""
        raise PermissionDenied("Series cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[SeriesEvent], part: None) -> Shown | None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[SeriesEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case FirstDecided():
                answer = _pack(ConfirmBooking(staff=event.staff) if event.paid else CancelBooking("payment"))
                return Effects(letters=[Letter(f"booking:{booking}", answer) for booking in event.others])
            case SeriesBegun() if event.held and not event.first:
                confirm = _pack(ConfirmBooking(staff=event.staff))
                return Effects(letters=[Letter(f"booking:{booking}", confirm) for booking in event.bookings])
            case SeriesOutcomeDecided():
                answer = _pack(ConfirmBooking(staff=event.staff) if event.needed else CancelBooking("other"))
                return Effects(letters=[Letter(f"booking:{event.booking}", answer)])
        return None
