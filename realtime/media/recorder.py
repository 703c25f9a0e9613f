"""Records what passes in a room: each track as WebM, in segments that are handed to a sink while it runs.

Only those who have agreed are recorded, and only for as long as nobody else is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

from realtime.media.inlet import MediaPacket
from realtime.media.placing import TrackKey
from realtime.media.recording.frames import Frames, LostFrames, MediaFrame, size_of
from realtime.media.recording.webm import Webm
from realtime.media.rtp.slot import Source
from realtime.media.sdp.offer import RIDS

SEGMENT_S: Final = 1.0  # that a segment covers at most, so that no more than twice that is ever lost
SEGMENT_BYTES: Final = 1024 * 1024
QUIET_S: Final = 1.0  # after which another layer takes the place of one that is sent no more

Reason = Literal["lost", "changed"]  # on the way; because another stream feeds the track


class Segment(NamedTuple):
    """Bytes of a track; all of them, in the order of their numbers, are one WebM file. Times in seconds since the
    recording began."""

    key: TrackKey
    number: int
    begin_s: float
    end_s: float
    data: bytes


class TrackGap(NamedTuple):
    """Where something is missing from a track, in seconds since the recording began."""

    key: TrackKey
    begin_s: float
    end_s: float
    reason: Reason


class Sink(Protocol):
    """Whoever keeps it. Nothing here may raise or block."""

    def segment(self, segment: Segment) -> None:
        """The next one of a track."""
        ...

    def gap(self, gap: TrackGap) -> None:
        """Something is missing from what comes next."""
        ...

    def stopped(self, reason: str) -> None:
        """There will be nothing more."""
        ...


@dataclass(slots=True)
class _Track:
    key: TrackKey
    source: Source
    frames: Frames
    began_s: float  # when its source began to feed it, since the recording began
    first: int | None = None  # timestamp of the first frame of that source
    webm: Webm | None = None
    number: int = 0
    at_s: float = 0.0  # of the last frame
    segment_at_s: float = field(default=0.0)
    arrived_at: float = 0.0

    def time_of(self, timestamp: int) -> float:
        """Of a frame of the present source, since the recording began."""
        if self.first is None:
            self.first = timestamp
        return self.began_s + (timestamp - self.first) / self.source.clock_rate


class Recorder:
    """One recording of one room."""

    def __init__(self, sink: Sink, granted: Iterable[str], began_at: float, *, audio_only: bool = False) -> None:
        """`granted`: who has agreed. `began_at`: on the clock of the loop."""
        self._sink = sink
        self._granted = frozenset(granted)
        self._began_at = began_at
        self._audio_only = audio_only
        self._tracks: dict[TrackKey, _Track] = {}
        self.running = True
        self.bytes = 0

    def grant(self, granted: Iterable[str]) -> None:
        """These have agreed by now; who has once stays so, until it ends."""
        self._granted |= frozenset(granted)

    def present(self, person: str) -> None:
        """They are connected. If they have not agreed, this ends it."""
        if person not in self._granted:
            self.stop("consent")

    def packet(self, key: TrackKey, packet: MediaPacket) -> bool:
        """What passed just now. Whether a key frame is needed of its source."""
        if not self.running or (self._audio_only and packet.source.kind == "video"):
            return False
        if key.person not in self._granted:
            self.stop("consent")
            return False
        track = self._fed(key, packet)
        if track is None:
            return packet.source.kind == "video"
        track.arrived_at = packet.kept.sent_at
        for each in track.frames.add(packet.kept):
            self._keep(track, each)
        self._cut(track)
        return track.frames.needs_key_frame

    def _fed(self, key: TrackKey, packet: MediaPacket) -> _Track | None:
        """The track that this packet belongs to. None: it is of a layer that is not recorded."""
        track, source, now = self._tracks.get(key), packet.source, packet.kept.sent_at
        if track is not None and track.source is source:
            return track
        if track is None or packet.kept.said.key_frame or source.kind == "audio":
            better = track is None or _rank(source) > _rank(track.source) or now - track.arrived_at > QUIET_S
            return self._feed(key, track, source, now) if better else None
        return None

    def _feed(self, key: TrackKey, track: _Track | None, source: Source, now: float) -> _Track:
        frames = Frames(video=source.kind == "video")
        began_s = now - self._began_at
        if track is None:
            track = self._tracks[key] = _Track(key, source, frames, began_s, segment_at_s=began_s)
            return track
        for each in track.frames.finish():
            self._keep(track, each)
        if began_s - track.at_s > 0.1:
            self._sink.gap(TrackGap(key, track.at_s, began_s, "changed"))
        track.source, track.frames, track.began_s, track.first = source, frames, max(began_s, track.at_s), None
        return track

    def _keep(self, track: _Track, each: MediaFrame | LostFrames) -> None:
        if isinstance(each, LostFrames):
            self._sink.gap(TrackGap(track.key, track.time_of(each.begin), track.time_of(each.end), "lost"))
            return
        if track.webm is None:
            try:
                size = None if track.source.kind == "audio" else size_of(each.data)
            except ValueError:
                return
            track.webm = Webm(size)
        track.at_s = track.time_of(each.timestamp)
        track.webm.write(track.at_s, each.data, key=each.key)

    def _cut(self, track: _Track, *, at_once: bool = False) -> None:
        webm = track.webm
        if webm is None:
            return
        if at_once or track.at_s - track.segment_at_s >= SEGMENT_S or webm.size >= SEGMENT_BYTES:
            self._hand_over(track, webm.take())

    def _hand_over(self, track: _Track, data: bytes) -> None:
        if data:
            self.bytes += len(data)
            self._sink.segment(Segment(track.key, track.number, track.segment_at_s, track.at_s, data=data))
            track.number += 1
            track.segment_at_s = track.at_s

    def tick(self, now: float) -> None:
        """Hand over what has waited for long enough, of tracks that are silent too."""
        for track in self._tracks.values():
            if now - track.arrived_at >= SEGMENT_S and now - self._began_at - track.segment_at_s >= SEGMENT_S:
                self._cut(track, at_once=True)

    def stop(self, reason: str) -> None:
        """Hand over the rest, and keep nothing more. Again: nothing happens."""
        if not self.running:
            return
        self.running = False
        for track in self._tracks.values():
            for each in track.frames.finish():
                self._keep(track, each)
            if track.webm is not None:
                self._hand_over(track, track.webm.close())
        self._sink.stopped(reason)


def _rank(source: Source) -> int:
    """Of a layer: the higher, the better."""
    return RIDS.index(source.rid) if source.rid in RIDS else 0
