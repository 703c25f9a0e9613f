"""Many bookings at once, for staff: one result each. Running it again does what is left to do."""

from typing import Final

import msgspec

from actors.calendars.booking.answers import BookingReply
from actors.calendars.booking.lifecycle import LEGAL, not_begun, require_legal
from actors.calendars.booking.state import BookingDetails
from actors.calendars.contract.replies import Alternative, BulkReply, BulkResult
from actors.calendars.contract.requests import BulkBody, BulkItem
from actors.calendars.contract.wanted import BookingChangeRequest
from actors.calendars.hours.reasons import conflict
from actors.calendars.hours.roles import find_party, is_staff, require_staff
from actors.calendars.services.booking_commands import as_json, moved_request
from actors.calendars.services.booking_queries import BookingQueries
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.times.alternatives import AlternativeSearch
from actors.kernel.contract.entity import Principal
from common import timeline
from common.clock import Clock, to_rfc3339
from common.errors import CarewireError, InvalidArgument

MOST: Final = 500
_DONE: Final = {"cancel": "cancelled", "complete": "completed", "no_show": "no_show"}


class BulkBookings:
    """See the module. A booking that is already as it should be counts as done, so a repeat is safe."""

    def __init__(self, bookings: Bookings, queries: BookingQueries, clock: Clock) -> None:
        self._bookings = bookings
        self._queries = queries
        self._clock = clock

    async def run(self, body: BulkBody, *, by: Principal) -> BulkReply:
        """One result for each.

        Raises:
            InvalidArgument: it does not say which bookings, or says too many.
            PermissionDenied: the caller does not run that calendar.
        """
        items = await self._items(body, by)
        _check(body, items)
        results = []
        for item in items:
            try:
                results.append(await self._one(body, item, by))
            except CarewireError as error:
                results.append(BulkResult(booking_id=item.booking_id, status="failed", error=as_json(error.to_wire())))
        return BulkReply(dry_run=body.dry_run, results=results)

    async def _items(self, body: BulkBody, by: Principal) -> tuple[BulkItem, ...]:
        if body.items:
            return body.items
        if body.therapist_id is None or body.since is None or body.until is None:
            raise InvalidArgument("Name items, or a therapist_id with from and to.", details={"field": "items"})
        require_staff(by, body.therapist_id)
        start, end = timeline.parse_instant(body.since, "from"), timeline.parse_instant(body.until, "to")
        found = await self._queries.records(body.therapist_id, start, end)
        legal = [one for one in found if body.action in LEGAL[one.status]]
        if len(legal) > MOST:
            raise InvalidArgument(f"These are more than {MOST} bookings. Choose a shorter time.")
        return tuple(BulkItem(booking_id=one.id) for one in legal)

    async def _one(self, body: BulkBody, item: BulkItem, by: Principal) -> BulkResult:
        record = await self._bookings.record(item.booking_id)
        moved = body.action in ("reschedule", "transfer") and _is_there(record, _start(item), _target(body, item))
        if not (moved and record.former and is_staff(by, record.former)):
            find_party(by, "", record.therapist)
        if moved:
            return BulkResult(booking_id=item.booking_id, status="done")  # an earlier run did it
        result = BulkResult(booking_id=item.booking_id, status="done", start=to_rfc3339(record.start))
        if record.status == _DONE.get(body.action):
            return result
        if body.dry_run:
            await self._try(body, item, record, by)
            result = msgspec.structs.replace(result, status="possible")
        else:
            result = msgspec.structs.replace(result, booking=await self._done(body, item, record, by))
        if body.action == "cancel" and body.alternatives:
            return msgspec.structs.replace(result, alternatives=await self._alternatives(record, by))
        return result

    async def _done(self, body: BulkBody, item: BulkItem, record: BookingDetails, by: Principal) -> BookingReply:
        match body.action:
            case "cancel":
                return await self._bookings.cancel(record.id, body.reason, by=by)
            case "complete":
                return await self._bookings.finish(record.id, "completed", body.reason, by=by)
            case "no_show":
                return await self._bookings.finish(record.id, "no_show", body.reason, by=by)
        return await self._bookings.move(
            record.id, BookingChangeRequest(start=_start(item), therapist=_target(body, item)), by=by
        )

    async def _try(self, body: BulkBody, item: BulkItem, record: BookingDetails, by: Principal) -> None:
        """Raises CarewireError: it would fail, for this reason."""
        require_legal(record, body.action)
        if body.action in ("complete", "no_show") and self._clock.platform_ms() < record.start:
            raise not_begun(record)
        if body.action not in ("reschedule", "transfer"):
            return
        request = moved_request(record, _start(item), _target(body, item))
        checked = await self._bookings.check_for(request, record.client, by=by, booking=record.id)
        if not checked.available:
            raise conflict(checked.reasons, checked.alternatives)

    async def _alternatives(self, record: BookingDetails, by: Principal) -> list[Alternative]:
        return await self._bookings.alternatives.near(
            AlternativeSearch(
                calendar=record.therapist,
                start=record.start,
                service=record.service or None,
                duration=(record.end - record.start) // timeline.MINUTE_MS,
                client=record.client,
                booking=record.id,
                by=by,
            )
        )


def _check(body: BulkBody, items: tuple[BulkItem, ...]) -> None:
    """Raises InvalidArgument: an item does not say where its booking is to go."""
    if body.action == "reschedule" and any(item.start is None for item in items):
        raise InvalidArgument("Name the start of each item.", details={"field": "items.start"})
    if body.action == "transfer" and any(_target(body, item) is None for item in items):
        raise InvalidArgument("Name to_therapist_id, or the therapist_id of each item.", details={"field": "items"})


def _is_there(record: BookingDetails, start: int | None, therapist: str | None) -> bool:
    wanted = (record.start if start is None else start, therapist or record.therapist)
    return (start, therapist) != (None, None) and (record.start, record.therapist) == wanted


def _start(item: BulkItem) -> int | None:
    return None if item.start is None else timeline.parse_instant(item.start)


def _target(body: BulkBody, item: BulkItem) -> str | None:
    return item.therapist_id or body.to_therapist_id
