"""Broadcasts as doors serve them. The rules are the entity's (`actors.broadcasts`)."""

from typing import Final

import msgspec

from actors.broadcasts.commands import Announce, GetBroadcast
from actors.broadcasts.records import Broadcast, ShownBroadcast, shown
from actors.kernel.contract.entity import SYSTEM, Command
from actors.kernel.contract.ports import EntityClient
from common.clock import Clock
from common.errors import InvalidArgument
from common.ids import new_id
from common.timeline import parse_instant
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.broadcasts.people import AudiencePeople
from serve_app.capabilities.broadcasts.requests import BroadcastNotification
from serve_app.capabilities.notifications.service import Notifications
from serve_app.edge.operation import Caller

_SAMPLE: Final = 10
_pack: Final = msgspec.msgpack.Encoder().encode


class Broadcasts:
    """One a process."""

    def __init__(
        self,
        entities: EntityClient,
        notifications: Notifications,
        people: AudiencePeople,
        audit: AuditRecord,
        clock: Clock,
    ) -> None:
        self._entities, self._notifications = entities, notifications
        self._people, self._audit, self._clock = people, audit, clock

    async def announce(self, asked: BroadcastNotification, caller: Caller) -> ShownBroadcast:
        """Make one, or (a dry run) say whom it would tell. Recorded.

        Raises:
            InvalidArgument: an audience that is none, a time in the past, a value that no notification has.
        """
        audience, send_at = asked.audience.audience(), self._moment(asked.send_at)
        tell = self._notifications.tell_of(asked.for_one(caller.by.user), caller.by)
        if 0 < tell.expires_at_ms <= send_at:
            raise InvalidArgument("It expires before it is told.", details={"field": "expires_at"})
        broadcast_id = new_id("brd", self._clock.platform_ms())
        if asked.dry_run:
            made = Broadcast(
                id=broadcast_id,
                by=caller.by.user,
                status="done",
                audience=audience,
                rate_per_s=asked.rate_per_s,
                created=self._clock.platform_ms(),
                total=await self._people.count(audience),
            )
            return shown(made, sample=await self._people.page(audience, after="", limit=_SAMPLE))
        await self._record("broadcast.create", broadcast_id, caller)
        command = Announce(
            by=caller.by.user,
            audience=audience,
            rate_per_s=asked.rate_per_s,
            send_at=send_at,
            secret=_pack(tell),
        )
        return await self._entities.ask(f"broadcast:{broadcast_id}", command, by=SYSTEM, trace=caller.trace)

    async def get(self, broadcast_id: str) -> ShownBroadcast:
        """Raises NotFound."""
        return await self._entities.ask(f"broadcast:{broadcast_id}", GetBroadcast(), by=SYSTEM)

    async def change(
        self, broadcast_id: str, action: str, command: Command[ShownBroadcast], caller: Caller
    ) -> ShownBroadcast:
        """Pause, resume or cancel it. Recorded. Raises NotFound; FailedPrecondition: it is over."""
        await self.get(broadcast_id)
        await self._record(action, broadcast_id, caller)
        return await self._entities.ask(f"broadcast:{broadcast_id}", command, by=SYSTEM, trace=caller.trace)

    def _moment(self, send_at: str | None) -> int:
        if send_at is None:
            return 0
        at_ms = parse_instant(send_at, "send_at")
        if at_ms <= self._clock.platform_ms():
            raise InvalidArgument("send_at has passed.", details={"field": "send_at"})
        return at_ms

    async def _record(self, action: str, broadcast_id: str, caller: Caller) -> None:
        by = caller.by
        await self._audit.append(AuditEntry(action, by.user, role=by.role, resource=broadcast_id, request=caller.trace))
