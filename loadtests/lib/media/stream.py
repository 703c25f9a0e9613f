"""What a camera and a microphone send: 720p of VP8 at 1.5 Mbit/s and Opus, 204 packets a second, encoded beforehand."""

import asyncio
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
import numpy as np

from loadtests.lib.media.client import OPUS, VP8, MediaClient, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

AUDIO_SSRC: Final = 0x1001
VIDEO_SSRC: Final = 0x1002
PAYLOAD: Final = 1190  # bytes of a packet of video
FPS: Final = 30
_HEADER: Final = struct.Struct(">BBHII")


def pictures(seconds: int = 4) -> list[bytes]:
    """Frames of VP8, the first of them a key frame: bars that move over noise."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = 1280, 720, "yuv420p", 1_450_000
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.options = {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "g": "3000"}
    encoder.options |= {"minrate": "1450000", "maxrate": "1450000", "bufsize": "400000"}
    random = np.random.default_rng(1)
    frames = []
    for i in range(seconds * FPS):
        image = np.full((1080, 1280), 90, dtype="uint8")
        image[400:520, 300:600] = random.integers(60, 120, (120, 300), dtype="uint8")  # what cannot be foreseen
        image[100:300, (7 * i) % 1200 : (7 * i) % 1200 + 80] = 200
        frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
        frame.pts = i
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames


class Stream:
    """Sends over and over what was encoded once; from its key frame on when it is asked to."""

    def __init__(self, client: MediaClient, frames: list[bytes]) -> None:
        self._client = client
        self._frames = frames
        self._at = 0
        self._numbers = {AUDIO_SSRC: 0, VIDEO_SSRC: 0}
        self._picture = 0
        self.sent = 0
        client.on_key_frame_wanted = self._restart

    def _restart(self) -> None:
        if self._at > FPS // 2:
            self._at = 0

    def _packet(self, ssrc: int, payload_type: int, timestamp: int, payload: bytes) -> None:
        number = self._numbers[ssrc]
        self._numbers[ssrc] = (number + 1) & 0xFFFF
        self._client.send(_HEADER.pack(0x80, payload_type, number, timestamp & 0xFFFFFFFF, ssrc) + payload)
        self.sent += 1

    def _picture_at(self, now: float) -> None:
        frame = self._frames[self._at] + stamp()
        self._at = (self._at + 1) % len(self._frames)
        self._picture = (self._picture + 1) & 0x7FFF
        for begin in range(0, len(frame), PAYLOAD):
            head = bytes((0x90 if begin == 0 else 0x80, 0x80, 0x80 | self._picture >> 8, self._picture & 0xFF))
            last = begin + PAYLOAD >= len(frame)
            payload_type = VP8 | (0x80 if last else 0)
            self._packet(VIDEO_SSRC, payload_type, int(now * 90000), head + frame[begin : begin + PAYLOAD])

    async def speak(self, sound: bytes = bytes(80)) -> None:
        """Sound alone, for as long as it is let."""
        loop = asyncio.get_running_loop()
        began = at = loop.time()
        while True:
            self._sound_at(at - began, sound)
            at += 0.02
            await asyncio.sleep(max(0.0, at - loop.time()))

    def _sound_at(self, now: float, sound: bytes) -> None:
        self._packet(AUDIO_SSRC, OPUS, int(now * 48000), b"\xfc" + sound)

    async def run(self, sound: bytes = bytes(80)) -> None:
        """For as long as it is let: a picture each 33 ms, and sound each 20 ms."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        due: list[tuple[float, Callable[[float], None], float]] = [
            (began, self._picture_at, 1 / FPS),
            (began, lambda now: self._sound_at(now, sound), 0.02),
        ]
        while True:
            due.sort(key=lambda each: each[0])
            at, send, every = due[0]
            await asyncio.sleep(max(0.0, at - loop.time()))
            send(at - began)
            due[0] = (at + every, send, every)
