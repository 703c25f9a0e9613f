"""What one person sends: which packet belongs to which source of theirs, and what it says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from realtime.media.budgets import MediaLimits
from realtime.media.parts import BandwidthUsage, RemoteBitrateEstimator
from realtime.media.rtp.layers import NOMINAL_BPS
from realtime.media.rtp.packets import HEADER, MARKER, PADDING, extensions, payload_start
from realtime.media.rtp.slot import Source
from realtime.media.rtp.source import KeptPacket
from realtime.media.rtp.vp8 import Descriptor, descriptor
from realtime.media.sdp.offer import ABS_SEND_TIME, AUDIO_LEVEL, MID, REPAIRED_RID, RID, SdpSection

ALIVE_S: Final = 1.0  # a layer without a packet for that long is not sent at present
UNWATCHED_S: Final = 10.0
LEAST_BPS: Final = 300_000  # that a sender may use, unless the way to us is crowded: a still picture needs less, and
# an estimate of what its stream could take grows with what arrives
CROWDED_BPS: Final = 100_000  # at least: below it browsers send no picture at all, and without one nothing is measured
SILENT_S: Final = 2.0  # without a picture, after which the way is no longer known to be crowded
MOST_BPS: Final = 5_000_000
HEADROOM: Final = 1.3
NOTHING_SAID: Final = Descriptor(0, False, False, -1, False, 0, -1, 0)  # of sound, and of packets that only pad


@dataclass(slots=True)
class InletTrack:
    """A microphone, a camera or a screen of somebody, with its layers. `passing`: whether anybody may get it."""

    person: str
    name: str
    section: SdpSection
    passing: bool = False
    layers: dict[str, Source] = field(default_factory=dict)
    stalled: bool = False
    passing_since: float = 0.0
    watched: int = 2  # the highest layer that anybody shall get, counted from the smallest, of late
    watched_at: float = 0.0

    @property
    def kind(self) -> str:
        """ "audio" or "video"."""
        return self.section.kind

    @property
    def last_arrival(self) -> float:
        """When its last packet came."""
        return max((each.last_arrival for each in self.layers.values()), default=0.0)

    @property
    def rungs(self) -> tuple[str, ...]:
        """The names of its layers, from the smallest; one without a name where there is no simulcast."""
        return self.section.rids or ("",)

    def watch(self, layer: int, now: float) -> None:
        """Somebody shall get `layer`, and nobody a higher one. That is believed after a while: a sender who was told to
        send less takes long to send more again."""
        if layer >= self.watched or now - self.watched_at > UNWATCHED_S:
            self.watched, self.watched_at = layer, now

    def alive(self, rung: int, now: float) -> Source | None:
        """The highest layer up to `rung` that is sent at present; if there is none, the lowest of those above it."""
        found = [self.layers[rid] for rid in self.rungs if rid in self.layers]
        lower = [source for source in found if self.rungs.index(source.rid) <= rung]
        sent = [source for source in (*lower[::-1], *found) if now - source.last_arrival < ALIVE_S]
        return next(iter((*sent, *found)), None)

    def rates_bps(self) -> tuple[float, ...]:
        """What each layer takes, as measured, or as it should be."""
        nominal = NOMINAL_BPS if self.section.rids else NOMINAL_BPS[-1:]
        found = [self.layers.get(rid) for rid in self.rungs]
        return tuple((source.rate_bps if source else 0) or nominal[i] for i, source in enumerate(found))


@dataclass(slots=True)
class MediaPacket:
    """A packet of media that counts: its source, and how it goes out."""

    track: InletTrack
    source: Source
    kept: KeptPacket
    level: int | None


class Inlet:
    """Turns decrypted packets of one connection into `MediaPacket`s."""

    def __init__(self, person: str, limits: MediaLimits, settle: Callable[[], None] = lambda: None) -> None:
        """`settle` is called before a stream ends: what of it was not sent on yet is, then."""
        self._person = person
        self._settle = settle
        self._limits = limits
        self._sources: dict[int, tuple[InletTrack, Source]] = {}
        self._repairs: dict[int, tuple[InletTrack, Source]] = {}
        self._announced: dict[int, InletTrack] = {}
        self._announced_repairs: dict[int, int] = {}
        self._estimator = RemoteBitrateEstimator()
        self.tracks: dict[str, InletTrack] = {}
        self.estimate_bps: int | None = None  # that can come, if that has been found out anew
        self._measured_at = 0.0
        self.dropped = 0

    def configure(self, named: Iterable[tuple[str, SdpSection]]) -> None:
        """These sources are sent, in these sections. What was sent before and is named again goes on."""
        before, self.tracks = self.tracks, {}
        for name, section in named:
            known = before.get(name)
            track = (
                known
                if known is not None and known.section.mid == section.mid
                else InletTrack(self._person, name, section)
            )
            track.section = section
            self.tracks[name] = track
        kept = set(map(id, self.tracks.values()))
        for table in (self._sources, self._repairs):
            for ssrc in [ssrc for ssrc, (track, _) in table.items() if id(track) not in kept]:
                del table[ssrc]
        self._announced = {ssrc: track for track in self.tracks.values() for ssrc in track.section.ssrcs}
        self._announced_repairs = {}
        for track in self.tracks.values():
            self._announced_repairs |= track.section.repairs

    @property
    def sources(self) -> list[Source]:
        """Every stream that came so far."""
        return [source for _, source in self._sources.values()]

    def allowed_bps(self, now: float) -> int:
        """What to ask the sender for: what can come, less the layers that nobody watches. A sender whose pictures were
        measured away may always try again."""
        allowed = self.estimate_bps if self.estimate_bps is not None else MOST_BPS
        if now - self._measured_at > SILENT_S:
            allowed = max(allowed, LEAST_BPS)
        needed = 0.0
        for track in self.tracks.values():
            if track.kind == "video" and track.watched >= len(track.rungs) - 1:
                needed += MOST_BPS
            elif track.kind == "video":
                needed += HEADROOM * sum(NOMINAL_BPS[: track.watched + 1])
        return int(min(allowed, max(needed, LEAST_BPS)))

    def source(self, ssrc: int) -> Source | None:
        """The stream of that SSRC."""
        found = self._sources.get(ssrc)
        return found[1] if found else None

    def forget(self, ssrc: int) -> None:
        """The sender said that this stream has ended."""
        found = self._sources.pop(ssrc, None)
        if found is not None:
            self._settle()
            found[0].layers.pop(found[1].rid, None)
            for slot in [*found[1].slots]:
                slot.leave()

    def read(self, packet: memoryview, now: float) -> MediaPacket | None:
        """What a decrypted packet is. None: it is nothing to forward.

        Raises:
            ValueError: it is malformed.
        """
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        repair = False
        found = self._sources.get(ssrc)
        if found is None:
            found = self._repairs.get(ssrc)
            repair = found is not None
            if found is None and (bound := self._bound(packet, ssrc, second & 0x7F)) is not None:
                found, repair = bound
        if found is None:
            self.dropped += 1
            return None
        track, source = found
        if second & 0x7F != (track.section.rtx_payload_type if repair else track.section.payload_type):
            self.dropped += 1
            return None
        payload = bytes(packet[payload_start(packet) :])
        flags = second & MARKER | first & PADDING
        if repair:
            payload = _unpadded(payload) if first & PADDING else payload
            if len(payload) < 3:
                return None
            sequence, payload, flags = int.from_bytes(payload[:2], "big"), payload[2:], flags & MARKER
        level = self._measure(track, packet, len(packet), ssrc, now)
        return self._counted(track, source, sequence, flags, timestamp, payload, level, now)

    def _counted(
        self,
        track: InletTrack,
        source: Source,
        sequence: int,
        flags: int,
        timestamp: int,
        payload: bytes,
        level: int | None,
        now: float,
    ) -> MediaPacket | None:
        extended = source.extended(sequence)
        said = NOTHING_SAID
        if source.kind == "video":
            if source.kept(extended) is not None:
                return None  # it came already
            if not (flags & PADDING and payload and payload[-1] == len(payload)):
                said = descriptor(payload)
                if said.key_frame:
                    source.key_frames += 1
                    source.losses.beyond_repair = False
        source.came(extended, timestamp, len(payload), now)
        kept = KeptPacket(extended, flags, timestamp, now, payload, said)
        if source.kind == "video":
            source.keep(kept)
        return MediaPacket(track, source, kept, level)

    def _measure(self, track: InletTrack, packet: memoryview, size: int, ssrc: int, now: float) -> int | None:
        """Note what the extensions say of the network; the audio level of a packet of sound."""
        wanted = track.section.extensions.get(AUDIO_LEVEL if track.kind == "audio" else ABS_SEND_TIME)
        value = next((value for number, value in extensions(packet) if number == wanted), None) if wanted else None
        if not value:
            return None
        if track.kind == "audio":
            return value[0] & 0x7F
        if len(value) == 3:
            self._measured_at = now
            estimate = self._estimator.add(int(now * 1000), int.from_bytes(value, "big"), size, ssrc)
            if estimate is not None:
                crowded = self._estimator.detector.state() == BandwidthUsage.OVERUSING
                self.estimate_bps = max(estimate[0], CROWDED_BPS if crowded else LEAST_BPS)
        return None

    def _bound(self, packet: memoryview, ssrc: int, payload_type: int) -> tuple[tuple[InletTrack, Source], bool] | None:
        """Find out what an unknown SSRC is: by what was announced, by MID and RID, or because only one can be meant.
        Whether it is a retransmission too."""
        if len(self._sources) + len(self._repairs) >= self._limits.streams:
            return None
        payload_start(packet)
        if (original := self._announced_repairs.get(ssrc)) is not None:
            return self._bind_repair(ssrc, self._sources.get(original))
        track = self._announced.get(ssrc)
        said: dict[str, str] = {}
        if track is None or track.section.rids:
            values = dict(extensions(packet))
            track, said = self._named(values, payload_type) if track is None else (track, _texts(track, values))
        if track is None:
            return None
        if REPAIRED_RID in said or payload_type == track.section.rtx_payload_type:
            original_source = track.layers.get(said.get(REPAIRED_RID, ""))
            return self._bind_repair(ssrc, (track, original_source) if original_source else None)
        rid = said.get(RID, "")
        if track.section.rids and rid not in track.section.rids:
            return None
        if (old := track.layers.get(rid)) is not None:
            self.forget(old.ssrc)
        source = track.layers[rid] = Source(ssrc, track.kind, rid)
        self._sources[ssrc] = (track, source)
        return (track, source), False

    def _bind_repair(
        self, ssrc: int, original: tuple[InletTrack, Source] | None
    ) -> tuple[tuple[InletTrack, Source], bool] | None:
        if original is None:
            return None
        self._repairs[ssrc] = original
        return original, True

    def _named(self, values: dict[int, bytes], payload_type: int) -> tuple[InletTrack | None, dict[str, str]]:
        """The track that a packet's MID names, or the only one that it can be of."""
        for track in self.tracks.values():
            said = _texts(track, values)
            if said.get(MID) == track.section.mid:
                return track, said
        possible = [
            track
            for track in self.tracks.values()
            if payload_type in (track.section.payload_type, track.section.rtx_payload_type)
            and MID not in _texts(track, values)
            and not track.layers
        ]
        return (possible[0], _texts(possible[0], values)) if len(possible) == 1 else (None, {})


def _texts(track: InletTrack, values: dict[int, bytes]) -> dict[str, str]:
    """MID, RID and repaired RID as a packet gives them, by the numbers that the section of `track` has for them."""
    numbers = track.section.extensions
    return {
        uri: values[numbers[uri]].decode("ascii", "replace")
        for uri in (MID, RID, REPAIRED_RID)
        if uri in numbers and numbers[uri] in values
    }


def _unpadded(payload: bytes) -> bytes:
    """Raises ValueError if it says that it has more padding than it has bytes."""
    if not payload or not 0 < payload[-1] <= len(payload):
        raise ValueError("more padding than payload")
    return payload[: -payload[-1]]
