"""From packets to frames: put in order, waited for, and given up when they do not come. Nothing is decoded."""

from typing import Final, NamedTuple

from realtime.media.rtp.packets import MARKER
from realtime.media.rtp.source import KeptPacket

WAITS_S: Final = 0.6  # for a packet that is missing: longer than it takes to be sent again
_HALF: Final = 0x8000_0000


class MediaFrame(NamedTuple):
    """A picture, or a packet of sound. `timestamp` does not wrap."""

    timestamp: int
    key: bool
    data: bytes


class LostFrames(NamedTuple):
    """Between these timestamps there is something missing."""

    begin: int
    end: int


class Frames:
    """One source's. What is returned is in order."""

    def __init__(self, *, video: bool) -> None:
        self._video = video
        self._waiting: dict[int, KeptPacket] = {}
        self._next: int | None = None  # the number that comes next
        self._parts: list[KeptPacket] = []
        self._needs_key = video
        self._timestamp: int | None = None  # the last one, extended
        self._broken_since: int | None = None

    @property
    def needs_key_frame(self) -> bool:
        """Whether nothing can be kept before the next one."""
        return self._needs_key

    def add(self, kept: KeptPacket) -> list[MediaFrame | LostFrames]:
        """What has become complete with this packet."""
        if self._next is None:
            self._next = kept.sequence
        if kept.sequence < self._next:
            return []
        self._waiting[kept.sequence] = kept
        out: list[MediaFrame | LostFrames] = []
        while self._waiting:
            if (packet := self._waiting.pop(self._next, None)) is not None:
                out += self._picture(packet) if self._video else self._sound(packet)
                self._next += 1
            elif kept.sent_at - min(each.sent_at for each in self._waiting.values()) > WAITS_S:
                self._skip(min(self._waiting))
            else:
                break
        return out

    def finish(self) -> list[MediaFrame | LostFrames]:
        """What can still be made of what has come: nothing more will."""
        out: list[MediaFrame | LostFrames] = []
        for sequence in sorted(self._waiting):
            packet = self._waiting.pop(sequence)
            if sequence != self._next:
                self._skip(sequence)
            out += self._picture(packet) if self._video else self._sound(packet)
            self._next = sequence + 1
        return out

    def _skip(self, sequence: int) -> None:
        self._next = sequence
        self._parts.clear()
        self._needs_key = self._video
        if self._broken_since is None:
            self._broken_since = self._timestamp

    def _extended(self, timestamp: int) -> int:
        if self._timestamp is None:
            self._timestamp = timestamp
        ahead = (timestamp - self._timestamp) & 0xFFFF_FFFF
        self._timestamp += ahead if ahead < _HALF else ahead - 2 * _HALF
        return self._timestamp

    def _healed(self, timestamp: int) -> list[MediaFrame | LostFrames]:
        """What was missing until now, if anything was."""
        since, self._broken_since = self._broken_since, None
        return [] if since is None else [LostFrames(since, timestamp)]

    def _sound(self, packet: KeptPacket) -> list[MediaFrame | LostFrames]:
        timestamp = self._extended(packet.timestamp)
        return [*self._healed(timestamp), MediaFrame(timestamp, True, packet.payload)]

    def _picture(self, packet: KeptPacket) -> list[MediaFrame | LostFrames]:
        if packet.said.size == 0:
            return []  # it only pads
        if packet.said.starts_frame:
            self._parts = [packet]
        elif self._parts:
            self._parts.append(packet)
        if not packet.flags & MARKER or not self._parts:
            return []
        parts, self._parts = self._parts, []
        key = parts[0].said.key_frame
        if self._needs_key and not key:
            return []
        self._needs_key = False
        timestamp = self._extended(packet.timestamp)
        data = b"".join(part.payload[part.said.size :] for part in parts)
        return [*self._healed(timestamp), MediaFrame(timestamp, key, data)]


def size_of(key_frame: bytes) -> tuple[int, int]:
    """Width and height that a key frame of VP8 says of itself (RFC 6386, 9.1). Raises ValueError if it is none."""
    if len(key_frame) < 10 or key_frame[3:6] != b"\x9d\x01\x2a":
        raise ValueError("not a key frame of VP8")
    width, height = int.from_bytes(key_frame[6:8], "little"), int.from_bytes(key_frame[8:10], "little")
    return width & 0x3FFF, height & 0x3FFF
