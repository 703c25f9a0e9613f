"""One outgoing stream that stays one, whatever source feeds it: its numbers go on, its pictures too.

Per source there is only a shift: of sequence numbers, timestamps, picture ids and TL0PICIDX. So a packet is rewritten
by four additions, and a receiver's request for one is answered by undoing them.
"""

from typing import Any, Final, NamedTuple, TypeAlias

from realtime.media.rtp.source import RtpStream

MASK32: Final = 0xFFFF_FFFF
REMEMBERED: Final = 8  # changes of source whose packets can still be asked for

Source: TypeAlias = RtpStream["Slot"]
"""What feeds slots."""


class SourceSpan(NamedTuple):
    """From which outgoing number on (extended) which source was shifted by how much."""

    begin: int
    source: Source
    sequence: int
    timestamp: int
    picture: int
    tl0: int


class Slot:
    """A section of a receiver. `sequence`, `timestamp`, `picture`, `tl0` are what is added to those of the source."""

    __slots__ = (
        "_end",
        "_last_picture",
        "_last_tl0",
        "_stopped_at",
        "_stopped_timestamp",
        "abs_send_time",
        "address",
        "bytes",
        "context",
        "first",
        "kind",
        "last_report",
        "mid",
        "packets",
        "payload_type",
        "picture",
        "rtx_payload_type",
        "rtx_sequence",
        "rtx_ssrc",
        "sequence",
        "source",
        "spans",
        "ssrc",
        "timestamp",
        "tl0",
        "wanted",
    )  # fmt: skip

    def __init__(
        self,
        mid: str,
        kind: str,
        ssrc: int,
        payload_type: int,
        *,
        rtx_ssrc: int | None = None,
        rtx_payload_type: int | None = None,
        abs_send_time: int = 0,
    ) -> None:
        self.mid = mid
        self.kind = kind
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.rtx_ssrc = rtx_ssrc
        self.rtx_payload_type = rtx_payload_type
        self.rtx_sequence = 0
        self.abs_send_time = abs_send_time  # number of the extension; 0: the receiver does not want it
        self.context: Any = None  # of SRTP, while the receiver is connected
        self.address: Any = None
        self.source: Source | None = None  # what feeds it
        self.wanted: Source | None = None  # what shall feed it, from its next key frame on
        self.first = self.sequence = self.timestamp = self.picture = self.tl0 = 0
        self.packets = self.bytes = 0
        self.last_report: tuple[int, float] | None = None  # middle of the NTP time that was sent, and when
        self.spans: list[SourceSpan] = []
        self._end = 0x10000  # the next outgoing number, extended
        self._last_picture = self._last_tl0 = self._stopped_timestamp = 0
        self._stopped_at = 0.0

    def take(self, source: Source, first: int, timestamp: int, now: float, picture: int = 0, tl0: int = 0) -> None:
        """Go on with `source`, whose packet `first` (extended) is the first to pass.

        Its numbers follow the last that were sent; its timestamp lies as much later as time has passed.
        """
        self.leave()
        if self.spans:
            passed = max(1, int((now - self._stopped_at) * source.clock_rate))
            self.timestamp = (self._stopped_timestamp + passed - timestamp) & MASK32
            self.picture = (self._last_picture + 1 - picture) & 0x7FFF
            self.tl0 = (self._last_tl0 + 1 - tl0) & 0xFF
        self.sequence = self._end - first
        self.first = first
        self.source = source
        self.wanted = None
        self.spans = [
            *self.spans[1 - REMEMBERED :],
            SourceSpan(self._end, source, self.sequence, self.timestamp, self.picture, self.tl0),
        ]
        source.slots.append(self)

    def leave(self) -> None:
        """Send nothing more of the present source; remember where its numbers stood."""
        source = self.source
        if source is None:
            return
        source.slots.remove(self)
        self.source = None
        self._end = max(self._end, source.highest + self.sequence + 1)
        self._stopped_timestamp = (source.last_timestamp + self.timestamp) & MASK32
        self._stopped_at = source.last_arrival
        self._last_picture = (source.last_picture + self.picture) & 0x7FFF
        self._last_tl0 = (source.last_tl0 + self.tl0) & 0xFF

    def wait_for(self, source: Source | None) -> None:
        """Let `source` be what feeds it from its next key frame on; None: nothing any more."""
        if self.wanted is not None:
            self.wanted.waiting.remove(self)
        self.wanted = source
        if source is not None:
            source.waiting.append(self)

    def origin(self, sequence: int) -> tuple[SourceSpan, int] | None:
        """Of which source an outgoing 16-bit number was, and its number there (extended)."""
        end = self._end if self.source is None else self.source.highest + self.sequence + 1
        extended = end - ((end - sequence) & 0xFFFF)
        for span in reversed(self.spans):
            if span.begin <= extended:
                return span, extended - span.sequence
        return None
