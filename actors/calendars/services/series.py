"""Series for those who serve clients: check everything, then make everything, or what can be made."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from actors.calendars.booking.keyed import AssignId
from actors.calendars.booking.state import PAUSED, BookingDetails
from actors.calendars.calendar.answers import BookingPlan
from actors.calendars.contract.ports import entity
from actors.calendars.contract.replies import Occurrence, SeriesReply
from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.hours.reasons import Reason
from actors.calendars.hours.roles import is_staff
from actors.calendars.series.answers import SeriesRecord
from actors.calendars.series.commands import BeginSeries, ExtendSeries, GetSeries, SetStatus
from actors.calendars.series.recurrence import expand
from actors.calendars.series.state import Definition
from actors.calendars.services.booking_commands import as_json, moved_request
from actors.calendars.services.bookings import Bookings
from actors.calendars.services.occurrences import (
    by_start,
    checked_occurrence,
    impossible,
    made_occurrence,
    moving_occurrence,
    undone,
)
from actors.calendars.services.times.alternatives import AlternativeSearch
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from common import timeline
from common.clock import Clock, to_rfc3339
from common.errors import CarewireError, Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from common.ids import new_id
from common.timeline import MINUTE_MS

HOLD_MS: Final = 15 * MINUTE_MS
_ALTERNATIVES_FOR: Final = 20  # occurrences of one answer that come with alternatives
Policy = Literal["all", "available"]
Scope = Literal["this", "following", "all"]


class SeriesService:
    """One a process, over `Bookings`."""

    def __init__(self, bookings: Bookings, region: EntityClient, clock: Clock) -> None:
        self._bookings = bookings
        self._region = region
        self._clock = clock

    async def create(
        self,
        request: BookingRequest,
        rule: str,
        exceptions: Sequence[str],
        policy: Policy,
        *,
        dry_run: bool,
        by: Principal,
    ) -> SeriesReply:
        """Book a series; answers what became of each time. After a dry run, or when none is `available`, there is no
        series. With a `key` that was given before: the series as it is.

        Raises:
            Conflict: one time of `all` cannot be had: nothing is booked, and `details.occurrences` says what stands
                against each.
            CarewireError: the rule is malformed, it is not allowed, or nobody answered in time.
        """
        client = request.client or by.user
        if client != by.user and not is_staff(by, request.therapist):
            raise PermissionDenied("Only those who run this calendar book for others.")
        series = new_id("ser", self._clock.platform_ms())
        if request.key and not dry_run:
            found = await self._region.ask(f"series:{request.key}", AssignId(series), by=by)
            if not found.fresh and (there := await self._existing(found.id, by)) is not None:
                return there
            series = found.id
        plan = (await self._bookings.check_many(request, (request.start,), client, by))[0][0]
        starts = expand(rule, request.start, timeline.kept_zone(plan.tz), exceptions)
        if not starts:
            raise InvalidArgument("The exceptions leave no occurrence of rrule.", details={"field": "exceptions"})
        checked = await self._bookings.check_many(request, tuple(starts), client, by)
        occurrences = [checked_occurrence(*one) for one in checked]
        possible = [one[0].start for one in checked if not one[1]]
        occurrences = await self._suggested(
            request=request, checked=checked, occurrences=occurrences, client=client, by=by
        )
        if dry_run:
            return SeriesReply(occurrences=occurrences)
        if policy == "all" and len(possible) < len(checked):
            raise impossible(occurrences)
        if not possible:
            return SeriesReply(occurrences=occurrences)
        wanted = msgspec.structs.replace(request, client=client, series=series, key="")
        made = await self._make(wanted, possible, policy, by)
        occurrences = [
            made_occurrence(occurrence, made.get(planned.start))
            for occurrence, (planned, _) in zip(occurrences, checked, strict=True)
        ]
        booked = tuple(result for result in made.values() if isinstance(result, str))
        if policy == "all" and len(booked) < len(possible):
            await self._drop(booked, by)
            raise impossible([undone(one) for one in occurrences])
        if not booked:
            return SeriesReply(occurrences=occurrences)
        definition = Definition(
            therapist=request.therapist,
            client=client,
            service=request.service or "",
            duration=request.duration,
            start=request.start,
            tz=plan.tz,
            rule=rule,
            exceptions=tuple(exceptions),
        )
        first = await self._unpaid(booked[0]) if policy == "all" else ""
        command = BeginSeries(definition, booked, held=policy == "all", first=first)
        await self._region.submit(f"series:{series}", command, by=by, command_id="begin")
        return SeriesReply(series_id=series, occurrences=occurrences)

    async def _unpaid(self, booking: str) -> str:
        """The booking, if nothing but its payment confirms it."""
        return booking if (await self._bookings.record(booking)).terms.prepaid else ""

    async def _existing(self, series: str, by: Principal) -> SeriesReply | None:
        try:
            return await self.get(series, by=by)
        except NotFound:
            return None

    async def get(self, series: str, *, by: Principal) -> SeriesReply:
        """The series, with what became of each occurrence."""
        found = await self._record(series, by)
        records = await self._records(found.bookings)
        definition = found.definition
        return SeriesReply(
            series_id=series,
            therapist_id=definition.therapist,
            client_id=definition.client,
            service_id=definition.service or None,
            start=to_rfc3339(definition.start),
            tz=definition.tz,
            rrule=definition.rule,
            exceptions=list(definition.exceptions),
            status=found.status,
            occurrences=[
                Occurrence(
                    start=to_rfc3339(record.start),
                    end=to_rfc3339(record.end),
                    status=record.status,
                    booking_id=record.id,
                )
                for record in sorted(records, key=lambda record: record.start)
            ],
        )

    async def move(
        self, series: str, scope: Scope, anchor: str, start: int, *, policy: Policy, dry_run: bool, by: Principal
    ) -> SeriesReply:
        """Move the occurrence `anchor` (a booking) to `start`, and those in scope by as much on the wall's clock.
        Everything is checked before anything is moved.

        Raises:
            Conflict: with `all`, one of them cannot be moved, so none is; `details.occurrences` says why.
        """
        found = await self._record(series, by)
        chosen = await self._chosen(found, scope, anchor)
        first = next(one for one in chosen if one.id == anchor)
        zone = timeline.kept_zone(found.definition.tz)
        shift = timeline.wall_of(zone, start) - timeline.wall_of(zone, first.start)
        ahead = shift.total_seconds() > 0  # the last first, so that none stands in the way of another
        plans: list[tuple[BookingDetails, int, list[Reason]]] = []
        for record in sorted(chosen, key=lambda one: one.start, reverse=ahead):
            to = timeline.instant_of(zone, timeline.wall_of(zone, record.start) + shift)
            request = moved_request(record, to)
            ((_, why),) = await self._bookings.check_many(request, (to,), record.client, by, booking=record.id)
            plans.append((record, to, why))
        possible = policy == "available" or not any(why for _, _, why in plans)
        if not possible and not dry_run:
            raise impossible(by_start([moving_occurrence(*plan) for plan in plans]))
        results = []
        for record, to, why in plans:
            result = moving_occurrence(record, to, why)
            if not why and not dry_run:
                result = await self._moved(record, to, result, by)
            results.append(result)
        return SeriesReply(series_id=series, occurrences=by_start(results))

    async def turn(self, series: str, status: Literal["active", "paused", "ended"], *, by: Principal) -> SeriesReply:
        """Pause (what lies ahead is cancelled), let it go on (what the pause cancelled is booked again, as far as it
        can be), or end it."""
        found = await self._record(series, by)
        await self._region.submit(f"series:{series}", SetStatus(status), by=by)
        if status == "active":
            await self._resume(series, found, by)
        else:
            ahead = [record for record in await self._records(found.bookings) if self._is_ahead(record)]
            await self._drop([one.id for one in ahead], by, PAUSED if status == "paused" else "")
        return await self.get(series, by=by)

    async def _resume(self, series: str, found: SeriesRecord, by: Principal) -> None:
        now_ms = self._clock.platform_ms()
        booked: list[str] = []
        instead: list[str] = []
        for record in await self._records(found.bookings):
            if record.status == "cancelled" and record.category == PAUSED and record.start > now_ms:
                wanted = msgspec.structs.replace(moved_request(record), series=series, first=found.bookings[0])
                made = (await self._make(wanted, [record.start], "available", by))[record.start]
                if isinstance(made, str):
                    booked.append(made)
                    instead.append(record.id)
        if booked:
            await self._region.submit(f"series:{series}", ExtendSeries(tuple(booked), tuple(instead)), by=by)

    async def _make(
        self, request: BookingRequest, starts: Sequence[int], policy: Policy, by: Principal
    ) -> dict[int, str | Conflict]:
        """Book each, or hold each when it must be all of them (then the first that fails is the last)."""
        made: dict[int, str | Conflict] = {}
        first = request.first
        for start in starts:
            one = msgspec.structs.replace(request, start=start, hold=policy == "all", hold_ms=HOLD_MS, first=first)
            try:
                made[start] = booking = (await self._bookings.book(one, by=by)).id
                first = first or booking
            except Conflict as error:
                made[start] = error
                if policy == "all":
                    break
        return made

    async def _drop(self, bookings: Sequence[str], by: Principal, reason: str = "") -> None:
        for booking in bookings:
            try:
                await self._bookings.cancel(booking, reason, by=by)
            except FailedPrecondition:
                continue

    async def _moved(self, record: BookingDetails, to: int, occurrence: Occurrence, by: Principal) -> Occurrence:
        try:
            await self._bookings.move(record.id, BookingChangeRequest(start=to), by=by)
        except CarewireError as error:
            return msgspec.structs.replace(occurrence, status="conflict", error=as_json(error.to_wire()))
        return msgspec.structs.replace(occurrence, status="booked")

    async def _suggested(
        self,
        request: BookingRequest,
        checked: Sequence[tuple[BookingPlan, list[Reason]]],
        occurrences: Sequence[Occurrence],
        client: str,
        by: Principal,
    ) -> list[Occurrence]:
        """With alternatives for the first of those that cannot be had."""
        suggested = list(occurrences)
        failed = [number for number, (_, why) in enumerate(checked) if why][:_ALTERNATIVES_FOR]
        for number in failed:
            search = AlternativeSearch(
                calendar=request.therapist,
                start=checked[number][0].start,
                service=request.service,
                duration=request.duration,
                client=client,
                by=by,
            )
            alternatives = await self._bookings.alternatives.near(search)
            suggested[number] = msgspec.structs.replace(suggested[number], alternatives=alternatives)
        return suggested

    async def _chosen(self, found: SeriesRecord, scope: Scope, anchor: str) -> list[BookingDetails]:
        records = {record.id: record for record in await self._records(found.bookings) if self._is_ahead(record)}
        if anchor not in records:
            raise InvalidArgument(
                "booking_id is no occurrence of this series that lies ahead.", details={"field": "booking_id"}
            )
        if scope == "this":
            return [records[anchor]]
        since = records[anchor].start if scope == "following" else 0
        return [record for record in records.values() if record.start >= since]

    def _is_ahead(self, record: BookingDetails) -> bool:
        return record.status in ("held", "pending", "confirmed") and record.start > self._clock.platform_ms()

    async def _records(self, bookings: Sequence[str]) -> list[BookingDetails]:
        return [await self._bookings.record(booking) for booking in bookings]

    async def _record(self, series: str, by: Principal) -> SeriesRecord:
        return await self._region.ask(entity("series", series, "series_id"), GetSeries(), by=by)
