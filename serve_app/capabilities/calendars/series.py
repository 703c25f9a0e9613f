"""Series: bookings that recur."""

from collections.abc import Iterator
from typing import Any

from actors.calendars.contract.replies import SeriesReply
from actors.calendars.contract.requests import SeriesBody
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.patching import patch_series
from serve_app.capabilities.calendars import examples, requests
from serve_app.capabilities.calendars.shared import DETAILS, REFUSES
from serve_app.edge.operation import Caller, Operation, Rest, Result


def series(services: CalendarServices) -> Iterator[Operation[Any]]:
    """Section "Calendars and bookings" of the contract, as far as it is about series."""
    service = services.series

    async def create(request: SeriesBody, caller: Caller) -> Result:
        made = await service.create(
            request.request(services.bookings.key_of(caller.by, caller.idempotency_key, "ser")),
            request.rrule,
            request.exceptions,
            request.policy,
            dry_run=request.dry_run,
            by=caller.by,
        )
        return Result(made, status=201 if made.series_id else 200)

    yield Operation(
        name="create_series",
        action="series.create",
        request=SeriesBody,
        call=create,
        rest=Rest("POST", "/api/series", statuses=(201,), tag="bookings"),
        limit="write",
        response=SeriesReply,
        resource=("therapist_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.CREATE_SERIES,
        description="Check every occurrence, then make them (`all` or those that are `available`), or only tell"
        " (`dry_run`, 200). 409: with `all`, one time cannot be had, so nothing is booked; `occurrences` says what"
        " stands against each.",
    )
    yield Operation(
        name="get_series",
        action="series.read",
        request=requests.OfSeries,
        call=lambda request, caller: service.get(request.series_id, by=caller.by),
        rest=Rest("GET", "/api/series/{series_id}", tag="bookings"),
        limit="read",
        response=SeriesReply,
        resource=("series_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.GET_SERIES,
        description="A series, and what became of each occurrence.",
    )
    yield Operation(
        name="update_series",
        action="series.manage",
        request=requests.UpdateSeries,
        call=lambda request, caller: patch_series(service, request.series_id, request, by=caller.by),
        rest=Rest("PATCH", "/api/series/{series_id}", tag="bookings"),
        limit="write",
        response=SeriesReply,
        resource=("booking_id", "series_id"),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.UPDATE_SERIES,
        description="Move this, this and following, or all occurrences; pause the series, or let it go on. 409: with"
        " `all`, one of them cannot be moved, so none is; `occurrences` says what stands against each.",
    )
    yield Operation(
        name="delete_series",
        action="series.manage",
        request=requests.OfSeries,
        call=lambda request, caller: service.turn(request.series_id, "ended", by=caller.by),
        rest=Rest("DELETE", "/api/series/{series_id}", tag="bookings"),
        limit="write",
        response=SeriesReply,
        resource=("series_id",),
        error_details=DETAILS,
        refuses=REFUSES,
        example=examples.DELETE_SERIES,
        description="Cancel what lies ahead, for good.",
    )
