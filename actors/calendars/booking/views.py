"""The read models of bookings."""

from typing import Final

import msgspec

from actors.calendars.booking.state import BookingDetails
from actors.kernel.contract.entity import Library
from store.ports.views import View

BOOKINGS: Final = "bookings"


TEXTS: Final = "booking_texts"


_NAMES: Final = ("notes", "reason", "override_reason")


async def words_of(library: Library, booking_id: str) -> dict[str, str]:
    """The words about a booking that are there and can be opened. `library` opens secrets (`Library.view`)."""
    views = await library.view(TEXTS, [f"{booking_id}|{name}" for name in _NAMES])
    return {view.id.rpartition("|")[2]: (view.secret or b"").decode() for view in views.values()}


def view_of(record: BookingDetails, version: int) -> View:
    """The booking in the read model. `order` sorts by start; the id breaks ties."""
    fields: dict[str, str | int | bool | None] = {
        "client": record.client,
        "therapist": record.therapist,
        "service": record.service,
        "status": record.status,
        "series": record.series,
        "order": order_of(record.start, record.id),
    }
    return View(collection=BOOKINGS, id=record.id, version=version, fields=fields, data=msgspec.msgpack.encode(record))


def order_of(start: int, booking_id: str = "") -> str:
    """The sort key of bookings."""
    return f"{start + 10**13:014d}|{booking_id}"


def record_in(view: View) -> BookingDetails:
    """The inverse of `view_of`."""
    return msgspec.msgpack.decode(view.data, type=BookingDetails)
