"""Free times as clients ask for them."""

from typing import Any

from actors.calendars.contract.queries import AvailabilityQuery
from actors.calendars.services.bookings import Bookings
from actors.kernel.contract.entity import Principal


async def free_times(
    bookings: Bookings, calendar: str, query: AvailabilityQuery, *, by: Principal, trace: str = ""
) -> dict[str, Any]:
    """`{therapist_id, version, tz, slots, refused?}`.

    Raises:
        CarewireError: as `Bookings.availability`, or there is no such zone.
    """
    zone = query.zone()
    found, _ = await bookings.availability(calendar, query.command(by), by=by, trace=trace)
    return found if zone is None else found | {"tz": zone}
