"""What users are told in their inbox about their own account."""

from typing import Protocol

import msgspec

from actors.inboxes.commands import Deliver
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import SYSTEM, Principal
from common.clock import Clock
from common.errors import Overloaded, Unavailable
from common.ids import new_id
from common.logs import get_logger

log = get_logger(__name__)


class InboxClient(Protocol):
    """The caller's side of the shards (`actors.kernel.caller.region.Region`)."""

    async def submit(
        self, entity: str, command: msgspec.Struct, *, by: Principal, command_id: str | None = None, trace: str = ""
    ) -> Reply: ...


class Notices:
    """Writes to `user:<id>`."""

    def __init__(self, region: InboxClient, clock: Clock) -> None:
        self._region = region
        self._clock = clock

    async def tell(self, user: str, event: str, payload: dict[str, object], *, must: bool = False) -> None:
        """A socket event, now or when they next connect. What must be told, raises when it cannot be.

        Raises:
            Unavailable: nobody answered in time, and it must be told.
        """
        event_id = new_id("evt", self._clock.platform_ms())
        command = Deliver(event_id, event, msgspec.json.encode(payload))
        try:
            await self._region.submit(f"user:{user}", command, by=SYSTEM, command_id=event_id)
        except (Unavailable, Overloaded) as error:
            if must:
                raise
            log.warning("notice.lost", user=user, event_name=event, code=error.code)
