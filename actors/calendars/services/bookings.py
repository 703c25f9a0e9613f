"""Bookings for those who serve clients (REST, sockets): what takes more than one entity. Decides nothing by itself.

`versions`: those of the booking (or calendar) that a change is meant for; FailedPrecondition when it is another one.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Final

from actors.calendars.booking.answers import BookingReply
from actors.calendars.booking.commands import (
    AmendBooking,
    CancelBooking,
    ConfirmBooking,
    FinishBooking,
    GetBooking,
    GetRecord,
    MoveBooking,
)
from actors.calendars.booking.keyed import AssignId, mark
from actors.calendars.booking.lifecycle import require_legal
from actors.calendars.booking.reminders import ListReminders, ReminderList, SendReminder
from actors.calendars.booking.state import BookingDetails
from actors.calendars.calendar.answers import BookingPlan
from actors.calendars.calendar.commands import Check
from actors.calendars.contract.ports import Related, calendar_of, entity
from actors.calendars.contract.replies import Checked
from actors.calendars.contract.wanted import BookingChangeRequest, BookingRequest
from actors.calendars.hours.reasons import Reason, reasons
from actors.calendars.hours.roles import find_party, is_staff
from actors.calendars.hours.schedule import Schedule
from actors.calendars.hours.versions import ANY, Versions
from actors.calendars.services.booking_commands import move_of
from actors.calendars.services.pricing import Priced
from actors.calendars.services.times.alternatives import Alternatives, AlternativeSearch
from actors.calendars.services.times.explaining import Explaining
from actors.calendars.services.times.probing import probe
from actors.calendars.services.times.reserving import ReservedTime, Reserving, TimeRequest
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from common.clock import Clock
from common.errors import AlreadyExists, CarewireError, Conflict, InvalidArgument, NotFound, PermissionDenied
from common.ids import is_id, new_id
from common.money import Quotes
from common.reach import Reach

_ATTEMPTS: Final = 3


class Bookings:
    """One a process. `region` reaches the shards; `related` knows who is in whose care, `reach` who can reach whom,
    `quotes` what sessions cost (None: nobody asks)."""

    def __init__(
        self,
        region: EntityClient,
        views: ViewFinder,
        clock: Clock,
        *,
        related: Related | None = None,
        reach: Reach | None = None,
        quotes: Quotes | None = None,
    ) -> None:
        self._region = region
        self._quotes = quotes
        self._reach = reach or Reach()
        self._clock = clock
        self._taking = Reserving(region, related)
        self.alternatives = Alternatives(region, views, self._taking.unrelated)
        self._explaining = Explaining(self.alternatives, self._taking)

    async def book(self, request: BookingRequest, *, by: Principal, trace: str = "") -> BookingReply:
        """Make a booking: take the time everywhere, then let the booking decide.

        Raises:
            Conflict: the time is not free; `details` has the reasons and alternatives.
            CarewireError: it is not allowed, or nobody answered in time (then a repeat with the same `key` is safe).
            PermissionDenied: client and therapist cannot reach each other, and one of them asks.
        """
        client = self._client_of(request, by)
        booking, fresh = await self._id_for(request, by, trace)
        if not fresh and (made := await self._made(booking, by)) is not None:
            return made
        await self._require_reach(client, request.therapist, by)
        wanted = TimeRequest(
            therapist=request.therapist,
            start=request.start,
            client=client,
            service=request.service,
            duration=request.duration,
            overriding=bool(request.override_reason),
            hold=request.hold and not request.series and not is_staff(by, request.therapist),
        )

        priced = Priced(self._quotes, booking, request, waits=not is_staff(by, request.therapist))
        try:
            made = await self._with_time(
                booking=booking,
                wanted=wanted,
                command_with=lambda taken: priced.opening(taken, wanted),
                by=by,
                trace=trace,
            )
        except CarewireError as error:
            if not error.retryable and not isinstance(error, AlreadyExists):
                await priced.lapse()
            if isinstance(error, AlreadyExists) and (request.id or request.key):
                return await self.get(booking, by=by)
            raise
        await priced.open()
        return made

    async def move(
        self,
        booking: str,
        change: BookingChangeRequest,
        *,
        by: Principal,
        trace: str = "",
        versions: Versions = ANY,
    ) -> BookingReply:
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

        async def moving(taken: ReservedTime) -> MoveBooking:
            return move_of(
                record=record, taken=taken, wanted=wanted, override_reason=change.override_reason, versions=versions
            )

        moved = await self._with_time(booking=booking, wanted=wanted, command_with=moving, by=by, trace=trace)
        await self._taking.give_back(record.key, record.parties)
        return moved

    async def confirm(self, booking: str, *, by: Principal, trace: str = "", versions: Versions = ANY) -> BookingReply:
        """A hold becomes a booking; a request or counter-offer is accepted."""
        return await self._ask(booking, ConfirmBooking(versions=versions), by, trace)

    async def cancel(
        self, booking: str, reason: str = "", *, by: Principal, trace: str = "", versions: Versions = ANY
    ) -> BookingReply:
        """Give the time back."""
        record = await self.record(booking)
        answer = await self._ask(booking, CancelBooking(reason, versions), by, trace)
        await self._taking.give_back(record.key, record.parties)
        return answer

    async def finish(
        self, booking: str, status: str, reason: str = "", *, by: Principal, trace: str = "", versions: Versions = ANY
    ) -> BookingReply:
        """It took place (`completed`), or the client did not come (`no_show`)."""
        return await self._ask(booking, FinishBooking(status, reason, versions), by, trace)

    async def amend(
        self,
        booking: str,
        notes: str | None,
        participants: tuple[str, ...] | None,
        *,
        by: Principal,
        trace: str = "",
        versions: Versions = ANY,
    ) -> BookingReply:
        """Change what needs no other time."""
        return await self._ask(booking, AmendBooking(notes, participants, versions), by, trace)

    async def get(self, booking: str, *, by: Principal, trace: str = "") -> BookingReply:
        """The booking object, with its notes."""
        return await self._ask(booking, GetBooking(), by, trace)

    async def reminders(self, booking: str, *, by: Principal, trace: str = "") -> ReminderList:
        """Its reminders: those to come, and those that were sent. Raises NotFound."""
        return await self._region.ask(entity("booking", booking, "booking_id"), ListReminders(), by=by, trace=trace)

    async def remind(self, booking: str, *, by: Principal, trace: str = "") -> ReminderList:
        """Remind of it now. Raises NotFound, PermissionDenied, FailedPrecondition: as `booking.reminders.by_hand`."""
        return await self._region.ask(entity("booking", booking, "booking_id"), SendReminder(), by=by, trace=trace)

    async def record(self, booking: str) -> BookingDetails:
        """The booking as data, for those who have checked that they may."""
        name = entity("booking", booking, "booking_id")
        return (await self._region.ask(name, GetRecord(), by=SYSTEM)).record

    async def check(self, request: BookingRequest, *, by: Principal, booking: str = "") -> Checked:
        """Would this booking be possible? Nothing is taken."""
        return await self.check_for(request, self._client_of(request, by), by=by, booking=booking)

    async def check_for(self, request: BookingRequest, client: str, *, by: Principal, booking: str = "") -> Checked:
        """The same, for a client whom the caller has been found to act for."""
        ((_, why),) = await self.check_many(
            request=request, starts=(request.start,), client=client, by=by, booking=booking
        )
        if not why:
            return Checked(available=True, reasons=[], alternatives=[])
        search = AlternativeSearch(
            calendar=request.therapist,
            start=request.start,
            service=request.service,
            duration=request.duration,
            client=client,
            booking=booking,
            by=by,
        )
        return Checked(available=False, reasons=why, alternatives=await self.alternatives.near(search))

    async def check_many(
        self, request: BookingRequest, starts: tuple[int, ...], client: str, by: Principal, booking: str = ""
    ) -> list[tuple[BookingPlan, list[Reason]]]:
        """The reasons against each of these times: in the calendar, in its rooms, and in the client's agenda."""
        overriding = bool(request.override_reason)
        command = Check(
            starts=starts,
            service=request.service,
            duration=request.duration,
            client=client,
            booking=booking,
            overriding=overriding,
        )
        results = (await self._region.ask(calendar_of(request.therapist), command, by=by)).results
        plans = [result.plan for result in results]
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

    async def _with_time(
        self,
        booking: str,
        wanted: TimeRequest,
        command_with: Callable[[ReservedTime], Awaitable[Command[BookingReply]]],
        by: Principal,
        trace: str,
    ) -> BookingReply:
        """The answer of the booking to a command with time that was taken for it. When the time has lapsed meanwhile,
        it is taken anew; when the booking refuses, it is given back.

        Raises:
            CarewireError: the time is not free, the booking refused, or nobody answered in time.
        """
        for _ in range(_ATTEMPTS):
            taken = await self._take(booking, wanted, by, trace)
            try:
                command = await command_with(taken)
                return await self._region.ask(f"booking:{booking}", command, by=by, command_id=taken.key, trace=trace)
            except CarewireError as error:
                if not error.retryable:
                    await self._taking.give_back(taken.key, taken.parties)
                if not _has_lapsed(error):
                    raise
        raise Conflict("Too much happened at once. Please try again.")

    async def _take(self, booking: str, wanted: TimeRequest, by: Principal, trace: str) -> ReservedTime:
        key = f"{booking}.{os.urandom(6).hex()}"
        try:
            return await self._taking.take(booking, key, wanted, by, trace=trace)
        except Conflict as error:
            raise await self._explaining.explained(error, booking, wanted, by) from None

    async def _id_for(self, request: BookingRequest, by: Principal, trace: str) -> tuple[str, bool]:
        """The id of the booking, and whether nobody can have used it before."""
        proposed = new_id("bkg", self._clock.platform_ms())
        if not request.key:
            return request.id or proposed, not request.id
        found = await self._region.ask(f"booking:{request.key}", AssignId(proposed), by=by, trace=trace)
        return found.id, found.fresh

    async def _made(self, booking: str, by: Principal) -> BookingReply | None:
        try:
            return await self.get(booking, by=by)
        except NotFound:
            return None

    async def _ask(self, booking: str, command: Command[BookingReply], by: Principal, trace: str) -> BookingReply:
        return await self._region.ask(entity("booking", booking, "booking_id"), command, by=by, trace=trace)

    async def _require_reach(self, client: str, therapist: str, by: Principal) -> None:
        """Between the two; who books for others reaches nobody by it."""
        if by.user in (client, therapist):
            await self._reach.may_reach(by.user, client, therapist)

    def _client_of(self, request: BookingRequest, by: Principal) -> str:
        client = request.client or by.user
        if client != by.user and not is_staff(by, request.therapist):
            raise PermissionDenied("Only those who run this calendar book for others.")
        if not is_id(client):
            raise InvalidArgument("client_id is not an id.", details={"field": "client_id"})
        return client


def _has_lapsed(error: CarewireError) -> bool:
    return isinstance(error, Conflict) and bool((error.details or {}).get("lapsed"))
