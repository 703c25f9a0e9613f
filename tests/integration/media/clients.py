"""Real WebRTC clients (aiortc) of a forwarding unit, and a listener that remembers what it was told."""

import asyncio
import fractions
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from typing_extensions import override

from realtime.media.budgets import MediaLimits
from realtime.media.placing import TrackKey
from realtime.media.room import Filled
from realtime.media.sdp.offer import SdpTrack
from realtime.media.unit import MediaUnit, UnitAnswer
from tests.partners.udp_proxy import UdpProxy
from tests.waiting import eventually


@dataclass
class Heard:
    """What the unit tells of its rooms, in order."""

    connections: list[tuple[str, str]] = field(default_factory=list)
    placed: dict[str, list[Filled]] = field(default_factory=dict)
    stalls: list[tuple[TrackKey, bool]] = field(default_factory=list)
    speakers: list[str | None] = field(default_factory=list)

    def connected(self, room: str, person: str) -> None:
        self.connections.append((person, "connected"))

    def lost(self, room: str, person: str) -> None:
        self.connections.append((person, "lost"))

    def closed(self, room: str, person: str) -> None:
        self.connections.append((person, "closed"))

    def slots(self, room: str, person: str, slots: list[Filled]) -> None:
        self.placed[person] = slots

    def stalled(self, room: str, key: TrackKey, *, stalled: bool) -> None:
        self.stalls.append((key, stalled))

    def speaker(self, room: str, person: str | None) -> None:
        self.speakers.append(person)


@asynccontextmanager
async def a_unit(limits: MediaLimits | None = None) -> AsyncIterator[tuple[MediaUnit, Heard]]:
    """A unit on a free port of the loopback device."""
    heard = Heard()
    unit = MediaUnit("127.0.0.1", 0, heard, limits=limits)
    await unit.start()
    try:
        yield unit, heard
    finally:
        await unit.close()


class Picture(VideoStreamTrack):
    """A picture of one brightness, with a little noise so that it is more than nothing to encode."""

    def __init__(self, brightness: int, width: int = 320, height: int = 240) -> None:
        super().__init__()
        self._random = np.random.default_rng(brightness)
        self._size = (height, width, 3)
        self._brightness = brightness

    @override
    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        noise = self._random.integers(-10, 10, self._size)
        frame = av.VideoFrame.from_ndarray((noise + self._brightness).clip(0, 255).astype("uint8"), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """A sine of some amplitude."""

    def __init__(self, amplitude: int = 8000) -> None:
        super().__init__()
        self._amplitude = amplitude
        self._began: float | None = None
        self._at = 0

    @override
    async def recv(self) -> av.AudioFrame:
        if self._began is None:
            self._began = time.monotonic()
        wait = self._began + self._at / 48000 - time.monotonic()
        await asyncio.sleep(max(0.0, wait))
        samples = [int(self._amplitude * math.sin(2 * math.pi * 440 * (self._at + i) / 48000)) for i in range(960)]
        frame = av.AudioFrame.from_ndarray(np.array([samples], dtype="int16"), format="s16", layout="mono")
        frame.pts, frame.sample_rate, frame.time_base = self._at, 48000, fractions.Fraction(1, 48000)
        self._at += 960
        return frame


class Client:
    """One person. What it sends is named by `tracks`; what it gets is counted by `seen`. `relays`: nothing goes but
    through one of these."""

    def __init__(self, unit: MediaUnit, room: str, person: str, relays: Sequence[RTCIceServer] = ()) -> None:
        self.unit, self.room, self.person = unit, room, person
        policy = RTCIceTransportPolicy.RELAY if relays else RTCIceTransportPolicy.ALL
        self.connection = RTCPeerConnection(
            RTCConfiguration(list(relays), iceTransportPolicy=policy, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.frames: dict[str, int] = {}
        self.brightness: dict[str, float] = {}
        self._sources: dict[Any, str] = {}
        self._readers: list[asyncio.Task[None]] = []
        self.connection.on("track", self._on_track)

    def send(self, source: str, track: MediaStreamTrack) -> None:
        transceiver = self.connection.addTransceiver(track, direction="sendonly")
        self._prefer(transceiver, track.kind)
        self._sources[transceiver] = source

    def receive(self, *, audio: int = 1, video: int = 1) -> None:
        for kind, count in (("audio", audio), ("video", video)):
            for _ in range(count):
                self._prefer(self.connection.addTransceiver(kind, direction="recvonly"), kind)

    @staticmethod
    def _prefer(transceiver: Any, kind: str) -> None:
        spoken = ("audio/opus", "video/VP8", "video/rtx")
        codecs = [each for each in RTCRtpSender.getCapabilities(kind).codecs if each.mimeType in spoken]
        transceiver.setCodecPreferences(codecs)

    async def join(self, through: UdpProxy | None = None, change: Callable[[str], str] = lambda sdp: sdp) -> UnitAnswer:
        """Make an offer, and take the answer. The offer is changed on its way; media goes `through` a proxy."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        tracks = [SdpTrack(str(transceiver.mid), source) for transceiver, source in self._sources.items()]
        answer = self.unit.offer(self.room, self.person, change(self.connection.localDescription.sdp), tracks)
        sdp = answer.sdp if through is None else answer.sdp.replace(f" {self.unit.port} ", f" {through.port} ")
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        return answer

    def _on_track(self, track: Any) -> None:
        mid = next(str(each.mid) for each in self.connection.getTransceivers() if each.receiver.track is track)
        self._readers.append(asyncio.ensure_future(self._read(mid, track)))

    async def _read(self, mid: str, track: Any) -> None:
        while True:
            try:
                frame = await track.recv()
            except Exception:  # the track has ended, or its connection
                return
            self.frames[mid] = self.frames.get(mid, 0) + 1
            if isinstance(frame, av.VideoFrame):
                self.brightness[mid] = float(frame.to_ndarray(format="gray").mean())

    async def sees(self, mid: str, count: int = 1, timeout_s: float = 10) -> None:
        """Wait until `count` frames more have come in that section."""
        goal = self.frames.get(mid, 0) + count

        async def enough() -> bool:
            return self.frames.get(mid, 0) >= goal

        await eventually(enough, f"{self.person} sees too little in section {mid}: {self.frames}", timeout_s=timeout_s)

    async def stops_seeing(self, mid: str, quiet_s: float = 0.5, timeout_s: float = 10) -> None:
        """Wait until no frame has come in that section for a while."""
        loop = asyncio.get_running_loop()
        last = (self.frames.get(mid, 0), loop.time())

        async def quiet() -> bool:
            nonlocal last
            if self.frames.get(mid, 0) != last[0]:
                last = (self.frames.get(mid, 0), loop.time())
            return loop.time() - last[1] > quiet_s

        await eventually(quiet, f"{self.person} still sees something in section {mid}", timeout_s=timeout_s)

    async def leave(self) -> None:
        await self.connection.close()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
