"""The connector `media`: finds a worker for a meeting, and tells workers what holds. Its partner is Carewire itself."""

from collections.abc import Iterable
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.meetings.activities import MEDIA, NO_WORKER, HoldRoom, MediaRoomState, PlaceRoom, RoomPlaced
from actors.meetings.house import doors_of
from actors.meetings.reports import MoveMedia
from common.errors import CarewireError
from common.lib.tasks import Tasks
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later, Refused, Unreadable
from serve_app.capabilities.connecting import RunnerContext
from serve_app.capabilities.meetings.fleet.hatching import RayHatchery
from serve_app.capabilities.meetings.fleet.placing import Fleet, NoWorker
from serve_app.capabilities.meetings.fleet.supervisor import FleetSupervisor
from serve_app.capabilities.meetings.metrics import MeetingCensus
from serve_app.capabilities.meetings.relays.probe import state_of
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.link import WorkerGone, WorkerLinks
from serve_app.capabilities.meetings.workers.registry import MediaRegistry, Placed, WorkerRecord

_pack: Final = msgspec.msgpack.Encoder().encode
_wanted: Final = msgspec.msgpack.Decoder(PlaceRoom | HoldRoom).decode
_SOON_S: Final = 0.3


class MediaConnector(Connector):
    """One a runner. What is told is the whole room with its epoch and stamp, so a repeat does no harm."""

    name = MEDIA
    capacity = Capacity(at_once=32, call_s=15.0)
    remembers_s = FOR_EVER_S

    def __init__(
        self,
        registry: MediaRegistry,
        links: WorkerLinks,
        fleet: Fleet,
        entities: EntityClient,
        supervisor: FleetSupervisor,
        census: MeetingCensus | None = None,
    ) -> None:
        """`census`: counts for as long as the connector is open."""
        self._registry, self._links, self._fleet = registry, links, fleet
        self._entities, self._supervisor = entities, supervisor
        self._tasks = Tasks("media connector")
        supervisor.start()
        if census is not None:
            self._tasks.spawn(census.run())

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            wanted = _wanted(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such a room.") from error
        try:
            if isinstance(wanted, PlaceRoom):
                return _pack(RoomPlaced(worker=await self._place(wanted.room)))
            await self._hold(wanted.room)
        except CarewireError as error:
            raise Later(error.code, error.message, retry_after_s=error.retry_after_s, only_this=True) from error
        return b""

    @override
    async def find(self, call: Call) -> None:
        """It is told anew."""

    @override
    async def close(self) -> None:
        await self._tasks.cancel()
        await self._supervisor.close()
        await self._links.close()

    async def _place(self, room: MediaRoomState) -> str:
        """A worker that has the room by now. Raises Refused, Later."""
        try:
            record = await self._fleet.place()
        except NoWorker as error:
            raise Refused(NO_WORKER, "No media worker may take the meeting.") from error
        await self._give(record, msgspec.structs.replace(room, worker=record.name))
        return record.name

    async def _give(self, record: WorkerRecord, room: MediaRoomState) -> None:
        await self._registry.place(Placed(room.meeting, record.name, record.life, room.epoch))
        try:
            await self._links.call_this(record, wire.APPLY, wire.packed(room), timeout_s=2.0)
        except WorkerGone as error:
            raise Later("worker_gone", "The worker is gone.", retry_after_s=_SOON_S, only_this=True) from error

    async def _hold(self, room: MediaRoomState) -> None:
        if not room.worker:
            return
        record = await self._registry.worker(room.worker)
        if room.over:
            await self._registry.gone(room.meeting, room.epoch)
        if record is None:
            if not room.over:  # it died before it heard of the room: nobody else knows that this meeting is without
                command = MoveMedia(room.epoch, "worker_lost", "sfu")
                await self._entities.submit(f"meeting:{room.meeting}", command, by=SYSTEM)
        elif room.over:
            await self._close(record, room)
        else:
            await self._give(record, room)

    async def _close(self, record: WorkerRecord, room: MediaRoomState) -> None:
        try:
            await self._links.call_this(record, wire.APPLY, wire.packed(room), timeout_s=2.0)
        except WorkerGone:
            return  # with everything in it


def media_connectors(context: RunnerContext) -> Iterable[Connector]:
    """What a runner opens."""
    settings = context.settings
    registry = MediaRegistry(context.database)
    links = WorkerLinks(registry, settings.cluster.node_tls())
    hatchery = RayHatchery(settings, registry, context.pools)
    fleet = Fleet(registry, links, hatchery, settings.media)
    supervisor = FleetSupervisor(
        registry=registry,
        links=links,
        fleet=fleet,
        hatchery=hatchery,
        leases=context.stores.leases,
        entities=context.region,
        settings=settings.media,
    )
    turn = doors_of(settings).turn
    relays = (lambda: state_of(turn, context.clock.now_ms())) if turn.urls else None
    census = MeetingCensus(context.database, context.registry, relays)
    yield MediaConnector(
        registry=registry, links=links, fleet=fleet, entities=context.region, supervisor=supervisor, census=census
    )
