"""Bookings for those who serve clients (REST, sockets): what takes more than one entity. Decides nothing by itself."""

import os
from typing import Any, Final

import msgspec

from actors.calendars.booking.commands import (
    AmendBooking,
    CancelBooking,
    ConfirmBooking,
    FinishBooking,
    GetBooking,
    OpenBooking,
)
from actors.calendars.booking.keyed import AssignId, assigned_in, mark
from actors.calendars.booking.lifecycle import require_legal
from actors.calendars.booking.state import Record
from actors.calendars.calendar.commands import (
    Check,
    ConfigureCalendar,
    GetCalendar,
    GetFreeTimes,
    GetOpenTime,
    ImportBusyTime,
)
from actors.calendars.calendar.plans import Plan
from actors.calendars.contract.ports import CheckAnswer, Related, calendar_of, entity
from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.hours.reasons import Reason, reasons
from actors.calendars.hours.roles import find_party, is_staff, require_staff
from actors.calendars.hours.schedule import CalendarBody, Schedule
from actors.calendars.services.alternatives import Alternatives, AlternativeSearch
from actors.calendars.services.availability import availability
from actors.calendars.services.booking_commands import move_of, record_of
from actors.calendars.services.probing import probe, refusing
from actors.calendars.services.reserving import ReservedTime, Reserving, TimeRequest
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common.clock import Clock
from common.errors import AlreadyExists, CarewireError, Conflict, InvalidArgument, NotFound, PermissionDenied
from common.ids import is_id, new_id

_ATTEMPTS: Final = 3
_check_answer: Final = msgspec.json.Decoder(CheckAnswer).decode


class _Raw(msgspec.Struct):
    record: Record
    version: int


_calendar: Final = msgspec.json.Decoder(CalendarBody).decode
_raw: Final = msgspec.json.Decoder(_Raw).decode


class Bookings:
    """One a process. `region` reaches the shards; `related` knows who is in whose care."""

    def __init__(
        self, region: EntityClient, views: ViewFinder, clock: Clock, *, related: Related | None = None
    ) -> None:
        self._region = region
        self._clock = clock
        self._taking = Reserving(region, related)
        self.alternatives = Alternatives(region, views, self._taking.unrelated)

    async def configure(self, calendar: str, schedule: Schedule, *, by: Principal, trace: str = "") -> Reply:
        """Set a calendar up.

        Raises:
            PermissionDenied: the caller does not run it, or a service names what is no room or device shared with it.
        """
        require_staff(by, calendar)
        await self._require_sharing(calendar, schedule)
        return await self._region.submit(calendar_of(calendar), ConfigureCalendar(schedule), by=by, trace=trace)

    async def calendar(self, calendar: str, *, by: Principal, trace: str = "") -> Reply:
        """How a calendar is set up."""
        return await self._region.submit(calendar_of(calendar), GetCalendar(), by=by, trace=trace)

    async def schedule(self, calendar: str, *, by: Principal) -> Schedule:
        """The same as data. Raises NotFound: the calendar has not been set up."""
        return _calendar((await self.calendar(calendar, by=by)).data).schedule()

    async def bring_in(self, calendar: str, source: str, spans: list[tuple[int, int]], *, by: Principal) -> Reply:
        """Busy time of an external calendar, instead of what `source` brought before."""
        return await self._region.submit(calendar_of(calendar), ImportBusyTime(source, tuple(spans)), by=by)

    async def availability(
        self, calendar: str, command: GetFreeTimes, *, by: Principal, listen: bool = False, trace: str = ""
    ) -> tuple[dict[str, Any], int]:
        """The contract's answer, and the version of the calendar that it shows."""
        return await availability(self._region, calendar, command, by=by, listen=listen, trace=trace)

    async def open_ms(self, calendar: str, start: int, end: int, *, by: Principal) -> int:
        """How much time of [start, end) the calendar offers."""
        reply = await self._region.submit(calendar_of(calendar), GetOpenTime(start, end), by=by)
        return int(msgspec.json.decode(reply.data)["open_ms"])

    async def book(self, request: BookingRequest, *, by: Principal, trace: str = "") -> dict[str, Any]:
        """Make a booking: take the time everywhere, then let the booking decide.

        Raises:
            Conflict: the time is not free; `details` has the reasons and alternatives.
            CarewireError: it is not allowed, or nobody answered in time (then a repeat with the same `key` is safe).
        """
        client = self._client_of(request, by)
        booking, fresh = await self._id_for(request, by, trace)
        if not fresh and (made := await self._made(booking, by)) is not None:
            return made
        wanted = TimeRequest(
            therapist=request.therapist,
            start=request.start,
            client=client,
            service=request.service,
            duration=request.duration,
            overriding=bool(request.override_reason),
            hold=request.hold and not request.series and not is_staff(by, request.therapist),
        )
        for _ in range(_ATTEMPTS):
            taken = await self._take(booking, wanted, by, trace)
            record = record_of(booking, request, wanted, taken)
            wants = "held" if request.hold else "confirmed"
            command = OpenBooking(record, wants, request.hold_ms, request.notes, request.override_reason)
            try:
                reply = await self._region.submit(
                    f"booking:{booking}", command, by=by, command_id=taken.key, trace=trace
                )
            except CarewireError as error:
                if not error.retryable:
                    await self._taking.give_back(taken.key, taken.parties)
                if isinstance(error, AlreadyExists) and (request.id or request.key):
                    return await self.get(booking, by=by)
                if not _has_lapsed(error):
                    raise
            else:
                return _object(reply)
        raise Conflict("Too much happened at once. Please try again.")

    async def move(
        self, booking: str, change: BookingChangeRequest, *, by: Principal, trace: str = ""
    ) -> dict[str, Any]:
        """Another time, length, therapist or service for a booking: the new time is taken before the old one is given
        back, and the booking switches from one to the other at once.

        Raises:
            CarewireError: as `book`; the booking stays as it was.
        """
        record = await self.record(booking)
        find_party(by, record.client, record.therapist)
        target = change.therapist or record.therapist
        require_legal(record, "reschedule" if target == record.therapist else "transfer")
        same_service = change.service in (None, record.service)
        wanted = TimeRequest(
            therapist=target,
            start=record.start if change.start is None else change.start,
            client=record.client,
            service=(change.service or record.service) or None,
            duration=change.duration or ((record.end - record.start) // 60_000 if same_service else None),
            overriding=bool(change.override_reason),
            hold=record.status == "held" and not record.series,
        )
        for _ in range(_ATTEMPTS):
            taken = await self._take(booking, wanted, by, trace)
            command = move_of(record, taken, wanted, change.override_reason)
            try:
                reply = await self._region.submit(
                    f"booking:{booking}", command, by=by, command_id=taken.key, trace=trace
                )
            except CarewireError as error:
                if not error.retryable:
                    await self._taking.give_back(taken.key, taken.parties)
                if not _has_lapsed(error):
                    raise
            else:
                await self._taking.give_back(record.key, record.parties)
                return _object(reply)
        raise Conflict("Too much happened at once. Please try again.")

    async def confirm(self, booking: str, *, by: Principal, trace: str = "") -> dict[str, Any]:
        """A hold becomes a booking; a request or counter-offer is accepted."""
        return await self._ask(booking, ConfirmBooking(), by, trace)

    async def cancel(self, booking: str, reason: str = "", *, by: Principal, trace: str = "") -> dict[str, Any]:
        """Give the time back."""
        record = await self.record(booking)
        answer = await self._ask(booking, CancelBooking(reason), by, trace)
        await self._taking.give_back(record.key, record.parties)
        return answer

    async def finish(
        self, booking: str, status: str, reason: str = "", *, by: Principal, trace: str = ""
    ) -> dict[str, Any]:
        """It took place (`completed`), or the client did not come (`no_show`)."""
        return await self._ask(booking, FinishBooking(status, reason), by, trace)

    async def amend(
        self, booking: str, notes: str | None, participants: tuple[str, ...] | None, *, by: Principal, trace: str = ""
    ) -> dict[str, Any]:
        """Change what needs no other time."""
        return await self._ask(booking, AmendBooking(notes, participants), by, trace)

    async def get(self, booking: str, *, by: Principal, trace: str = "") -> dict[str, Any]:
        """The booking object, with its notes."""
        return await self._ask(booking, GetBooking(), by, trace)

    async def record(self, booking: str) -> Record:
        """The booking as data, for those who have checked that they may."""
        name = entity("booking", booking, "booking_id")
        return _raw((await self._region.submit(name, GetBooking(raw=True), by=SYSTEM)).data).record

    async def check(self, request: BookingRequest, *, by: Principal, booking: str = "") -> dict[str, Any]:
        """Would this booking be possible? `{available, reasons, alternatives}`; nothing is taken."""
        return await self.check_for(request, self._client_of(request, by), by=by, booking=booking)

    async def check_for(
        self, request: BookingRequest, client: str, *, by: Principal, booking: str = ""
    ) -> dict[str, Any]:
        """The same, for a client whom the caller has been found to act for."""
        found = await self.check_many(request, (request.start,), client, by, booking)
        why = found[0][1]
        answer: dict[str, Any] = {"available": not why, "reasons": msgspec.to_builtins(why), "alternatives": []}
        if why:
            answer["alternatives"] = await self.alternatives.near(
                AlternativeSearch(
                    calendar=request.therapist,
                    start=request.start,
                    service=request.service,
                    duration=request.duration,
                    client=client,
                    booking=booking,
                    by=by,
                )
            )
        return answer

    async def check_many(
        self, request: BookingRequest, starts: tuple[int, ...], client: str, by: Principal, booking: str = ""
    ) -> list[tuple[Plan, list[Reason]]]:
        """What stands against each of these times: in the calendar, in its rooms, and in the client's agenda."""
        overriding = bool(request.override_reason)
        command = Check(starts, request.service, request.duration, client, booking, overriding)
        reply = await self._region.submit(calendar_of(request.therapist), command, by=by)
        results = _check_answer(reply.data).results
        plans = [one.plan for one in results]
        others = await probe(self._region, plans, booking=booking, client=client, by=by, overriding=overriding)
        missing = await self._taking.unrelated(plans[0].bookable_by, client, request.therapist, by)
        return [(one.plan, [*one.reasons, *missing, *why]) for one, why in zip(results, others, strict=True)]

    async def barred(self, calendar: str, schedule: Schedule, client: str, *, by: Principal) -> list[Reason]:
        """Why this client may not book at a calendar at all, whatever the time."""
        if schedule.rules.shared_with is not None and not schedule.serves(client):
            return reasons(["not_shared"])
        return await self._taking.unrelated(schedule.rules.bookable_by, client, calendar, by)

    def key_of(self, by: Principal, action: str | None, prefix: str = "bkg") -> str:
        """The mark of what names the user's action (an idempotency key), the same each time; "" without one."""
        return mark(prefix, by.user, action) if action else ""

    async def _require_sharing(self, calendar: str, schedule: Schedule) -> None:
        named = sorted({name for service in schedule.services for name in service.resources} - {calendar})
        if denied := await refusing(self._region, calendar, named):
            raise PermissionDenied(
                "services.resources name calendars that are no room or device, or are not shared with this one.",
                details={"field": "services.resources", "resources": denied},
            )

    async def _take(self, booking: str, wanted: TimeRequest, by: Principal, trace: str) -> ReservedTime:
        key = f"{booking}.{os.urandom(6).hex()}"
        try:
            return await self._taking.take(booking, key, wanted, by, trace=trace)
        except Conflict as error:
            raise await self._explained(error, booking, wanted, by) from None

    async def _explained(self, error: Conflict, booking: str, wanted: TimeRequest, by: Principal) -> Conflict:
        """The refusal with the reasons of all whose time it needs, not only of the first that said no."""
        looked = await self.alternatives.look(
            AlternativeSearch(
                calendar=wanted.therapist,
                start=wanted.start,
                service=wanted.service,
                duration=wanted.duration,
                client=wanted.client,
                booking=booking,
                overriding=wanted.overriding,
                by=by,
            )
        )
        why = list(looked.reasons)
        if looked.plan is not None:
            why += await self._taking.unrelated(looked.plan.bookable_by, wanted.client, wanted.therapist, by)
        told: Any = (error.details or {}).get("reasons", [])
        known = {one["code"] for one in told}
        more = [one for one in msgspec.to_builtins(why) if one["code"] not in known]
        return Conflict(error.message, details={"reasons": [*told, *more], "alternatives": looked.alternatives})

    async def _id_for(self, request: BookingRequest, by: Principal, trace: str) -> tuple[str, bool]:
        """The id of the booking, and whether nobody can have used it before."""
        proposed = new_id("bkg", self._clock.now_ms())
        if not request.key:
            return request.id or proposed, not request.id
        reply = await self._region.submit(f"booking:{request.key}", AssignId(proposed), by=by, trace=trace)
        found = assigned_in(reply.data)
        return found.id, found.fresh

    async def _made(self, booking: str, by: Principal) -> dict[str, Any] | None:
        try:
            return await self.get(booking, by=by)
        except NotFound:
            return None

    async def _ask(self, booking: str, command: msgspec.Struct, by: Principal, trace: str) -> dict[str, Any]:
        reply = await self._region.submit(entity("booking", booking, "booking_id"), command, by=by, trace=trace)
        return _object(reply)

    def _client_of(self, request: BookingRequest, by: Principal) -> str:
        client = request.client or by.user
        if client != by.user and not is_staff(by, request.therapist):
            raise PermissionDenied("Only those who run this calendar book for others.")
        if not is_id(client):
            raise InvalidArgument("client_id is not an id.", details={"field": "client_id"})
        return client


def _has_lapsed(error: CarewireError) -> bool:
    return isinstance(error, Conflict) and bool((error.details or {}).get("lapsed"))


def _object(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(reply.data)
    return found
