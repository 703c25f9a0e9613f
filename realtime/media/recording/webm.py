"""One track as a stream of WebM: it can be cut anywhere, and what is there plays."""

from fractions import Fraction
from typing import Final

import av
from av.video.stream import VideoStream

CLOCK: Final = Fraction(1, 1000)
_OPTIONS: Final = {"live": "1", "cluster_time_limit": "500"}  # nothing is gone back to; clusters of half a second


class _Pipe:
    """What PyAV writes to. It cannot seek."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)


class Webm:
    """Frames in, bytes out."""

    def __init__(self, size: tuple[int, int] | None) -> None:
        """`size` is the picture's, in pixels; None: this is a track of sound."""
        self._pipe = _Pipe()
        self._container = av.open(self._pipe, "w", format="webm", options=_OPTIONS)
        if size is None:
            self._stream = self._container.add_mux_stream("opus", rate=48000, layout="stereo", time_base=CLOCK)
        else:
            width, height = size
            self._stream = self._container.add_mux_stream("vp8", width=width, height=height, time_base=CLOCK)
        self._last_ms = -1

    def write(self, at_s: float, data: bytes, *, key: bool) -> None:
        """A frame, `at_s` seconds after the beginning of the recording; never before the frame before it."""
        packet = av.Packet(data)
        packet.stream = self._stream
        packet.time_base = CLOCK
        self._last_ms = max(self._last_ms + (1 if isinstance(self._stream, VideoStream) else 0), round(at_s * 1000))
        packet.pts = packet.dts = self._last_ms
        packet.is_keyframe = key
        self._container.mux(packet)

    @property
    def size(self) -> int:
        """Bytes that wait to be taken."""
        return sum(map(len, self._pipe.parts))

    def take(self) -> bytes:
        """What has been written since the last time."""
        parts, self._pipe.parts = self._pipe.parts, []
        return b"".join(parts)

    def close(self) -> bytes:
        """Write what is still held back; the rest of the bytes."""
        self._container.close()
        return self.take()
