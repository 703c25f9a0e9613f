"""Whose seat a ticket opens: asked of its meeting once, and remembered for a second, so that a client that negotiates
costs its shard nothing. Whoever is put out is put out of media itself, at once."""

from typing import Final

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.meetings.access.doors import Doors
from actors.meetings.access.tickets import read
from actors.meetings.activities import MediaRoomState
from actors.meetings.commands import Admission, CheckTicket, RoomNow
from actors.meetings.rules.tickets import epoch_passed
from common.clock import Clock

_KEPT_S: Final = 1.0
_MOST: Final = 1000


class Admissions:
    """One a process."""

    def __init__(self, entities: EntityClient, doors: Doors, clock: Clock) -> None:
        self._entities, self._doors, self._clock = entities, doors, clock
        self._known: dict[str, tuple[float, Admission]] = {}

    def read(self, meeting_id: str, ticket: str, by: Principal) -> CheckTicket:
        """What a ticket says of itself. Raises Unauthenticated, reason `ticket`."""
        return read(doors=self._doors, meeting=meeting_id, user=by.user, token=ticket, now_ms=self._clock.platform_ms())

    async def admit(
        self, meeting_id: str, ticket: str, epoch: int, *, by: Principal, trace: str, fresh: bool = False
    ) -> Admission:
        """Whose seat it opens, and the room. `fresh`: what is remembered does not do.

        Raises:
            PermissionDenied: reason `kicked`.
            Unauthenticated: reason `ticket`.
            FailedPrecondition: reason `over`, or `epoch` with `details.epoch`.
            Unavailable: nobody can carry it, or it may be so.
        """
        claims = self.read(meeting_id, ticket, by)
        now_s = self._clock.monotonic_s()
        kept = self._known.get(ticket)
        if fresh or kept is None or now_s - kept[0] > _KEPT_S:
            admission = await self._entities.ask(f"meeting:{meeting_id}", claims, by=SYSTEM, trace=trace)
            self._keep(ticket, now_s, admission)
        else:
            admission = kept[1]
        if epoch != admission.room.epoch:
            raise epoch_passed(admission.room.epoch)
        return admission

    async def room(self, meeting_id: str, *, trace: str = "") -> MediaRoomState:
        """The room as it is now. Raises NotFound, Unavailable."""
        return await self._entities.ask(f"meeting:{meeting_id}", RoomNow(), by=SYSTEM, trace=trace)

    def forget(self, meeting_id: str) -> None:
        """Something has changed in it: what is remembered of it does not count."""
        for ticket, (_, admission) in list(self._known.items()):
            if admission.room.meeting == meeting_id:
                del self._known[ticket]

    def _keep(self, ticket: str, now_s: float, admission: Admission) -> None:
        if len(self._known) >= _MOST:
            self._known = {key: kept for key, kept in self._known.items() if now_s - kept[0] <= _KEPT_S}
        self._known[ticket] = (now_s, admission)
