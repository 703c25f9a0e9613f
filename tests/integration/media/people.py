"""A house whose meetings go through workers of this process, and people with a socket and a real connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiortc import RTCSessionDescription

from common.lib.tasks import Tasks
from config.settings import MediaSettings, Settings
from serve_app.capabilities.meetings.fleet.connector import MediaConnector
from serve_app.capabilities.meetings.fleet.placing import Fleet
from serve_app.capabilities.meetings.fleet.supervisor import FleetSupervisor
from serve_app.capabilities.meetings.recordings.connector import RecordingsConnector
from serve_app.capabilities.meetings.recordings.keeping import RecordingStore
from serve_app.capabilities.meetings.recordings.manifests import Manifests
from serve_app.capabilities.meetings.workers.link import WorkerLinks
from serve_app.capabilities.meetings.workers.process import MediaProcess
from serve_app.capabilities.meetings.workers.registry import MediaRegistry, WorkerRecord
from tests.activity_rig import a_runner
from tests.gateway_rig import Client as Socket
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.integration.media.clients import Client, Picture, Tone
from tests.mongo import free_port


class Workshop:
    """Hatches workers in this process, which speak to the meetings of the house."""

    def __init__(self, home: House, settings: Settings) -> None:
        self._home, self._settings = home, settings
        self.workers: dict[str, MediaProcess] = {}
        self.tasks = Tasks("workshop")

    async def hatch(self, name: str) -> None:
        home = self._home
        kept = RecordingStore(home.database, home.context.blobs, home.region, home.clock)
        process = MediaProcess(
            name,
            self._settings,
            home.database,
            home.region,
            kept,
            "127.0.0.1",
            lambda: self._ended(name),
            cpu_s=lambda: 0.0,  # what the rest of this process uses is not the worker's
        )
        await process.start()
        self.workers[name] = process

    def _ended(self, name: str) -> None:
        self.tasks.spawn(self.workers.pop(name).stop())

    async def end(self, record: WorkerRecord) -> None:
        if (process := self.workers.pop(record.name, None)) is not None:
            await process.stop()

    async def nodes(self) -> int:
        return 1


@asynccontextmanager
async def a_home(
    mongo_url: str, database: str, directory: Path
) -> AsyncIterator[tuple[House, Workshop, FleetSupervisor]]:
    """A house with a runner, a supervisor, and workers that are hatched when they are needed."""
    port = free_port()
    media = MediaSettings(ports=f"{port}-{port + 20}", spare=0)
    async with AsyncExitStack() as opened:
        home = await opened.enter_async_context(house(mongo_url, database, directory))
        settings = home.settings.model_copy(update={"media": media})
        await home.gateway()
        registry = MediaRegistry(home.database)
        links, workshop = WorkerLinks(registry, None), Workshop(home, settings)
        fleet = Fleet(registry, links, workshop, media)
        supervisor = FleetSupervisor(registry, links, fleet, workshop, home.stores.leases, home.region, media)
        connectors = [
            MediaConnector(registry, links, fleet, home.region, supervisor),
            RecordingsConnector(Manifests(home.database), home.context.blobs, registry),
        ]
        await opened.enter_async_context(a_runner(home, connectors))
        try:
            yield home, workshop, supervisor
        finally:
            await asyncio.gather(*workshop.tasks, *(process.stop() for process in workshop.workers.values()))


class Person:
    """Somebody with a socket and a real connection."""

    def __init__(self, socket: Socket, meeting: str) -> None:
        self.socket, self.meeting = socket, meeting
        self.joined: Any = None
        self.media = Client(None, meeting, "")  # type: ignore[arg-type] # offers go through the socket

    @property
    def id(self) -> str:
        participant: str = self.joined["participant"]["participant_id"]
        return participant

    async def join(self, **more: Any) -> Any:
        self.joined = await self.socket.ok("join_video_room", {"meeting_id": self.meeting, **more})
        return self.joined

    async def offer(self) -> Any:
        connection = self.media.connection
        await connection.setLocalDescription(await connection.createOffer())
        tracks = [{"mid": str(each.mid), "source": source} for each, source in self.media._sources.items()]
        ack = await self.socket.call(
            "meeting_offer",
            {
                "meeting_id": self.meeting,
                "ticket": self.joined["ticket"]["token"],
                "epoch": self.joined["media"]["epoch"],
                "sdp": connection.localDescription.sdp,
                "tracks": tracks,
            },
        )
        if ack["ok"]:
            await connection.setRemoteDescription(RTCSessionDescription(ack["data"]["sdp"], "answer"))
        return ack


async def a_meeting(home: House, **config: Any) -> tuple[str, Person, Person]:
    """With its host and a guest, both connected."""
    body = {"kind": "group", "people": ["ada"], "config": {"provider": "sfu", "lobby": "off", **config}}
    made = await home.ok("POST", "/api/meetings", body, bearer=token("tess", "therapist"))
    meeting = made["meeting"]["id"]
    tess = Person(await home.socket(token("tess", "therapist")), meeting)
    ada = Person(await home.socket(token("ada")), meeting)
    for one in (tess, ada):
        one.media.send("microphone", Tone())
        one.media.send("camera", Picture(200))
        one.media.receive()
        await one.join()
        ack = await one.offer()
        assert ack["ok"], ack
    return meeting, tess, ada


def video(person: Person) -> str:
    return "3"  # after microphone, camera and the slot for sound


async def states(socket: Socket, *wanted: str) -> None:
    """All of `wanted` have been seen of somebody."""
    await socket.until(
        lambda one: {said["participant"]["state"] for said in one.all("participant_updated")} >= set(wanted),
        f"nobody was {wanted}",
    )
