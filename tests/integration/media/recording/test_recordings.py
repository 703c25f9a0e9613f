"""A call that is recorded by a worker: stored while it comes, sealed, looked through, muxed; and a worker that is
killed in the middle."""

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from actors.meetings.reports import RecorderSays
from actors.recordings.activities import Destroy, Finished, FinishRecording
from common.clock import SystemClock
from common.errors import NotFound
from serve_app.activities.connector import Call
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.meetings.recordings.connector import RecordingsConnector
from serve_app.capabilities.meetings.recordings.keeping import RecordingStore
from serve_app.capabilities.meetings.recordings.manifests import COLLECTION, Manifests, blob_of
from serve_app.capabilities.meetings.recordings.muxing import muxed
from serve_app.capabilities.meetings.workers.plane import WorkerPlane
from serve_app.capabilities.meetings.workers.registry import MediaRegistry
from store.blobs.opening import open_blobs
from store.mongo.client import Database
from store.ports.blobs import Blobs
from store.ports.vault import Vault
from store.stores import open_stores
from tests.clients.media_worker import worker_settings
from tests.integration.media.clients import Picture, Tone
from tests.integration.media.house import Caller, Meetings, a_house, a_room, a_worker, recording_of
from tests.mongo import free_port
from tests.waiting import eventually


@pytest.fixture
def settings(mongo: Database, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WORKER_DATA", str(tmp_path))
    port = free_port()
    return worker_settings(mongo_url, mongo.name, f"{port}-{port + 20}")


@asynccontextmanager
async def a_store(mongo: Database, settings: Any) -> AsyncIterator[tuple[Blobs, Vault]]:
    stores = await open_stores(settings)
    try:
        async with open_blobs(settings.files, mongo, stores.vault, SystemClock()) as blobs:
            yield blobs, stores.vault
    finally:
        stores.close()


async def segments(mongo: Database, count: int) -> None:
    """Wait until each of two tracks has so many."""

    async def enough() -> bool:
        found = await Manifests(mongo).of("rec_1")
        return len(found) >= 2 and all(len(each.segments) >= count for each in found)

    await eventually(enough, "too little is stored", timeout_s=20)


def connector(mongo: Database, blobs: Blobs) -> RecordingsConnector:
    return RecordingsConnector(Manifests(mongo), blobs, MediaRegistry(mongo))


def call(wanted: msgspec.Struct) -> Call:
    return Call(PartnerKey(bytes(16)), msgspec.msgpack.encode(wanted), "", 1, 0)


def now_ms() -> int:
    return SystemClock().now_ms()


async def finished(mongo: Database, blobs: Blobs) -> Finished:
    result = await connector(mongo, blobs).carry_out(call(FinishRecording(recording="rec_1", stopped=now_ms())))
    return msgspec.msgpack.decode(result, type=Finished)


async def read(blobs: Blobs, track: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in await blobs.read(blob_of(track), start, end)])


async def test_what_was_agreed_is_stored_whole_and_plays(mongo: Database, settings: Any) -> None:
    meetings, plane = Meetings(), WorkerPlane(mongo, None)
    async with a_store(mongo, settings) as (blobs, vault):
        kept = RecordingStore(mongo, blobs, meetings, SystemClock())
        async with a_worker(mongo, settings, meetings, kept):
            room = a_room("ann", worker="media-0")
            ann = Caller(plane, room, "ann")
            ann.send("microphone", Tone())
            ann.send("camera", Picture(200))
            await ann.enter()
            began = now_ms()
            await plane.apply(a_room("ann", worker="media-0", stamp=2, recording=recording_of("ann")))
            assert (await meetings.hear(RecorderSays)).said == "started"
            await segments(mongo, 3)
            await plane.apply(
                a_room("ann", worker="media-0", stamp=3, recording=recording_of("ann", status="stopping"))
            )
            found = await finished(mongo, blobs)
            assert found.integrity == "verified"
            assert {(track.source, track.user) for track in found.tracks} == {
                ("microphone", "usr_ann"),
                ("camera", "usr_ann"),
            }
            for track in found.tracks:
                data = await read(blobs, track.id, 0, track.bytes)
                with av.open(io.BytesIO(data), "r") as container:
                    frames = list(container.decode(container.streams[0]))
                assert len(frames) > 40
            pieces = [piece async for piece in await muxed(blobs, found.tracks, began)]
            with av.open(io.BytesIO(b"".join(pieces)), "r") as container:
                assert {stream.type for stream in container.streams} == {"audio", "video"}
                assert sum(1 for packet in container.demux() if packet.pts is not None) > 100
            raw = await mongo["blob_frames"].find({}).to_list(None) or [{"none": True}]
            assert b"webm" not in b"".join(str(each).encode() for each in raw)
            await vault.erase("usr_ann")
            with pytest.raises(NotFound):
                await read(blobs, found.tracks[0].id)
            await connector(mongo, blobs).carry_out(
                call(Destroy(recording="rec_1", tracks=tuple(track.id for track in found.tracks)))
            )
            assert await Manifests(mongo).of("rec_1") == []
            await ann.leave()
            await kept.close()
        await plane.links.close()


async def test_who_has_not_agreed_ends_it_and_nothing_of_theirs_is_kept(mongo: Database, settings: Any) -> None:
    meetings, plane = Meetings(), WorkerPlane(mongo, None)
    async with a_store(mongo, settings) as (blobs, _):
        kept = RecordingStore(mongo, blobs, meetings, SystemClock())
        async with a_worker(mongo, settings, meetings, kept):
            room = a_room("ann", "ben", worker="media-0", recording=recording_of("ann"))
            await plane.apply(room)
            ann, ben = Caller(plane, room, "ann"), Caller(plane, room, "ben")
            for one in (ann, ben):
                one.send("microphone", Tone())
            await ann.enter()
            await ben.enter()
            said = await meetings.hear(RecorderSays, 2)
            assert (said.said, said.reason) == ("stopped", "consent")
            await asyncio.gather(ann.leave(), ben.leave())
            await kept.close()
            assert all(track.user == "usr_ann" for track in await Manifests(mongo).of("rec_1"))
        await plane.links.close()


async def test_what_was_altered_is_found(mongo: Database, settings: Any) -> None:
    meetings, plane = Meetings(), WorkerPlane(mongo, None)
    async with a_store(mongo, settings) as (blobs, _):
        kept = RecordingStore(mongo, blobs, meetings, SystemClock())
        async with a_worker(mongo, settings, meetings, kept):
            room = a_room("ann", worker="media-0", recording=recording_of("ann"))
            ann = Caller(plane, room, "ann")
            ann.send("microphone", Tone())
            ann.send("camera", Picture(200))
            await ann.enter()
            await segments(mongo, 2)
            await plane.apply(a_room("ann", worker="media-0", stamp=2))
            await ann.leave()
            await kept.close()
            await mongo[COLLECTION].update_one({}, {"$set": {"segments.0.sha256": "00" * 32}})
            assert (await finished(mongo, blobs)).integrity == "broken"
        await plane.links.close()


async def test_a_worker_that_is_killed_loses_two_seconds_at_most_and_the_gap_has_a_name(
    mongo: Database, mongo_url: str, tmp_path: Path, settings: Any
) -> None:
    async with a_store(mongo, settings) as (blobs, _), a_house(mongo, mongo_url, tmp_path) as house:
        room = await house.place(a_room("ann", recording=recording_of("ann")))
        record = await house.registry.worker(room.worker)
        assert record is not None
        ann = Caller(house.plane, room, "ann")
        ann.send("microphone", Tone())
        ann.send("camera", Picture(200))
        await ann.enter()
        await segments(mongo, 3)
        killed = now_ms()
        os.kill(record.pid, signal.SIGKILL)
        await asyncio.sleep(0)

        async def gone() -> bool:
            return await house.registry.worker(record.name) is None

        await eventually(gone, "nobody finds out")
        found = await finished(mongo, blobs)
        assert found.integrity == "gaps"
        for track in found.tracks:
            assert killed - track.end < 2000
            assert track.gaps[-1].reason == "killed"
            data = await read(blobs, track.id, 0, track.bytes)
            with av.open(io.BytesIO(data), "r") as container:
                assert len(list(container.decode(container.streams[0]))) > 20
        await ann.leave()
