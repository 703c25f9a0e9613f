"""Partial change of a booking or a series: what needs another time goes one way, what does not the other."""

from actors.calendars.booking.answers import BookingReply
from actors.calendars.contract.replies import SeriesReply
from actors.calendars.contract.requests import PatchBody, SeriesPatch
from actors.calendars.hours.versions import ANY, Versions
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.series import SeriesService
from actors.kernel.contract.entity import Principal
from common import timeline
from common.errors import InvalidArgument


async def patch(
    bookings: Bookings, booking: str, body: PatchBody, *, by: Principal, trace: str = "", versions: Versions = ANY
) -> BookingReply:
    """Change what is there. When the new time cannot be had, nothing is changed. `versions`: of what is there.

    Raises:
        CarewireError: as `Bookings.move` and `Bookings.amend`.
    """
    answer: BookingReply | None = None
    if (change := body.change()) is not None:
        answer = await bookings.move(booking, change, by=by, trace=trace, versions=versions)
        versions = ANY
    if body.notes is not None or body.participants is not None:
        answer = await bookings.amend(booking, body.notes, body.participants, by=by, trace=trace, versions=versions)
    return answer if answer is not None else await bookings.get(booking, by=by, trace=trace)


async def patch_series(service: SeriesService, series: str, body: SeriesPatch, *, by: Principal) -> SeriesReply:
    """Pause a series, let it go on, or move some of it.

    Raises:
        InvalidArgument: it says neither, or both.
        CarewireError: as `SeriesService.turn` and `SeriesService.move`.
    """
    moves = (body.booking_id, body.start) != (None, None)
    if body.status is not None and not moves:
        return await service.turn(series, body.status, by=by)
    if body.status is not None or body.booking_id is None or body.start is None:
        raise InvalidArgument("Send either status, or booking_id and start.", details={"field": "booking_id"})
    start = timeline.parse_instant(body.start)
    return await service.move(
        series, body.scope, body.booking_id, start, policy=body.policy, dry_run=body.dry_run, by=by
    )
