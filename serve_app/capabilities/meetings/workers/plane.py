"""From the doors to the worker that has a meeting."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from actors.meetings.activities import MediaRoomState
from common.errors import CarewireError, Unavailable
from common.net.tls import NodeTls
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.link import WorkerGone, WorkerLinks, asked_again
from serve_app.capabilities.meetings.workers.registry import MediaRegistry
from store.mongo.client import Database

START_S: Final = 6.0  # that a worker may take to start
_LOOKS_S: Final = 0.05


class WorkerPlane:
    """One a process."""

    def __init__(self, database: Database, tls: NodeTls | None) -> None:
        self.registry = MediaRegistry(database)
        self.links = WorkerLinks(self.registry, tls)

    async def apply(self, room: MediaRoomState) -> None:
        """Have its worker hold to this; on return it does, or is gone, and then whoever takes the meeting hears of it.
        What a worker that does not answer lets through is at most what a hung one lets through: nothing."""
        if not room.worker:
            return
        try:
            await self.links.call(room.worker, wire.APPLY, wire.packed(room))
        except (WorkerGone, CarewireError):
            return

    async def offer(self, asked: wire.MakeOffer) -> wire.OfferAnswered:
        """Answer an offer. Raises CarewireError as `MediaWorker.offer` does; Unavailable: the worker is gone."""
        data = await asked_again(self.links, asked.room.worker, wire.OFFER, wire.packed(asked))
        return wire.unpacked(data, wire.OfferAnswered)

    async def subscribe(self, asked: wire.TrackSubscriptions) -> wire.SlotAssignments:
        """Give somebody what they want. Raises as `offer` does."""
        data = await asked_again(self.links, asked.room.worker, wire.SUBSCRIBE, wire.packed(asked))
        return wire.unpacked(data, wire.SlotAssignments)


async def placed(look: Callable[[], Awaitable[MediaRoomState]]) -> MediaRoomState:
    """The room once a worker has it. Raises Unavailable: none has it in time."""
    until = time.monotonic() + START_S
    while not (room := await look()).worker:
        if time.monotonic() > until:
            raise Unavailable("Media is not ready yet. Please try again in a moment.", retry_after_s=1.0)
        await asyncio.sleep(_LOOKS_S)
    return room
