"""Bookings: of whoever they are for, and of whoever runs the calendar."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from actors.calendars.booking.events import BookingChanged, Restated
from actors.calendars.booking.state import BookingDetails
from actors.calendars.booking.views import BOOKINGS, record_in
from serve_app.capabilities.search.port import Among, Delete, Key
from serve_app.capabilities.search.sources.entry import Entry, Fed, Opened, Reader, Scope, Values
from serve_app.follower.consumer import Turned
from store.ports.views import Views

TYPE: Final = "appointments"
NamesOf = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""How people are called, where that is known."""


class BookingFeeder:
    """What is booked, and with whom. Their names are those of the moment of the booking's last change."""

    kinds = frozenset({"booking"})

    def __init__(self, names: NamesOf) -> None:
        self._names = names

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """See `Feeder.read`."""
        changes = [one for one in turned.recorded if one.seq and isinstance(one.event, BookingChanged | Restated)]
        return [await self._fed(one.event.record, one.seq) for one in changes[-1:]]

    async def _fed(self, record: BookingDetails, version: int) -> Fed:
        key = Key(TYPE, record.id)
        if record.status == "expired":
            return Delete(key, version)
        people = _people(record)
        names = await self._names(people)
        filters: Values = {
            "owner": people,
            "therapist": [record.therapist],
            "client": [record.client],
            "status": [record.status],
            "service": [record.service],
        }
        return Entry(key, version, record.start, title=title_of(record, names), filters=filters)


def _people(record: BookingDetails) -> list[str]:
    return list(dict.fromkeys([record.client, record.therapist, *record.participants]))


def title_of(record: BookingDetails, names: Mapping[str, str]) -> str:
    """The service, and who is there."""
    called = [names[one] for one in _people(record) if names.get(one)]
    return " · ".join([record.service.replace("_", " "), *called])


class AppointmentSource:
    """The bookings that somebody has a part in."""

    types: tuple[str, ...] = (TYPE,)

    def __init__(self, views: Views, names: NamesOf) -> None:
        self._views, self._names = views, names

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        return [(Among("owner", frozenset({reader.by.user})),)]

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        found = {id_: record_in(view) for id_, view in (await self._views.get(BOOKINGS, ids)).items()}
        theirs = {id_: one for id_, one in found.items() if reader.by.user in _people(one) and one.status != "expired"}
        names = await self._names(sorted({user for one in theirs.values() for user in _people(one)}))
        return {id_: _opened(one, names) for id_, one in theirs.items()}


def _opened(record: BookingDetails, names: Mapping[str, str]) -> Opened:
    return Opened(
        type=TYPE,
        id=record.id,
        title=title_of(record, names),
        at=record.start,
        user_id=record.client,
        link=f"/bookings/{record.id}",
        values={
            "therapist_id": [record.therapist],
            "client_id": [record.client],
            "status": [record.status],
            "service_id": [record.service],
        },
    )
