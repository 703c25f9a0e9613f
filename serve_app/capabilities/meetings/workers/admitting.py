"""Who may speak with the worker that has a meeting: by their ticket, or by the seat that they have."""

from collections.abc import Awaitable, Callable

from actors.meetings.activities import MediaRoomState
from actors.meetings.commands import GetMeeting
from common.errors import FailedPrecondition
from serve_app.capabilities.meetings.admission import Admissions
from serve_app.capabilities.meetings.service import Meetings
from serve_app.edge.operation import Caller


class MediaAdmission:
    """One a process."""

    def __init__(self, admissions: Admissions, meetings: Meetings) -> None:
        self._admissions, self._meetings = admissions, meetings

    async def by_ticket(
        self, meeting: str, ticket: str, epoch: int, caller: Caller
    ) -> tuple[str, Callable[[], Awaitable[MediaRoomState]]]:
        """Whose seat it opens, and how to look at the room until a worker has it.

        Raises:
            PermissionDenied, Unauthenticated, FailedPrecondition: as `Admissions.admit`.
            FailedPrecondition: reason `provider`: media does not go through a worker.
        """
        admission = await self._admissions.admit(meeting, ticket, epoch, by=caller.by, trace=caller.trace)
        first: list[MediaRoomState] = [admission.room]

        async def look() -> MediaRoomState:
            room = first.pop() if first else await self._admissions.room(meeting, trace=caller.trace)
            return _forwarded(room)

        return admission.participant, look

    async def by_seat(self, meeting: str, caller: Caller) -> tuple[str, Callable[[], Awaitable[MediaRoomState]]]:
        """Likewise, by who asks.

        Raises:
            NotFound: they have no part in it.
            FailedPrecondition: reason `not_seated`, `provider`.
        """
        room = await self._admissions.room(meeting, trace=caller.trace)
        seat = next((each for each in room.seats if each.user == caller.by.user), None)
        if seat is None:
            await self._meetings.ask(meeting, GetMeeting(), caller)  # who has no part in it hears so
            raise FailedPrecondition("You are not in this meeting now: join first.", details={"reason": "not_seated"})

        async def look() -> MediaRoomState:
            return _forwarded(await self._admissions.room(meeting, trace=caller.trace))

        return seat.participant, look


def _forwarded(room: MediaRoomState) -> MediaRoomState:
    if room.over:
        raise FailedPrecondition("Media of this meeting does not go through our unit.", details={"reason": "provider"})
    return room
