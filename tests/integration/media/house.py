"""Workers in this process and in others, over a real database; meetings that remember what they were told."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiortc import RTCSessionDescription
from typing_extensions import override

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from actors.meetings.activities import MediaRoomState, RoomRecording, RoomSeat
from actors.meetings.state import Source
from config.settings import MediaSettings, Settings
from realtime.media.recorder import Recorder
from serve_app.capabilities.meetings.fleet.hatching import kill_here
from serve_app.capabilities.meetings.fleet.placing import Fleet
from serve_app.capabilities.meetings.fleet.supervisor import FleetSupervisor
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.plane import WorkerPlane
from serve_app.capabilities.meetings.workers.process import MediaProcess
from serve_app.capabilities.meetings.workers.registry import MediaRegistry, Placed, WorkerRecord
from store.mongo.client import Database
from store.mongo.kernel.leases import MongoLeases
from tests.integration.media.clients import Client
from tests.mongo import free_port
from tests.waiting import eventually


@dataclass
class Meetings(EntityClient):
    """What meetings were told, in order."""

    told: list[tuple[str, msgspec.Struct]] = field(default_factory=list)

    @override
    async def submit(
        self,
        entity: str,
        command: msgspec.Struct,
        *,
        by: Principal,
        command_id: str | None = None,
        listen: bool = False,
        timeout_s: float | None = None,
        trace: str = "",
    ) -> Reply:
        assert by.is_system
        self.told.append((entity, command))
        return Reply(b"null", 0, False)

    def of(self, kind: type[msgspec.Struct]) -> list[Any]:
        return [command for _, command in self.told if isinstance(command, kind)]

    async def hear(self, kind: type[msgspec.Struct], count: int = 1, timeout_s: float = 10) -> Any:
        """Wait until `count` of these have been told; the last."""

        async def enough() -> bool:
            return len(self.of(kind)) >= count

        await eventually(enough, f"nobody was told {kind.__name__}: {self.told}", timeout_s=timeout_s)
        return self.of(kind)[-1]


class NothingKept:
    """Recordings that nobody has asked for."""

    life = ""

    def begin(self, room: MediaRoomState) -> Recorder:
        raise AssertionError("nothing was to be recorded")

    def follow(self, room: MediaRoomState) -> None:
        pass


class Nest:
    """Hatches workers as processes of their own."""

    def __init__(self, registry: MediaRegistry, url: str, database: str, data: Path) -> None:
        self._registry, self._url, self._database, self._data = registry, url, database, data
        self._processes: list[asyncio.subprocess.Process] = []
        self.ended: list[str] = []

    async def hatch(self, name: str) -> None:
        port = free_port()
        self._processes.append(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.clients.media_worker", name, self._url, self._database),
                f"{port}-{port + 20}",
                env={**os.environ, "WORKER_DATA": str(self._data)},
            )
        )

        async def there() -> bool:
            return await self._registry.worker(name) is not None

        await eventually(there, "the worker does not start", timeout_s=30)

    async def end(self, record: WorkerRecord) -> None:
        self.ended.append(record.life)
        kill_here(record)

    async def nodes(self) -> int:
        return 1

    async def close(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


@dataclass
class House:
    """`media`: the settings in force."""

    registry: MediaRegistry
    plane: WorkerPlane
    meetings: Meetings
    fleet: Fleet
    nest: Nest
    supervisor: FleetSupervisor

    async def place(self, room: MediaRoomState) -> MediaRoomState:
        """At a worker, as the connector does it."""
        record = await self.fleet.place()
        room = msgspec.structs.replace(room, worker=record.name)
        await self.registry.place(Placed(room.meeting, record.name, record.life, room.epoch))
        await self.plane.apply(room)
        return room


@asynccontextmanager
async def a_house(database: Database, url: str, data: Path, **media: Any) -> AsyncIterator[House]:
    """With a supervisor, and no worker yet."""
    settings = MediaSettings(**{"spare": 0, **media})
    plane, meetings = WorkerPlane(database, None), Meetings()
    nest = Nest(plane.registry, url, database.name, data)
    fleet = Fleet(plane.registry, plane.links, nest, settings)
    supervisor = FleetSupervisor(plane.registry, plane.links, fleet, nest, MongoLeases(database), meetings, settings)
    supervisor.start()
    try:
        yield House(plane.registry, plane, meetings, fleet, nest, supervisor)
    finally:
        await supervisor.close()
        await plane.links.close()
        await nest.close()


@asynccontextmanager
async def a_worker(
    database: Database, settings: Settings, meetings: EntityClient, recordings: Any = None
) -> AsyncIterator[MediaProcess]:
    """A worker in this process."""
    kept = recordings or NothingKept()
    process = MediaProcess("media-0", settings, database, meetings, kept, "127.0.0.1", lambda: None)
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


def a_room(*people: str, worker: str = "", stamp: int = 1, epoch: int = 1, **members: Any) -> MediaRoomState:
    """A meeting with these inside; what they send passes."""
    return MediaRoomState(
        meeting="mtg_1", epoch=epoch, stamp=stamp, worker=worker, seats=tuple(map(a_seat, people)), **members
    )


def a_seat(name: str, passing: tuple[Source, ...] = ("microphone", "camera"), seat_epoch: int = 1) -> RoomSeat:
    return RoomSeat(
        participant=f"prt_{name}",
        user=f"usr_{name}",
        device="phone",
        seat_epoch=seat_epoch,
        role="guest",
        passing=passing,
    )


def recording_of(*granted: str, status: Any = "starting") -> RoomRecording:
    return RoomRecording(id="rec_1", status=status, granted=tuple(f"prt_{name}" for name in granted))


class Caller(Client):
    """A client that makes its offers through the plane."""

    def __init__(self, plane: WorkerPlane, room: MediaRoomState, name: str) -> None:
        super().__init__(None, room.meeting, f"prt_{name}")  # type: ignore[arg-type] # it is never asked
        self.plane, self.state = plane, room

    async def enter(self, room: MediaRoomState | None = None) -> wire.OfferAnswered:
        self.state = room or self.state
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sources: Mapping[Any, Any] = self._sources
        sections = tuple(wire.OfferSection(str(sender.mid), source) for sender, source in sources.items())
        offer = wire.MakeOffer(self.state, self.person, self.connection.localDescription.sdp, sections)
        answer = await self.plane.offer(offer)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        return answer
