"""Partial change of a booking: what needs another time goes one way, what does not the other."""

from typing import Any

from actors.calendars.requests import PatchBody
from actors.calendars.service import Bookings
from actors.kernel.entity import Principal


async def patch(bookings: Bookings, booking: str, body: PatchBody, *, by: Principal, trace: str = "") -> dict[str, Any]:
    """Change what is there. When the new time cannot be had, nothing is changed.

    Raises:
        CarewireError: as `Bookings.move` and `Bookings.amend`.
    """
    answer: dict[str, Any] | None = None
    if (change := body.change()) is not None:
        answer = await bookings.move(booking, change, by=by, trace=trace)
    if body.notes is not None or body.participants is not None:
        answer = await bookings.amend(booking, body.notes, body.participants, by=by, trace=trace)
    return answer if answer is not None else await bookings.get(booking, by=by, trace=trace)
