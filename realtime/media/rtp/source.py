"""One incoming stream of packets: its numbering, its losses, its clock, and the packets kept to be sent again."""

from typing import Final, Generic, NamedTuple, TypeVar

from realtime.media.rtp.losses import Losses
from realtime.media.rtp.vp8 import Descriptor

S = TypeVar("S")  # what it is forwarded to

KEPT: Final = 512  # packets of video that can be sent again
CLOCK_RATES: Final = {"audio": 48000, "video": 90000}
KEY_FRAME_EVERY_S: Final = 0.3  # requests for key frames that come closer together are one


class KeptPacket(NamedTuple):
    """A packet as it was forwarded, less what differs from slot to slot."""

    sequence: int  # extended
    flags: int  # marker, and the flag for padding in the bits of the first byte
    timestamp: int
    sent_at: float
    payload: bytes
    said: Descriptor


class Mapping(NamedTuple):
    """What the sender's clock (NTP, 32.32 bits) and its timestamps were, and when we heard of it."""

    ntp: int
    timestamp: int
    heard_at: float


class RtpStream(Generic[S]):
    """One SSRC of one person, one layer of a simulcast. Changed by what arrives; sends nothing itself."""

    __slots__ = (
        "_expected_before",
        "_received_before",
        "_transit",
        "_window_at",
        "_window_bytes",
        "bytes",
        "clock_rate",
        "first",
        "highest",
        "jitter",
        "key_frame_asked_at",
        "key_frames",
        "kind",
        "last_arrival",
        "last_picture",
        "last_timestamp",
        "last_tl0",
        "losses",
        "mapping",
        "packets",
        "rate_bps",
        "rid",
        "ring",
        "slots",
        "ssrc",
        "waiting",
    )  # fmt: skip

    def __init__(self, ssrc: int, kind: str, rid: str = "") -> None:
        self.ssrc = ssrc
        self.kind = kind
        self.rid = rid
        self.clock_rate = CLOCK_RATES[kind]
        self.first = self.highest = -1
        self.packets = self.bytes = 0
        self.jitter = 0.0  # in units of the clock rate
        self.last_arrival = 0.0
        self.last_timestamp = self.last_picture = self.last_tl0 = 0
        self.losses = Losses()
        self.mapping: Mapping | None = None
        self.ring: list[KeptPacket | None] = [None] * KEPT if kind == "video" else []
        self.slots: list[S] = []  # those it is forwarded to
        self.waiting: list[S] = []  # those that take it from its next key frame on
        self.key_frame_asked_at = float("-inf")
        self.key_frames = 0
        self.rate_bps = 0.0
        self._window_at, self._window_bytes = 0.0, 0
        self._expected_before = self._received_before = 0
        self._transit: float | None = None

    def extended(self, sequence: int) -> int:
        """The 16-bit number of a packet, as one that does not wrap."""
        if self.highest < 0:
            return sequence + 0x10000  # so that what came before it is not negative
        ahead = (sequence - self.highest) & 0xFFFF
        return self.highest + (ahead if ahead < 0x8000 else ahead - 0x10000)

    def came(self, extended: int, timestamp: int, size: int, now: float) -> None:
        """Count a packet of `size` bytes that arrived at `now`."""
        if self.highest < 0:
            self.first, self.highest = extended, extended - 1
            self._window_at = now
        if self.kind == "video":
            self.losses.came(extended, self.highest, now, self.last_arrival or now)
        self.packets += 1
        self.bytes += size
        self._window_bytes += size
        if extended > self.highest:
            self._measure_jitter(timestamp, now)
            self.highest, self.last_timestamp, self.last_arrival = extended, timestamp, now

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        transit = now * self.clock_rate - timestamp
        if self._transit is not None and timestamp != self.last_timestamp:
            change = abs(transit - self._transit)
            if change < self.clock_rate:  # more than a second is a wrap or a pause
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

    def keep(self, kept: KeptPacket) -> None:
        """Keep a packet of video, and what numbers of pictures it had."""
        self.ring[kept.sequence % KEPT] = kept
        if kept.sequence == self.highest:
            self.last_picture, self.last_tl0 = kept.said.picture, kept.said.tl0

    def kept(self, extended: int) -> KeptPacket | None:
        """That packet, if it is still there."""
        found = self.ring[extended % KEPT] if self.ring else None
        return found if found is not None and found.sequence == extended else None

    def may_ask_for_key_frame(self, now: float) -> bool:
        """Whether to pass a request for a key frame on; if so, the next ones wait."""
        if now - self.key_frame_asked_at < KEY_FRAME_EVERY_S:
            return False
        self.key_frame_asked_at = now
        return True

    def measure_rate(self, now: float) -> None:
        """Take the bits a second since the last time."""
        if (passed := now - self._window_at) > 0:
            self.rate_bps = self._window_bytes * 8 / passed
        self._window_at, self._window_bytes = now, 0

    def loss_since_last(self) -> tuple[int, int]:
        """Lost since the last report in 256ths, and lost in all, for a receiver report (RFC 3550, 6.4.1)."""
        expected, received = self.highest - self.first + 1, self.packets
        new, came = expected - self._expected_before, received - self._received_before
        self._expected_before, self._received_before = expected, received
        fraction = min(255, ((new - came) << 8) // new) if new > 0 and new > came else 0
        return fraction, max(-0x800000, min(expected - received, 0x7FFFFF))

    def clock_at(self, now: float) -> tuple[int, int] | None:
        """What the sender's clock (NTP) and its timestamps are at `now`. None: it has not said yet."""
        if self.mapping is None:
            return None
        passed = now - self.mapping.heard_at
        ntp = self.mapping.ntp + int(passed * 4294967296)
        return ntp & 0xFFFF_FFFF_FFFF_FFFF, (self.mapping.timestamp + int(passed * self.clock_rate)) & 0xFFFF_FFFF
