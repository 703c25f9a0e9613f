"""A real call, recorded: what is handed to the sink plays, and nothing is kept of whom did not agree."""

import asyncio
import io
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import av

from realtime.media.placing import TrackKey
from realtime.media.recorder import SEGMENT_S, Recorder, Segment, TrackGap
from realtime.media.unit import MediaUnit
from tests.integration.media.clients import Client, Picture, Tone, a_unit
from tests.partners.udp_proxy import a_udp_proxy
from tests.waiting import eventually

ALL = ("microphone", "camera", "screen")
SOUND, PICTURE = TrackKey("ann", "microphone"), TrackKey("ann", "camera")


@dataclass
class Kept:
    """A sink that keeps all of it."""

    segments: dict[TrackKey, list[Segment]] = field(default_factory=lambda: defaultdict(list))
    gaps: list[TrackGap] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def segment(self, segment: Segment) -> None:
        assert segment.number == len(self.segments[segment.key])
        self.segments[segment.key].append(segment)

    def gap(self, gap: TrackGap) -> None:
        self.gaps.append(gap)

    def stopped(self, reason: str) -> None:
        self.reasons.append(reason)

    def file(self, key: TrackKey) -> bytes:
        return b"".join(segment.data for segment in self.segments[key])

    async def has(self, key: TrackKey, count: int) -> None:
        async def enough() -> bool:
            return len(self.segments[key]) >= count

        await eventually(enough, f"there are only {len(self.segments[key])} segments of {key}")


@asynccontextmanager
async def a_sender(through: int | None = None) -> AsyncIterator[tuple[MediaUnit, Client]]:
    async with a_unit() as (unit, _):
        unit.admit("r", "ann", ALL)
        ann = Client(unit, "r", "ann")
        ann.send("microphone", Tone())
        ann.send("camera", Picture(200))
        try:
            yield unit, ann
        finally:
            await ann.leave()


def played(data: bytes) -> tuple[int, float]:
    """How many frames can be decoded, and until when, in seconds."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(container.streams[0]))
    times = [
        frame.time for frame in frames if isinstance(frame, av.VideoFrame | av.AudioFrame) and frame.time is not None
    ]
    return len(times), max(times)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_recording_plays_and_its_tracks_share_a_clock() -> None:
    async with a_sender() as (unit, ann):
        sink, began = Kept(), now()
        unit.record("r", Recorder(sink, {"ann"}, began))
        await ann.join()
        await sink.has(PICTURE, 3)
        await sink.has(SOUND, 3)
        unit.record("r", None)
        took = now() - began
        assert sink.reasons == ["stopped"]
        frames, until = played(sink.file(PICTURE))
        samples, sound_until = played(sink.file(SOUND))
        assert frames > 0.8 * 30 * (until - sink.segments[PICTURE][0].begin_s)
        assert samples > 0.9 * 50 * (sound_until - sink.segments[SOUND][0].begin_s)
        assert took - 1 < until < took + 0.1
        assert abs(sound_until - until) < 0.3
        assert sink.gaps == []
        for segments in sink.segments.values():
            for segment in segments:
                assert segment.end_s - segment.begin_s < 2 * SEGMENT_S


async def test_what_is_there_plays_when_the_rest_is_lost() -> None:
    async with a_sender() as (unit, ann):
        sink = Kept()
        unit.record("r", Recorder(sink, {"ann"}, now()))
        await ann.join()
        await sink.has(PICTURE, 3)
        segments = list(sink.segments[PICTURE])
        _, until = played(b"".join(segment.data for segment in segments))
        assert segments[-1].end_s - until < SEGMENT_S
        cut = b"".join(segment.data for segment in segments)[: -len(segments[-1].data) // 2]
        assert played(cut)[0] > 20


async def test_losses_on_the_way_are_named() -> None:
    async with a_sender() as (unit, ann), a_udp_proxy(("127.0.0.1", unit.port)) as proxy:
        sink = Kept()
        unit.record("r", Recorder(sink, {"ann"}, now()))
        await ann.join(through=proxy)
        await sink.has(PICTURE, 1)
        proxy.up.loss = 1.0
        await asyncio.wait_for(silence(unit), 20)
        proxy.up.loss = 0.0
        await sink.has(SOUND, 4)
        await sink.has(PICTURE, 4)
        unit.record("r", None)
        assert SOUND in {gap.key for gap in sink.gaps if gap.reason == "lost"}, "pictures may have been sent again"
        for gap in sink.gaps:
            assert 0.2 < gap.end_s - gap.begin_s < 8
        played(sink.file(PICTURE))


async def silence(unit: MediaUnit) -> None:
    """Wait for a while in which nothing arrives."""
    quiet = 0
    while quiet < 50:
        before = unit.received
        await asyncio.sleep(0.01)
        quiet = quiet + 1 if unit.received == before else 0


async def test_nothing_more_is_kept_once_somebody_is_there_who_has_not_agreed() -> None:
    async with a_sender() as (unit, ann):
        sink = Kept()
        unit.record("r", Recorder(sink, {"ann"}, now()))
        await ann.join()
        await sink.has(PICTURE, 1)
        unit.admit("r", "ben", ALL)
        ben = Client(unit, "r", "ben")
        ben.send("camera", Picture(60))
        ben.receive()
        await ben.join()
        await ben.sees("2", 5)
        assert sink.reasons == ["consent"]
        kept = {key: len(segments) for key, segments in sink.segments.items()}
        await ben.sees("2", 40)
        assert kept == {key: len(segments) for key, segments in sink.segments.items()}
        assert all(key.person == "ann" for key in sink.segments)
        await ben.leave()


async def test_twin_with_everybody_on_the_list_they_would_be_kept() -> None:
    async with a_sender() as (unit, ann):
        sink = Kept()
        unit.record("r", Recorder(sink, {"ann", "ben"}, now()))
        await ann.join()
        unit.admit("r", "ben", ALL)
        ben = Client(unit, "r", "ben")
        ben.send("camera", Picture(60))
        await ben.join()
        await sink.has(TrackKey("ben", "camera"), 2)
        await ben.leave()


async def test_what_is_muted_is_not_kept() -> None:
    async with a_sender() as (unit, ann):
        unit.pass_only("r", "ann", ["microphone"])
        sink = Kept()
        unit.record("r", Recorder(sink, {"ann"}, now()))
        await ann.join()
        await sink.has(SOUND, 2)
        assert PICTURE not in sink.segments
