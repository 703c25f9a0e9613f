"""Stores what a worker records while it comes: each segment under the key of whom it shows, with its place in a chain.

The forwarding unit hands segments over without waiting; here they are stored one behind the other, again and again
while the storage is away, and given up, as a gap with a name, once too many wait.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.meetings.activities import MediaRoomState, RoomRecording
from actors.meetings.reports import RecorderSays
from common.clock import Clock
from common.errors import AlreadyExists, CarewireError, Conflict, NotFound
from common.ids import new_id
from common.lib.tasks import Tasks
from common.logs import get_logger
from realtime.media.placing import TrackKey
from realtime.media.recorder import Recorder, Segment, Sink, TrackGap
from serve_app.capabilities.meetings.recordings.manifests import (
    GENESIS,
    GapRow,
    Manifest,
    Manifests,
    SegmentRow,
    blob_of,
    linked,
)
from store.mongo.client import Database
from store.ports.blobs import Blobs

_log = get_logger(__name__)
MOST_WAITING: Final = 64 * 2**20  # bytes of one recording
_PAUSE_S: Final = 0.5
_CODECS: Final = {"microphone": "opus", "camera": "vp8", "screen": "vp8"}
_CLOSE_S: Final = 5.0


@dataclass(slots=True)
class _Track:
    """One that is being stored. `last`: number of the newest segment that is."""

    id: str
    length: int = 0
    chain: str = GENESIS


@dataclass(slots=True)
class _Keeper(Sink):
    """The sink of one recording."""

    store: "RecordingStore"
    room: MediaRoomState
    recording: RoomRecording
    began_ms: int
    tracks: dict[TrackKey, _Track] = field(default_factory=dict)
    queue: "asyncio.Queue[Segment | TrackGap | None]" = field(default_factory=asyncio.Queue)
    waiting: int = 0

    @override
    def segment(self, segment: Segment) -> None:
        if self.waiting + len(segment.data) > MOST_WAITING:
            self.queue.put_nowait(TrackGap(segment.key, segment.begin_s, segment.end_s, "lost"))
            return
        self.waiting += len(segment.data)
        self.queue.put_nowait(segment)

    @override
    def gap(self, gap: TrackGap) -> None:
        self.queue.put_nowait(gap)

    @override
    def stopped(self, reason: str) -> None:
        self.queue.put_nowait(None)
        if reason != "stopped":  # it ended by itself: its meeting does not know
            self.store.tell(self.room.meeting, RecorderSays(self.recording.id, self.room.epoch, "stopped", reason))

    def at_ms(self, since_s: float) -> int:
        """On the platform's clock."""
        return self.began_ms + round(since_s * 1000)


class RecordingStore:
    """One a worker. `life`: of the worker."""

    def __init__(self, database: Database, blobs: Blobs, entities: EntityClient, clock: Clock, life: str = "") -> None:
        self._manifests = Manifests(database)
        self._blobs, self._entities, self._clock = blobs, entities, clock
        self._tasks = Tasks("recordings")
        self.life = life
        self._running: dict[str, tuple[_Keeper, Recorder]] = {}

    def begin(self, room: MediaRoomState) -> Recorder:
        """See `workers.worker.RecordingSink`."""
        assert room.recording is not None
        keeper = _Keeper(self, room, room.recording, self._clock.platform_ms())
        began_at = asyncio.get_running_loop().time()
        recorder = Recorder(keeper, room.recording.granted, began_at, audio_only=room.recording.audio_only)
        self._running[room.meeting] = (keeper, recorder)
        self._tasks.spawn(self._store(keeper))
        return recorder

    def follow(self, room: MediaRoomState) -> None:
        """See `workers.worker.RecordingSink`."""
        if room.recording is None or room.meeting not in self._running:
            return
        keeper, recorder = self._running[room.meeting]
        if keeper.recording.id == room.recording.id:
            keeper.room = room
            recorder.grant(room.recording.granted)

    def tell(self, meeting: str, report: RecorderSays) -> None:
        """Its meeting hears of it."""
        self._tasks.spawn(self._tell(meeting, report))

    async def close(self) -> None:
        """Store what is still to be stored, for a while."""
        if running := [*self._tasks]:
            await asyncio.wait(running, timeout=_CLOSE_S)
        await self._tasks.cancel()

    async def _tell(self, meeting: str, report: RecorderSays) -> None:
        while True:
            try:
                await self._entities.submit(f"meeting:{meeting}", report, by=SYSTEM)
            except CarewireError as error:
                if error.retryable:
                    await asyncio.sleep(_PAUSE_S)
                    continue
            return

    async def _store(self, keeper: _Keeper) -> None:
        while (item := await keeper.queue.get()) is not None:
            while True:
                try:
                    if isinstance(item, Segment):
                        await self._keep(keeper, item)
                    else:
                        await self._miss(keeper, item)
                except NotFound:  # the person's key is gone: nothing of theirs is kept any more
                    break
                except (CarewireError, OSError) as error:
                    _log.warning("recording.not_stored", error=type(error).__name__)
                    await asyncio.sleep(_PAUSE_S)
                    continue
                break
            if isinstance(item, Segment):
                keeper.waiting -= len(item.data)
        await self._end(keeper)

    async def _end(self, keeper: _Keeper) -> None:
        while True:
            try:
                await self._manifests.done(keeper.recording.id, self.life)
            except CarewireError:
                await asyncio.sleep(_PAUSE_S)
                continue
            break
        if (running := self._running.get(keeper.room.meeting)) is not None and running[0] is keeper:
            del self._running[keeper.room.meeting]

    async def _keep(self, keeper: _Keeper, segment: Segment) -> None:
        track = await self._track(keeper, segment.key, segment.begin_s)
        sha256 = hashlib.sha256(segment.data).hexdigest()
        blob = blob_of(track.id)
        try:
            await self._blobs.append(blob, track.length, _once(segment.data))
        except Conflict:  # the answer to an earlier try was lost: it may be there
            state = await self._blobs.state(blob)
            if state.length != track.length + len(segment.data):
                raise
        chain = linked(track.chain, sha256)
        begin, end = keeper.at_ms(segment.begin_s), keeper.at_ms(segment.end_s)
        row = SegmentRow(n=segment.number, begin=begin, end=end, bytes=len(segment.data), sha256=sha256)
        await self._manifests.add(track.id, row, chain)
        track.length += len(segment.data)
        track.chain = chain

    async def _miss(self, keeper: _Keeper, gap: TrackGap) -> None:
        track = await self._track(keeper, gap.key, gap.begin_s)
        await self._manifests.gap(track.id, GapRow(keeper.at_ms(gap.begin_s), keeper.at_ms(gap.end_s), gap.reason))

    async def _track(self, keeper: _Keeper, key: TrackKey, since_s: float) -> _Track:
        if (found := keeper.tracks.get(key)) is not None:
            return found
        user = next((seat.user for seat in keeper.room.seats if seat.participant == key.person), "")
        track = new_id("trk", self._clock.now_ms())
        manifest = Manifest(
            track=track,
            recording=keeper.recording.id,
            meeting=keeper.room.meeting,
            participant=key.person,
            user=user,
            source=key.source,
            codec=_CODECS[key.source],
            epoch=keeper.room.epoch,
            life=self.life,
            began=keeper.at_ms(since_s),
        )
        try:
            await self._blobs.create(blob_of(track), user)
        except AlreadyExists:
            _log.info("recording.track_was_there")
        await self._manifests.begin(manifest)
        keeper.tracks[key] = _Track(track)
        return keeper.tracks[key]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
