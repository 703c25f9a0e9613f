"""Routes of bookings, series and the waitlist."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from actors.calendars.booking.answers import BookingReply
from actors.calendars.booking.state import Status
from actors.calendars.contract import replies, requests
from actors.calendars.contract.queries import ListQuery
from actors.calendars.contract.requests import WaitlistBody
from actors.calendars.services.assembly import CalendarServices
from actors.calendars.services.patching import patch as change
from actors.calendars.services.patching import patch_series
from actors.calendars.waitlist.answers import Standing, WaitlistReply
from actors.calendars.waitlist.answers import WaitlistFigures as WaitlistFiguresReply
from actors.kernel.contract.entity import Principal
from common.ids import ID_PATTERN
from common.persons import NothingToTell
from serve_app.capabilities.calendars.answers import ERRORS, CalendarRoute, answer
from serve_app.capabilities.calendars.bodies import MaybeSince, MaybeUntil, body_of, documented, operation_of
from serve_app.edge.conventions.permits import permit
from serve_app.edge.conventions.readings import tells

Id = Annotated[str, Path(pattern=ID_PATTERN)]
BookingCreate = Annotated[Principal, permit("booking.create")]
BookingRead = Annotated[Principal, permit("booking.read")]
BookingClose = Annotated[Principal, permit("booking.close")]
BookingReschedule = Annotated[Principal, permit("booking.reschedule")]
BookingConfirm = Annotated[Principal, permit("booking.confirm")]
BookingTransfer = Annotated[Principal, permit("booking.transfer")]
BookingCancel = Annotated[Principal, permit("booking.cancel")]
SeriesCreate = Annotated[Principal, permit("series.create")]
SeriesRead = Annotated[Principal, permit("series.read")]
SeriesManage = Annotated[Principal, permit("series.manage")]
WaitlistJoin = Annotated[Principal, permit("waitlist.join")]
WaitlistRead = Annotated[Principal, permit("waitlist.read")]
WaitlistFigures = Annotated[Principal, permit("waitlist.figures")]
WaitlistLeave = Annotated[Principal, permit("waitlist.leave")]
MaybeId = Annotated[str | None, Query(pattern=ID_PATTERN)]
Limit = Annotated[int, Query(ge=1, le=200)]


def booking_routes(services: CalendarServices) -> APIRouter:
    """The routes of single bookings, and of many."""
    router = APIRouter(prefix="/api/bookings", tags=["bookings"], responses=ERRORS, route_class=CalendarRoute)
    bookings = services.bookings

    def trace(request: Request) -> str:
        return str(request.scope.get("request_id", ""))

    @router.post("", status_code=201, openapi_extra=documented(requests.BookingBody))
    @tells(BookingReply)
    async def book(request: Request, by: BookingCreate) -> Response:
        """Book a time, or hold it. 409: all reasons, and alternatives that can be booked as they are."""
        body = await body_of(request, requests.BookingBody)
        name = operation_of(request, by) or body.request_id
        wanted = body.request(bookings.key_of(by, name))
        return answer(await bookings.book(wanted, by=by, trace=trace(request)), 201)

    @router.get("")
    @tells(replies.BookingPage)
    async def page(
        by: BookingRead,
        therapist_id: MaybeId = None,
        client_id: MaybeId = None,
        series_id: MaybeId = None,
        status: Status | None = None,
        since: MaybeSince = None,
        until: MaybeUntil = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        """Bookings by start: one's own, or (for staff) those of a calendar or a client."""
        asked = ListQuery(
            therapist_id=therapist_id,
            client_id=client_id,
            series_id=series_id,
            status=status,
            since=since,
            until=until,
            cursor=cursor,
            limit=limit,
        )
        return answer(await services.queries.page(asked.wanted(), by=by))

    @router.post("/check", openapi_extra=documented(requests.BookingBody))
    @tells(replies.Checked)
    async def check(request: Request, by: BookingCreate) -> Response:
        """Could this be booked? All that stands against it, and alternatives."""
        body = await body_of(request, requests.BookingBody)
        return answer(await bookings.check(body.request(), by=by))

    @router.post("/bulk", openapi_extra=documented(requests.BulkBody))
    @tells(replies.BulkReply)
    async def bulk(request: Request, by: BookingClose) -> Response:
        """Many at once, for staff: a dry run first, a result for each; a repeat does what is left."""
        return answer(await services.bulk.run(await body_of(request, requests.BulkBody), by=by))

    @router.get("/{booking_id}")
    @tells(BookingReply)
    async def one(request: Request, by: BookingRead, booking_id: Id) -> Response:
        """A booking, with its notes."""
        return answer(await bookings.get(booking_id, by=by, trace=trace(request)))

    @router.patch("/{booking_id}", openapi_extra=documented(requests.PatchBody))
    @tells(BookingReply)
    async def patch(request: Request, by: BookingReschedule, booking_id: Id) -> Response:
        """Change time, length, service, participants or notes, each alone."""
        body = await body_of(request, requests.PatchBody)
        return answer(await change(bookings, booking_id, body, by=by, trace=trace(request)))

    @router.post("/{booking_id}/confirm", openapi_extra=documented(requests.EmptyBody))
    @tells(BookingReply)
    async def confirm(request: Request, by: BookingConfirm, booking_id: Id) -> Response:
        """Turn a hold into a booking, or accept a request or a counter-offer."""
        await body_of(request, requests.EmptyBody)
        return answer(await bookings.confirm(booking_id, by=by, trace=trace(request)))

    @router.post("/{booking_id}/reschedule", openapi_extra=documented(requests.RescheduleBody))
    @tells(BookingReply)
    async def reschedule(request: Request, by: BookingReschedule, booking_id: Id) -> Response:
        """Another time: never both, never neither. For a request, staff makes a counter-offer so."""
        body = await body_of(request, requests.RescheduleBody)
        return answer(await bookings.move(booking_id, body.change(), by=by, trace=trace(request)))

    @router.post("/{booking_id}/transfer", openapi_extra=documented(requests.TransferBody))
    @tells(BookingReply)
    async def transfer(request: Request, by: BookingTransfer, booking_id: Id) -> Response:
        """Another therapist (staff only)."""
        body = await body_of(request, requests.TransferBody)
        return answer(await bookings.move(booking_id, body.change(), by=by, trace=trace(request)))

    @router.post("/{booking_id}/cancel", openapi_extra=documented(requests.ReasonBody))
    @tells(BookingReply)
    async def cancel(request: Request, by: BookingCancel, booking_id: Id) -> Response:
        """Give the time back; staff declines a request so."""
        body = await body_of(request, requests.ReasonBody)
        return answer(await bookings.cancel(booking_id, body.reason, by=by, trace=trace(request)))

    @router.post("/{booking_id}/complete", openapi_extra=documented(requests.ReasonBody))
    @tells(BookingReply)
    async def complete(request: Request, by: BookingClose, booking_id: Id) -> Response:
        """It took place (staff, once it has begun)."""
        body = await body_of(request, requests.ReasonBody)
        return answer(await bookings.finish(booking_id, "completed", body.reason, by=by, trace=trace(request)))

    @router.post("/{booking_id}/no-show", openapi_extra=documented(requests.ReasonBody))
    @tells(BookingReply)
    async def no_show(request: Request, by: BookingClose, booking_id: Id) -> Response:
        """The client did not come (staff, once it has begun)."""
        body = await body_of(request, requests.ReasonBody)
        return answer(await bookings.finish(booking_id, "no_show", body.reason, by=by, trace=trace(request)))

    return router


def series_routes(services: CalendarServices) -> APIRouter:
    """The routes of recurring bookings."""
    router = APIRouter(prefix="/api/series", tags=["bookings"], responses=ERRORS, route_class=CalendarRoute)
    series = services.series

    @router.post("", openapi_extra=documented(requests.SeriesBody))
    @tells(replies.SeriesReply)
    async def create(request: Request, by: SeriesCreate) -> Response:
        """Check every occurrence, then make them (`all` or those that are `available`), or only tell (`dry_run`, 200).
        409: with `all`, one time cannot be had, so nothing is booked; `occurrences` says what stands against each."""
        body = await body_of(request, requests.SeriesBody)
        wanted = body.request(services.bookings.key_of(by, operation_of(request, by) or body.request_id, "ser"))
        made = await series.create(wanted, body.rrule, body.exceptions, body.policy, dry_run=body.dry_run, by=by)
        return answer(made, 201 if made.series_id else 200)

    @router.get("/{series_id}")
    @tells(replies.SeriesReply)
    async def one(by: SeriesRead, series_id: Id) -> Response:
        """A series, and what became of each occurrence."""
        return answer(await series.get(series_id, by=by))

    @router.patch("/{series_id}", openapi_extra=documented(requests.SeriesPatch))
    @tells(replies.SeriesReply)
    async def patch(request: Request, by: SeriesManage, series_id: Id) -> Response:
        """Move this, this and following, or all occurrences; pause the series, or let it go on. 409: with `all`, one of
        them cannot be moved, so none is; `occurrences` says what stands against each."""
        body = await body_of(request, requests.SeriesPatch)
        return answer(await patch_series(series, series_id, body, by=by))

    @router.delete("/{series_id}")
    @tells(replies.SeriesReply)
    async def end(by: SeriesManage, series_id: Id) -> Response:
        """Cancel what lies ahead, for good."""
        return answer(await series.turn(series_id, "ended", by=by))

    return router


def waitlist_routes(services: CalendarServices) -> APIRouter:
    """The routes of the waitlist."""
    router = APIRouter(prefix="/api/waitlist", tags=["bookings"], responses=ERRORS, route_class=CalendarRoute)
    waiting = services.waiting

    @router.post("", status_code=201, openapi_extra=documented(WaitlistBody))
    @tells(Standing)
    async def join(request: Request, by: WaitlistJoin) -> Response:
        """Wait for time: of these therapists or of all that offer the service."""
        body = await body_of(request, WaitlistBody)
        key = services.bookings.key_of(by, operation_of(request, by) or body.request_id, "wait")
        return answer(await waiting.join(body, by=by, key=key), 201)

    @router.get("")
    @tells(WaitlistReply)
    async def listing(by: WaitlistRead, therapist_id: MaybeId = None) -> Response:
        """One's own wishes with positions and offers; for staff, those of a calendar."""
        return answer(await waiting.listing(therapist_id or "", by=by))

    @router.get("/analytics")
    @tells(WaitlistFiguresReply)
    async def figures(by: WaitlistFigures) -> Response:
        """Waiting time, acceptance, demand by hour (staff)."""
        return answer(await waiting.figures(by=by))

    @router.delete("/{entry_id}")
    @tells(NothingToTell)
    async def leave(by: WaitlistLeave, entry_id: Id) -> Response:
        """Wait no more."""
        return answer(await waiting.leave(entry_id, by=by))

    @router.post("/offers/{offer_id}/accept")
    @tells(BookingReply)
    async def accept(by: WaitlistLeave, offer_id: Id) -> Response:
        """Book what was offered."""
        return answer(await waiting.accept(offer_id, by=by))

    @router.post("/offers/{offer_id}/decline")
    @tells(NothingToTell)
    async def decline(by: WaitlistLeave, offer_id: Id) -> Response:
        """Let an offer go; one stays on the list."""
        return answer(await waiting.decline(offer_id, by=by))

    return router
