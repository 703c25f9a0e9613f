"""What operators see of meetings: how many there are, how long it takes to get into one, and whether relays relay. No
label names anybody."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram

from actors.meetings.outcomes.views import EVERYBODY, MEETINGS
from common.errors import CarewireError
from store.mongo.client import Database, database_errors

_STATUSES: Final = ("scheduled", "open", "live")
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_EVERY_S: Final = 15.0
_MOST: Final = 100_000


class JoinMetrics:
    """One a process that has doors."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "carewire_meeting_join_seconds",
            "How long it took to be given a seat, or a place in the lobby.",
            registry=registry,
            buckets=_SECONDS,
        )


class MeetingCensus:
    """How many meetings there are, counted by every runner alike."""

    def __init__(
        self, database: Database, registry: CollectorRegistry, relays: Callable[[], Awaitable[str]] | None = None
    ) -> None:
        """`relays`: asks a relay for an allocation, and says "ok" or "down". None: there is none to be asked."""
        self._meetings, self._relays = database[MEETINGS], relays
        if relays is not None:
            self._relaying = Gauge("carewire_turn_up", "1 while the relay gives allocations.", registry=registry)
        self._gauge = Gauge("carewire_meetings", "Meetings that are not over.", ["status"], registry=registry)

    async def run(self) -> None:
        """For as long as the process runs. While the database is away, what was counted last stands."""
        while True:
            with suppress(CarewireError):
                await self.look()
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """Once. Raises Unavailable."""
        if self._relays is not None:
            self._relaying.set(await self._relays() == "ok")
        for status in _STATUSES:
            with database_errors():
                wanted = {"f.user": EVERYBODY, "f.status": status}
                found = await self._meetings.count_documents(wanted, limit=_MOST)
            self._gauge.labels(status).set(found)
