"""Series for those who serve clients: check everything, then make everything, or what can be made."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from actors.calendars.booking.keyed import AssignId, assigned_in
from actors.calendars.booking.state import PAUSED, Record
from actors.calendars.calendar.plans import Plan
from actors.calendars.contract.ports import entity
from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.hours import timeline
from actors.calendars.hours.reasons import Reason
from actors.calendars.hours.roles import is_staff
from actors.calendars.hours.timeline import MINUTE_MS
from actors.calendars.series.commands import BeginSeries, ExtendSeries, GetSeries, SetStatus
from actors.calendars.series.recurrence import expand
from actors.calendars.series.state import Definition
from actors.calendars.services.alternatives import AlternativeSearch
from actors.calendars.services.bookings import Bookings
from actors.kernel.contract.entity import Principal
from common.clock import Clock, to_rfc3339
from common.errors import CarewireError, Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from common.ids import new_id

HOLD_MS: Final = 15 * MINUTE_MS
_ALTERNATIVES_FOR: Final = 20  # occurrences of one answer that come with alternatives
Policy = Literal["all", "available"]
Scope = Literal["this", "following", "all"]


class _Looked(msgspec.Struct):
    definition: Definition
    bookings: list[str]
    status: str


_looked: Final = msgspec.json.Decoder(_Looked).decode


class SeriesService:
    """One a process, over `Bookings`."""

    def __init__(self, bookings: Bookings, region: Any, clock: Clock) -> None:
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
    ) -> dict[str, Any]:
        """`{series_id, occurrences}`; of a dry run, or when none is `available`, the occurrences alone. With a
        `key` that was given before: the series as it is.

        Raises:
            Conflict: one time of `all` cannot be had: nothing is booked, and `details.occurrences` says what stands
                against each.
            CarewireError: the rule is malformed, it is not allowed, or nobody answered in time.
        """
        client = request.client or by.user
        if client != by.user and not is_staff(by, request.therapist):
            raise PermissionDenied("Only those who run this calendar book for others.")
        series = new_id("ser", self._clock.now_ms())
        if request.key and not dry_run:
            reply = await self._region.submit(f"series:{request.key}", AssignId(series), by=by)
            found = assigned_in(reply.data)
            if not found.fresh and (there := await self._made(found.id, by)) is not None:
                return there
            series = found.id
        plan = (await self._bookings.check_many(request, (request.start,), client, by))[0][0]
        starts = expand(rule, request.start, timeline.kept_zone(plan.tz), exceptions)
        if not starts:
            raise InvalidArgument("The exceptions leave no occurrence of rrule.", details={"field": "exceptions"})
        checked = await self._bookings.check_many(request, tuple(starts), client, by)
        occurrences = [_occurrence(*one) for one in checked]
        possible = [one[0].start for one in checked if not one[1]]
        await self._suggest(request, checked, occurrences, client, by)
        if dry_run:
            return {"occurrences": occurrences}
        if policy == "all" and len(possible) < len(checked):
            raise _impossible(occurrences)
        if not possible:
            return {"occurrences": occurrences}
        wanted = msgspec.structs.replace(request, client=client, series=series, key="")
        made = await self._make(wanted, possible, policy, by)
        for one, (planned, _) in zip(occurrences, checked, strict=True):
            result = made.get(planned.start)
            if isinstance(result, Conflict):
                one |= {"status": "conflict", **(result.details or {})}
            elif result is not None:
                one |= {"status": "booked", "booking_id": result}
        booked = tuple(result for result in made.values() if isinstance(result, str))
        if policy == "all" and len(booked) < len(possible):
            await self._drop(booked, by)
            raise _impossible([_undone(one) for one in occurrences])
        if not booked:
            return {"occurrences": occurrences}
        definition = Definition(
            request.therapist,
            client,
            request.service or "",
            request.duration,
            request.start,
            plan.tz,
            rule,
            tuple(exceptions),
        )
        command = BeginSeries(definition, booked, held=policy == "all")
        await self._region.submit(f"series:{series}", command, by=by, command_id="begin")
        return {"series_id": series, "occurrences": occurrences}

    async def _made(self, series: str, by: Principal) -> dict[str, Any] | None:
        try:
            return await self.get(series, by=by)
        except NotFound:
            return None

    async def get(self, series: str, *, by: Principal) -> dict[str, Any]:
        """The series, with what became of each occurrence."""
        found = await self._look(series, by)
        records = await self._records(found.bookings)
        definition = found.definition
        return {
            "series_id": series,
            "therapist_id": definition.therapist,
            "client_id": definition.client,
            "service_id": definition.service or None,
            "start": to_rfc3339(definition.start),
            "tz": definition.tz,
            "rrule": definition.rule,
            "exceptions": list(definition.exceptions),
            "status": found.status,
            "occurrences": [
                {"start": to_rfc3339(one.start), "end": to_rfc3339(one.end), "status": one.status, "booking_id": one.id}
                for one in sorted(records, key=lambda one: one.start)
            ],
        }

    async def move(
        self, series: str, scope: Scope, anchor: str, start: int, *, policy: Policy, dry_run: bool, by: Principal
    ) -> dict[str, Any]:
        """Move the occurrence `anchor` (a booking) to `start`, and those in scope by as much on the wall's clock.
        Everything is checked before anything is moved.

        Raises:
            Conflict: with `all`, one of them cannot be moved, so none is; `details.occurrences` says why.
        """
        found = await self._look(series, by)
        chosen = await self._chosen(found, scope, anchor)
        first = next(one for one in chosen if one.id == anchor)
        zone = timeline.kept_zone(found.definition.tz)
        shift = timeline.wall_of(zone, start) - timeline.wall_of(zone, first.start)
        ahead = shift.total_seconds() > 0  # the last first, so that none stands in the way of another
        plans: list[tuple[Record, int, list[Reason]]] = []
        for record in sorted(chosen, key=lambda one: one.start, reverse=ahead):
            to = timeline.instant_of(zone, timeline.wall_of(zone, record.start) + shift)
            request = _request_of(record, to)
            ((_, why),) = await self._bookings.check_many(request, (to,), record.client, by, record.id)
            plans.append((record, to, why))
        possible = policy == "available" or not any(why for _, _, why in plans)
        if not possible and not dry_run:
            raise _impossible(sorted((_moving(*one) for one in plans), key=lambda one: str(one["start"])))
        results = []
        for record, to, why in plans:
            result = _moving(record, to, why)
            if not why and not dry_run:
                result |= await self._moved(record, to, by)
            results.append(result)
        return {"series_id": series, "occurrences": sorted(results, key=lambda one: str(one["start"]))}

    async def turn(self, series: str, status: Literal["active", "paused", "ended"], *, by: Principal) -> dict[str, Any]:
        """Pause (what lies ahead is cancelled), let it go on (what the pause cancelled is booked again, as far as it
        can be), or end it."""
        found = await self._look(series, by)
        await self._region.submit(f"series:{series}", SetStatus(status), by=by)
        if status == "active":
            await self._resume(series, found, by)
        else:
            ahead = [one for one in await self._records(found.bookings) if self._is_ahead(one)]
            await self._drop([one.id for one in ahead], by, PAUSED if status == "paused" else "")
        return await self.get(series, by=by)

    async def _resume(self, series: str, found: _Looked, by: Principal) -> None:
        now_ms = self._clock.now_ms()
        booked: list[str] = []
        instead: list[str] = []
        for record in await self._records(found.bookings):
            if record.status == "cancelled" and record.category == PAUSED and record.start > now_ms:
                wanted = msgspec.structs.replace(_request_of(record, record.start), series=series)
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
        for start in starts:
            one = msgspec.structs.replace(request, start=start, hold=policy == "all", hold_ms=HOLD_MS)
            try:
                made[start] = (await self._bookings.book(one, by=by))["id"]
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

    async def _moved(self, record: Record, to: int, by: Principal) -> dict[str, Any]:
        try:
            await self._bookings.move(record.id, BookingChangeRequest(start=to), by=by)
        except CarewireError as error:
            return {"status": "conflict", "error": error.to_wire()}
        return {"status": "booked"}

    async def _suggest(
        self,
        request: BookingRequest,
        checked: Sequence[tuple[Plan, list[Reason]]],
        occurrences: list[dict[str, Any]],
        client: str,
        by: Principal,
    ) -> None:
        failed = [number for number, one in enumerate(checked) if one[1]][:_ALTERNATIVES_FOR]
        for number in failed:
            occurrences[number]["alternatives"] = await self._bookings.alternatives.near(
                AlternativeSearch(
                    calendar=request.therapist,
                    start=checked[number][0].start,
                    service=request.service,
                    duration=request.duration,
                    client=client,
                    by=by,
                )
            )

    async def _chosen(self, found: _Looked, scope: Scope, anchor: str) -> list[Record]:
        records = {one.id: one for one in await self._records(found.bookings) if self._is_ahead(one)}
        if anchor not in records:
            raise InvalidArgument(
                "booking_id is no occurrence of this series that lies ahead.", details={"field": "booking_id"}
            )
        if scope == "this":
            return [records[anchor]]
        since = records[anchor].start if scope == "following" else 0
        return [one for one in records.values() if one.start >= since]

    def _is_ahead(self, record: Record) -> bool:
        return record.status in ("held", "pending", "confirmed") and record.start > self._clock.now_ms()

    async def _records(self, bookings: Sequence[str]) -> list[Record]:
        return [await self._bookings.record(booking) for booking in bookings]

    async def _look(self, series: str, by: Principal) -> _Looked:
        reply = await self._region.submit(entity("series", series, "series_id"), GetSeries(), by=by)
        return _looked(reply.data)


def _occurrence(plan: Plan, why: list[Reason]) -> dict[str, Any]:
    occurrence: dict[str, Any] = {
        "start": to_rfc3339(plan.start),
        "end": to_rfc3339(plan.end),
        "status": "conflict" if why else "available",
    }
    return occurrence | ({"reasons": msgspec.to_builtins(why)} if why else {})


def _moving(record: Record, to: int, why: list[Reason]) -> dict[str, Any]:
    """What a move of one booking would be."""
    result: dict[str, Any] = {
        "booking_id": record.id,
        "start": to_rfc3339(to),
        "end": to_rfc3339(to + record.end - record.start),
        "status": "conflict" if why else "available",
    }
    return result | ({"reasons": msgspec.to_builtins(why)} if why else {})


def _impossible(occurrences: list[dict[str, Any]]) -> Conflict:
    """Nothing was made: what stands against it."""
    return Conflict(
        "Some of these times cannot be had, so nothing was changed. Choose others, or the policy `available`.",
        details={"occurrences": occurrences},
    )


def _undone(occurrence: dict[str, Any]) -> dict[str, Any]:
    if occurrence["status"] != "booked":
        return occurrence
    return {"start": occurrence["start"], "end": occurrence["end"], "status": "available"}


def _request_of(record: Record, start: int) -> BookingRequest:
    return BookingRequest(
        therapist=record.therapist,
        start=start,
        client=record.client,
        service=record.service or None,
        duration=(record.end - record.start) // MINUTE_MS,
    )
