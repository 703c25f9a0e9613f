"""Calls as doors serve them. The rules are the entities' (`actors.calls`)."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from actors.calls.call.commands import ForgetParty, Ring
from actors.calls.line.line import FreeLine, TakeLine
from actors.calls.records import Media, ShownCall
from actors.calls.views import CALLS, call_in
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient
from actors.meetings.commands import CreateMeeting
from actors.meetings.ids import CALL_MS, meeting_of_call
from actors.meetings.state import CALLED
from actors.rooms.conversation.commands import See
from actors.rooms.messages.views import MEMBERSHIPS
from common.clock import Clock
from common.errors import InvalidArgument, NotFound, PermissionDenied
from common.ids import new_id
from common.reach import Reach
from serve_app.capabilities.capability import DirectRooms
from store.ports.views import Scalar, ViewQuery, Views

_PAGE: Final = 500
_SPARE_MS: Final = 5_000  # that a line is kept beyond the ringing, for a call whose end is late


class Calls:
    """One a process. `ring_ms`: how long a call rings. `video`: who answers one gets a meeting."""

    def __init__(
        self,
        entities: EntityClient,
        views: Views,
        direct: DirectRooms,
        reach: Reach,
        clock: Clock,
        *,
        ring_ms: int,
        video: bool = False,
    ) -> None:
        self._entities, self._views = entities, views
        self._direct, self._reach = direct, reach
        self._clock, self._ring_ms, self._video = clock, ring_ms, video

    async def ring(self, callee: str, media: Media, *, room: str, meeting: str, by: Principal, trace: str) -> ShownCall:
        """Ring at somebody.

        Raises:
            InvalidArgument: it is the caller themselves.
            PermissionDenied: neither may they write to each other in private, nor do they share one that is open.
            FailedPrecondition: another call rings at one of them; `details.reason` is `busy`.
            Unavailable: it may ring.
        """
        if callee == by.user:
            raise InvalidArgument("Call somebody else.", details={"field": "callee_id"})
        await self._check(callee, room, by)
        call = new_id("call", self._clock.platform_ms())
        taken: list[str] = []
        try:
            for user in sorted((by.user, callee)):
                take = TakeLine(call, self._ring_ms + _SPARE_MS)
                await self._entities.submit(f"line:{user}", take, by=SYSTEM, trace=trace)
                taken.append(user)
        except BaseException:
            for user in taken:
                await self._entities.submit(f"line:{user}", FreeLine(call), by=SYSTEM, trace=trace)
            raise
        ringing = Ring(
            caller=by.user,
            callee=callee,
            media=media,
            ring_ms=self._ring_ms,
            room=room,
            meeting=meeting if self._video else "",
        )
        return await self._entities.ask(f"call:{call}", ringing, by=SYSTEM, trace=trace)

    async def ask(self, call_id: str, command: Command[ShownCall], *, by: Principal, trace: str) -> ShownCall:
        """Look at it, answer, decline or cancel it. Raises as the entity does."""
        return await self._entities.ask(f"call:{call_id}", command, by=by, trace=trace)

    def meeting_of(self, call_id: str) -> str:
        """Where its two people will talk; "": nowhere of ours."""
        return meeting_of_call(call_id) if self._video else ""

    async def meet(self, call: ShownCall, *, trace: str) -> None:
        """Its meeting is there before the answer says so. Raises Unavailable."""
        if call.meeting_id and call.meeting_id == self.meeting_of(call.id):
            now_ms = self._clock.platform_ms()
            made = CreateMeeting(
                kind="call",
                host=call.caller_id,
                people=(call.callee_id,),
                start=now_ms,
                end=now_ms + CALL_MS,
                config=CALLED,
            )
            await self._entities.submit(f"meeting:{call.meeting_id}", made, by=SYSTEM, trace=trace)

    async def of(self, user: str) -> AsyncIterator[ShownCall]:
        """Every call of a user, the newest first."""
        before: str | None = None
        while page := await self._page(user, before):
            for call in page:
                yield call
            before = page[-1].id

    async def forget(self, user: str) -> None:
        """Nothing rings at who is being erased. Idempotent. Raises Unavailable: it is not finished."""
        async for call in self.of(user):
            if call.status == "ringing":
                await self._entities.submit(f"call:{call.id}", ForgetParty(), by=SYSTEM)

    async def _check(self, callee: str, room: str, by: Principal) -> None:
        try:
            await self._direct.may_open_direct(by.user, by.role, [callee])
        except PermissionDenied:
            await self._reach.may_reach(by.user, callee)
            if not await self._share_a_room(by, callee, room):
                raise

    async def _share_a_room(self, by: Principal, other: str, room: str) -> bool:
        """Are both in this room ("": in any), and may something be said there now?"""
        user = by.user
        if room:
            return await self._both_in(by, other, [room])
        last: str | None = None
        while True:
            equal: dict[str, Scalar] = {"user": user, "left": False}
            query = ViewQuery(collection=MEMBERSHIPS, equal=equal, order_by="room", above=last, limit=_PAGE)
            rooms = [str(view.fields["room"]) for view in await self._views.find(query)]
            if await self._both_in(by, other, rooms):
                return True
            if len(rooms) < _PAGE:
                return False
            last = rooms[-1]

    async def _both_in(self, by: Principal, other: str, rooms: Sequence[str]) -> bool:
        user = by.user
        found = await self._views.get(MEMBERSHIPS, [f"{who}|{room}" for room in rooms for who in (user, other)])
        present = {key for key, view in found.items() if not view.fields["left"]}
        for room in rooms:
            if f"{user}|{room}" in present and f"{other}|{room}" in present and await self._is_open(room, by):
                return True
        return False

    async def _is_open(self, room: str, by: Principal) -> bool:
        try:
            seen = await self._entities.ask(f"room:{room}", See(), by=by)
        except (NotFound, PermissionDenied):  # they have left it a moment ago
            return False
        return seen.room.state == "open"

    async def _page(self, user: str, before: str | None) -> Sequence[ShownCall]:
        query = ViewQuery(
            collection=CALLS, equal={"user": user}, order_by="call", below=before, descending=True, limit=_PAGE
        )
        return [call_in(view) for view in await self._views.find(query)]
