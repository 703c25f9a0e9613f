"""Meetings as doors serve them. The rules are the entity's (`actors.meetings`)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from actors.calendars.booking.answers import BookingReply
from actors.calendars.services.assembly import CalendarServices
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.kernel.contract.versions import require_version
from actors.meetings.commands import CreateMeeting, FollowBooking, ForgetParticipant, GetMeeting, JoinFacts, TakeSeat
from actors.meetings.ids import meeting_of_booking
from actors.meetings.outcomes.views import EVERYBODY, MEETINGS, record_in
from actors.meetings.replies import MeetingReply
from actors.meetings.state import Record
from common.clock import Clock
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.ids import new_id
from common.logs import get_logger
from common.reach import Reach
from common.timeline import parse_instant
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.meetings.admission import Admissions
from serve_app.capabilities.meetings.plane import MediaPlane
from serve_app.edge.operation import Caller
from store.ports.views import ViewQuery, Views

_PAGE: Final = 200
_CONFIRMED: Final = "confirmed"
_meeting: Final = msgspec.json.Decoder(MeetingReply).decode
log = get_logger(__name__)
OpenBill = Callable[[str], Awaitable[str]]
"""The bill of this booking (its id) that is due and unpaid; "": none."""
Barred = Callable[[str], Awaitable[bool]]
"""May this person be in no meeting for now?"""


async def nobody_barred(user: str) -> bool:
    """Everybody may."""
    del user
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingParts:
    """What the service is made of. `owes`: None where nobody has to pay first. `plane`:
    None where there are no workers. `barred`: who may not come in for now. `joined`: hears
    how many seconds it took somebody to come in."""

    entities: EntityClient
    views: Views
    calendars: CalendarServices
    reach: Reach
    audit: AuditRecord
    admissions: Admissions
    clock: Clock
    plane: MediaPlane | None = None
    owes: OpenBill | None = None
    barred: Barred = nobody_barred
    joined: Callable[[float], None] = lambda _: None


class Meetings:
    """One a process."""

    def __init__(self, parts: MeetingParts) -> None:
        self._parts = parts
        self._entities, self._views = parts.entities, parts.views

    async def ask(self, meeting_id: str, command: msgspec.Struct, caller: Caller, *, listen: bool = False) -> Reply:
        """Put something to a meeting. Raises as the entity does."""
        return await self._entities.submit(
            f"meeting:{meeting_id}", command, by=caller.by, listen=listen, trace=caller.trace
        )

    async def act(self, action: str, meeting_id: str, command: msgspec.Struct, caller: Caller, why: str = "") -> Reply:
        """Something that is in the audit record, and in force before it is answered: what somebody must not say or see
        any more does not pass from then on."""
        reply = await self.ask(meeting_id, command, caller)
        await self.enforce(meeting_id, caller.trace)
        about = str(getattr(command, "participant", "") or "")
        await self.record(action, f"{meeting_id}/{about}" if about else meeting_id, caller, why)
        return reply

    async def record(self, action: str, resource: str, caller: Caller, why: str = "") -> None:
        """In the audit record: it was done. Raises Unavailable."""
        await self._parts.audit.append(
            AuditEntry(action, caller.by.user, role=caller.by.role, resource=resource, request=caller.trace, why=why)
        )

    async def enforce(self, meeting_id: str, trace: str) -> None:
        """Have media hold to what the meeting has decided."""
        self._parts.admissions.forget(meeting_id)
        room = await self._parts.admissions.room(meeting_id, trace=trace)
        if room.worker and self._parts.plane is not None:
            await self._parts.plane.apply(room)

    async def create(self, command: CreateMeeting, caller: Caller) -> Reply:
        """A meeting of one's own."""
        meeting_id = new_id("mtg", self._parts.clock.platform_ms())
        made = await self.ask(meeting_id, command, caller)
        await self.record("meeting.create", meeting_id, caller)
        return made

    async def of_booking(self, booking_id: str, caller: Caller) -> Reply:
        """The meeting of a booking, made if it is confirmed and has none yet.

        Raises:
            NotFound: there is no such booking for the caller.
            FailedPrecondition: reason `not_confirmed`.
        """
        booking = await self._parts.calendars.bookings.get(booking_id, by=caller.by, trace=caller.trace)
        meeting_id = meeting_of_booking(booking_id)
        try:
            return await self.ask(meeting_id, GetMeeting(), caller)
        except NotFound:
            if booking.status != _CONFIRMED:
                details: dict[str, object] = {"reason": "not_confirmed", "status": booking.status}
                raise FailedPrecondition("Only a confirmed booking has a meeting.", details=details) from None
            await self._entities.submit(f"meeting:{meeting_id}", _made_of(booking), by=SYSTEM, trace=caller.trace)
        return await self.ask(meeting_id, GetMeeting(), caller)

    async def cancel_booking(self, meeting_id: str, reason: str, caller: Caller) -> Reply:
        """Cancel the booking of a meeting by its rules, and so the meeting. Raises as bookings do; FailedPrecondition:
        the meeting has changed meanwhile."""
        found = await self.ask(meeting_id, GetMeeting(), caller)
        require_version(caller.versions, found.version)
        shown = _meeting(found.data).meeting
        booking_id = str(shown.booking_id)
        booking = await self._parts.calendars.bookings.cancel(booking_id, reason, by=caller.by, trace=caller.trace)
        follow = FollowBooking(
            version=booking.version,
            start=parse_instant(booking.start),
            end=parse_instant(booking.end),
            host=booking.therapist_id,
            people=(booking.client_id, *booking.participants),
            cancelled=True,
        )
        await self._entities.submit(f"meeting:{meeting_id}", follow, by=SYSTEM, trace=caller.trace)
        return await self.ask(meeting_id, GetMeeting(), caller)

    async def is_booked(self, meeting_id: str, caller: Caller) -> bool:
        """Whether it follows a booking. Raises NotFound."""
        shown = _meeting((await self.ask(meeting_id, GetMeeting(), caller)).data).meeting
        return isinstance(shown.booking_id, str)

    async def join(self, meeting_id: str, join: TakeSeat, caller: Caller) -> Reply:
        """Take one's place. Raises as the entity does, in the order of `actors/meetings/REFUSALS.md`."""
        began_s = self._parts.clock.monotonic_s()
        facts = await self._facts(meeting_id, caller.by)
        command = msgspec.structs.replace(
            join,
            participant=new_id("prt", self._parts.clock.platform_ms()),
            facts=facts,
            connection=caller.connection,
            device=join.device or caller.device or caller.by.user,
        )
        reply = await self.ask(meeting_id, command, caller, listen=bool(caller.connection))
        await self._look_again(meeting_id, caller)
        self._parts.joined(self._parts.clock.monotonic_s() - began_s)
        return reply

    async def _look_again(self, meeting_id: str, caller: Caller) -> None:
        """What came into force while they came in, when nobody could put them out yet, holds too."""
        facts = await self._facts(meeting_id, caller.by)
        if reason := "restricted" if facts.restricted else "unreachable" if facts.unreachable else "":
            await self._entities.submit(f"meeting:{meeting_id}", ForgetParticipant(caller.by.user), by=SYSTEM)
            raise PermissionDenied("You cannot join this meeting.", details={"reason": reason})

    async def _facts(self, meeting_id: str, by: Principal) -> JoinFacts:
        """What a meeting cannot know of who comes: may they, is its host in reach, what is owed?"""
        restricted = await self._parts.barred(by.user)
        found = await self._views.get(MEETINGS, [f"{meeting_id}/{EVERYBODY}"])
        view = found.get(f"{meeting_id}/{EVERYBODY}")
        if view is None:
            return JoinFacts(restricted=restricted)
        record = record_in(view)
        apart = bool(await self._parts.reach.among(by.user, [record.host]))
        owes = ""
        if self._parts.owes is not None and record.booking and by.user == record.client:
            owes = await self._parts.owes(record.booking)
        return JoinFacts(restricted, apart, owes)

    async def page(
        self, user: str, *, equal: Mapping[str, str], above: str | None, below: str | None, limit: int
    ) -> Sequence[Record]:
        """Those of a user (`EVERYBODY`: all), in the order of their starts."""
        query = ViewQuery(
            collection=MEETINGS,
            equal={"user": user, **equal},
            order_by="place",
            above=above,
            below=below,
            limit=limit,
        )
        return [record_in(view) for view in await self._views.find(query)]

    async def of(self, user: str) -> AsyncIterator[Record]:
        """All of a user's."""
        above: str | None = None
        while True:
            query = ViewQuery(collection=MEETINGS, equal={"user": user}, order_by="place", above=above, limit=_PAGE)
            found = await self._views.find(query)
            for view in found:
                yield record_in(view)
            if len(found) < _PAGE:
                return
            above = str(found[-1].fields["place"])

    async def forget(self, user: str) -> None:
        """They are out of every meeting. Idempotent. Raises Unavailable: it is not finished."""
        async for record in self.of(user):
            if not record.over:
                await self._entities.submit(f"meeting:{record.id}", ForgetParticipant(user), by=SYSTEM)


def _made_of(booking: BookingReply) -> CreateMeeting:
    return CreateMeeting(
        kind="session",
        host=booking.therapist_id,
        people=(booking.client_id, *booking.participants),
        start=parse_instant(booking.start),
        end=parse_instant(booking.end),
        booking=booking.id,
        booking_version=booking.version,
        client=booking.client_id,
        bill=booking.bill_id,
    )
