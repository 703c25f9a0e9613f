"""Media workers, placed, asked, killed and drained: real processes, real clients, a real database."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.meetings.reports import Connected, Lost, MoveMedia, ReportSlots
from common.errors import FailedPrecondition, InvalidArgument, PermissionDenied
from config.settings import MediaSettings
from serve_app.capabilities.meetings.fleet.placing import NoWorker
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.plane import WorkerPlane
from store.mongo.client import Database
from tests.clients.media_worker import worker_settings
from tests.integration.media.clients import Picture, Tone
from tests.integration.media.house import Caller, Meetings, a_house, a_room, a_seat, a_worker
from tests.mongo import free_port
from tests.waiting import eventually


@pytest.fixture
def settings(mongo: Database, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WORKER_DATA", str(tmp_path))
    port = free_port()
    return worker_settings(mongo_url, mongo.name, f"{port}-{port + 20}")


async def test_two_meet_at_a_worker_and_a_mute_holds_at_once(mongo: Database, settings: Any) -> None:
    meetings, plane = Meetings(), WorkerPlane(mongo, None)
    async with a_worker(mongo, settings, meetings):
        room = a_room("ann", "ben", worker="media-0")
        ann, ben = Caller(plane, room, "ann"), Caller(plane, room, "ben")
        try:
            ann.send("microphone", Tone())
            ann.send("camera", Picture(200))
            ben.receive()
            await ann.enter()
            answer = await ben.enter()
            assert {slot.kind for slot in answer.slots} == {"audio", "video"}
            mid = next(slot.mid for slot in answer.slots if slot.kind == "video")
            await ben.sees(mid, 5)
            await meetings.hear(Connected, 2)
            assert {one.participant for one in meetings.of(Connected)} == {"prt_ann", "prt_ben"}
            slots = msgspec.json.decode((await meetings.hear(ReportSlots)).slots)
            assert {"participant_id", "mid", "kind", "source"} == set(slots[0])
            muted = msgspec.structs.replace(room, stamp=2, seats=(a_seat("ann", ("microphone",)), a_seat("ben")))
            await plane.apply(muted)
            before = ben.frames[mid]
            await ben.stops_seeing(mid)
            assert ben.frames[mid] - before < 15  # what was on its way
            await plane.apply(room)  # an old word opens nothing
            await ben.stops_seeing(mid)
        finally:
            await ann.leave()
            await ben.leave()
            await plane.links.close()


async def test_who_is_put_out_is_gone_and_gets_in_no_more(mongo: Database, settings: Any) -> None:
    meetings, plane = Meetings(), WorkerPlane(mongo, None)
    async with a_worker(mongo, settings, meetings) as process:
        room = a_room("ann", "ben", worker="media-0")
        ann, ben = Caller(plane, room, "ann"), Caller(plane, room, "ben")
        try:
            ann.send("camera", Picture(200))
            ben.receive(audio=0)
            await ann.enter()
            await ben.enter()
            await ben.sees("0", 3)
            await plane.apply(a_room("ann", worker="media-0", stamp=2))
            await ben.stops_seeing("0")
            again = Caller(plane, room, "ben")
            again.receive(audio=0)
            with pytest.raises(PermissionDenied):
                await again.enter(room)  # the door believed a ticket that was good a moment ago
            await again.leave()
            assert process.worker.stats().participants == 1
            await plane.apply(a_room("ann", worker="media-0", stamp=3, over=True))
            assert process.worker.stats().rooms == {}
            again = Caller(plane, room, "ann")
            again.send("camera", Picture(200))
            with pytest.raises(FailedPrecondition):
                await again.enter(room)
            await again.leave()
        finally:
            await ann.leave()
            await ben.leave()
            await plane.links.close()


async def test_an_offer_that_is_none_harms_nobody(mongo: Database, settings: Any) -> None:
    plane = WorkerPlane(mongo, None)
    async with a_worker(mongo, settings, Meetings()):
        room = a_room("ann", worker="media-0")
        for sdp in ("", "v=0\r\n", "rubbish" * 100):
            with pytest.raises(InvalidArgument):
                await plane.offer(wire.MakeOffer(room, "prt_ann", sdp, ()))
        await plane.links.close()


async def test_a_worker_is_killed_and_its_meeting_moves_though_nobody_answers_anew(
    mongo: Database, mongo_url: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_house(mongo, mongo_url, tmp_path, spare=1) as house:
        room = await house.place(a_room("ann", "ben"))
        record = await house.registry.worker(room.worker)
        assert record is not None

        async def spare() -> bool:
            return len(await house.registry.workers()) == 2

        await eventually(spare, "no spare worker is started", timeout_s=30)
        ann = Caller(house.plane, room, "ann")
        ann.send("camera", Picture(200))
        ben = Caller(house.plane, room, "ben")
        ben.receive(audio=0)
        again: list[Caller] = []
        try:
            await ann.enter()
            await ben.enter()
            await ben.sees("0", 3)
            monkeypatch.setattr(house.fleet, "look", asyncio.Event().wait)
            os.kill(record.pid, signal.SIGKILL)
            moved = await house.meetings.hear(MoveMedia, timeout_s=5)
            assert (moved.epoch, moved.reason, moved.provider) == (1, "worker_lost", "sfu")
            assert moved.worker not in ("", room.worker)
            elsewhere = a_room("ann", "ben", worker=moved.worker, epoch=2, stamp=2)
            again = [Caller(house.plane, elsewhere, name) for name in ("ann", "ben")]
            again[0].send("camera", Picture(200))
            again[1].receive(audio=0)
            for one in again:
                await one.enter()
            await again[1].sees("0", 3)
        finally:
            for one in (ann, ben, *again):
                await one.leave()


async def test_a_worker_that_hangs_is_ended_and_its_meeting_moves(
    mongo: Database, mongo_url: str, tmp_path: Path, settings: Any
) -> None:
    async with a_house(mongo, mongo_url, tmp_path, hung_s=1.0, beat_s=0.2) as house:
        room = await house.place(a_room("ann"))
        record = await house.registry.worker(room.worker)
        assert record is not None
        os.kill(record.pid, signal.SIGSTOP)
        moved = await house.meetings.hear(MoveMedia, timeout_s=8)
        assert moved.reason == "worker_lost"

        async def ended() -> bool:
            return record.life in house.nest.ended

        await eventually(ended, "it was not ended")


async def test_a_drained_worker_gives_its_meeting_away_and_ends(
    mongo: Database, mongo_url: str, tmp_path: Path, settings: Any
) -> None:
    async with a_house(mongo, mongo_url, tmp_path, beat_s=0.1) as house:
        room = await house.place(a_room("ann"))
        await house.registry.drain(room.worker)
        moved = await house.meetings.hear(MoveMedia, timeout_s=40)
        assert moved.reason == "worker_drained"
        assert moved.worker not in ("", room.worker)
        await house.plane.apply(msgspec.structs.replace(room, worker=room.worker, stamp=2, over=True))
        await house.registry.gone(room.meeting, 1)

        async def ended() -> bool:
            return await house.registry.worker(room.worker) is None

        await eventually(ended, "it does not end", timeout_s=20)


async def test_no_worker_at_all_moves_everything_and_takes_nothing(
    mongo: Database, mongo_url: str, tmp_path: Path, settings: Any
) -> None:
    async with a_house(mongo, mongo_url, tmp_path, beat_s=0.1) as house:
        await house.place(a_room("ann"))
        await house.registry.limit(0)
        moved = await house.meetings.hear(MoveMedia, timeout_s=10)
        assert moved.provider is None
        with pytest.raises(NoWorker):
            await house.fleet.place()


async def test_who_leaves_is_lost_to_the_meeting(mongo: Database, settings: Any) -> None:
    meetings, plane = Meetings(), WorkerPlane(mongo, None)
    async with a_worker(mongo, settings, meetings):
        ann = Caller(plane, a_room("ann", worker="media-0"), "ann")
        ann.send("camera", Picture(200))
        await ann.enter()
        await meetings.hear(Connected)
        await ann.leave()
        lost = await meetings.hear(Lost)
        assert lost.participant == "prt_ann"
        await plane.links.close()


def test_settings_refuse_a_beat_that_is_slower_than_death() -> None:
    with pytest.raises(ValueError, match="hung_s"):
        MediaSettings(beat_s=2.0, hung_s=3.0)
