"""Reminders of a booking: which there are, and one by hand."""

from collections.abc import Iterator
from typing import Any, Final

from actors.calendars.booking.reminders import ReminderList
from actors.calendars.services.bookings import Bookings
from common.errors import FailedPrecondition, NotFound
from serve_app.capabilities.calendars import requests
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result

_PATH: Final = "/api/bookings/{booking_id}/reminders"
_OF: Final = {"booking_id": "bkg_01KAFZ0000000000000000000A"}
_LIST: Final[dict[str, Any]] = {
    "reminders": [
        {"at": "2026-11-19T09:30:00.000Z", "state": "sent"},
        {"at": "2026-11-20T08:30:00.000Z", "state": "planned"},
    ]
}


def reminder_operations(bookings: Bookings) -> Iterator[Operation[Any]]:
    """Section "Reminders" of the contract."""

    async def listed(request: requests.OfBooking, caller: Caller) -> Result:
        found = await bookings.reminders(request.booking_id, by=caller.by, trace=caller.trace)
        return Result(found, persons=[(await bookings.record(request.booking_id)).client])

    async def send(request: requests.OfBooking, caller: Caller) -> ReminderList:
        return await bookings.remind(request.booking_id, by=caller.by, trace=caller.trace)

    yield Operation(
        name="list_reminders",
        action="booking.read",
        request=requests.OfBooking,
        call=listed,
        rest=Rest("GET", _PATH, tag="bookings"),
        limit="read",
        response=ReminderList,
        resource=("booking_id",),
        refuses=(NotFound,),
        example=Example(_OF, _LIST),
        description="What is sent before a booking, what has been, and what is not sent and why.",
    )
    yield Operation(
        name="send_reminder",
        action="booking.remind",
        request=requests.OfBooking,
        call=send,
        rest=Rest("POST", _PATH, tag="bookings"),
        limit="write",
        response=ReminderList,
        resource=("booking_id",),
        refuses=(FailedPrecondition, NotFound),
        example=Example(_OF, _LIST),
        description="Remind of a booking now: for its therapist, at most three times a booking.",
    )
