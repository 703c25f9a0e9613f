"""Which sockets of meetings are gone: told to their meetings by the gateway that had them."""

from collections.abc import Collection
from typing import Final

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.meetings.reports import SocketGone
from common.errors import CarewireError
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.front.hub import Hub

_TOPIC: Final = "meeting:"
log = get_logger(__name__)


class MeetingSockets:
    """One a gateway."""

    def __init__(self, hub: Hub, entities: EntityClient) -> None:
        self._hub, self._entities = hub, entities

    def begin(self) -> None:
        """From now on."""
        self._hub.parts(self._parted)

    def _parted(self, connection: Connection, topics: Collection[str]) -> None:
        for topic in topics:
            if topic.startswith(_TOPIC):
                self._hub.tasks.spawn(self._tell(topic, connection.sid))

    async def _tell(self, topic: str, sid: str) -> None:
        try:
            await self._entities.submit(topic, SocketGone(sid), by=SYSTEM)
        except CarewireError as error:  # a mesh and a worker notice by themselves, a little later
            log.warning("meeting.socket_gone", code=error.code)
