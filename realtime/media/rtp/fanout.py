"""The hot path: what came in at one go, out to all who get it, by one system call.

Packets of a source wait until all that lay in the socket have been read (`flush`): so a picture of six packets costs a
receiver one header for the kernel, not six. For each receiver a header of twelve bytes is written before the tail that
all share, and the packet is encrypted where it lies. No task, no queue and no object belongs to a forwarded packet.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from realtime.media.parts import TAG, protect
from realtime.media.rtp.packets import EXTENSION, HEADER, HEADER_SIZE, MARKER, PADDING, send_time_block
from realtime.media.rtp.slot import Source
from realtime.media.rtp.source import KeptPacket
from realtime.media.rtp.vp8 import renumber
from realtime.media.wire.burst import DatagramBurst, Segments
from realtime.media.wire.datagrams import ROW, Datagrams, ffi

if TYPE_CHECKING:
    from realtime.media.rtp.slot import Slot, SourceSpan

ROWS: Final = 128
MOST_HELD: Final = 32  # packets of one source
_VERSION: Final = 0x80


class _Head(NamedTuple):
    """What the header of a packet says to all, and how long the packet is."""

    first_byte: int
    marker: int
    sequence: int
    timestamp: int
    size: int


class RtpFanout:
    """Writes, encrypts and sends the packets of sources to slots."""

    def __init__(self, datagrams: Datagrams) -> None:
        self._burst = DatagramBurst(datagrams, ROWS)
        self._shared = bytearray(MOST_HELD * ROW)  # what all receivers get alike: rows without their headers
        self._length = ffi.new("int *")
        self._held: dict[Source, list[KeptPacket]] = {}
        self.packets = 0
        self.bytes = 0
        self.failed = 0  # packets that could not be encrypted

    def forward(self, source: Source, kept: KeptPacket) -> None:
        """Send a packet of `source` to all its slots, with the next `flush`, which must come before those change."""
        held = self._held.setdefault(source, [])
        held.append(kept)
        if len(held) == MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Send all that waits."""
        if self._held:
            held, self._held = self._held, {}
            for source, packets in held.items():
                self._send(source, packets)

    def _send(self, source: Source, packets: list[KeptPacket]) -> None:
        lowest = min(kept.sequence for kept in packets)
        alike: dict[tuple[int, int], list[Slot]] = {}  # slots that get the same, by their extension and first packet
        for slot in source.slots:
            if slot.context is not None:
                alike.setdefault((slot.abs_send_time, max(slot.first, lowest)), []).append(slot)
        for (extension, first), slots in alike.items():
            theirs = packets if first == lowest else [kept for kept in packets if kept.sequence >= first]
            if theirs:
                self._send_alike(slots, theirs, extension)

    def _send_alike(self, slots: "list[Slot]", packets: list[KeptPacket], extension: int) -> None:
        heads = []
        for i, kept in enumerate(packets):
            first_byte, tail = _tail(kept, extension)
            size = HEADER_SIZE + len(tail)
            self._shared[i * ROW + HEADER_SIZE : i * ROW + size] = tail
            heads.append(_Head(first_byte, kept.flags & MARKER, kept.sequence, kept.timestamp, size))
        sizes = [head.size + TAG for head in heads]
        runs = self._burst.runs(sizes)
        at_once = ROWS // len(packets)
        for begin in range(0, len(slots), at_once):
            some = slots[begin : begin + at_once]
            self._burst.measure(len(some) * len(packets), sizes)
            for i, slot in enumerate(some):
                self._write(slot, packets, heads, runs=runs, row=i * len(packets))
            self._burst.send()

    def _write(
        self, slot: "Slot", packets: list[KeptPacket], heads: list[_Head], *, runs: list[Segments], row: int
    ) -> None:
        """All of `packets` for one slot, into the rows from `row` on."""
        burst, length, context, encrypt = self._burst, self._length, slot.context, protect
        rows, buffer, pack = burst.rows, burst.buffer, HEADER.pack_into
        payload_type, ssrc, later, after = slot.payload_type, slot.ssrc, slot.timestamp, slot.sequence
        size = total = 0
        ffi.memmove(rows[row], self._shared, (len(heads) - 1) * ROW + heads[-1].size)
        if slot.picture or slot.tl0:
            for i, kept in enumerate(packets):
                at = (row + i) * ROW + heads[i].size - len(kept.payload)
                renumber(buffer, at, kept.said, slot.picture, slot.tl0)
        failed = []
        at = row
        for first_byte, marker, sequence, timestamp, size in heads:
            pack(
                buffer,
                at * ROW,
                first_byte,
                marker | payload_type,
                (sequence + after) & 0xFFFF,
                (timestamp + later) & 0xFFFFFFFF,
                ssrc,
            )
            length[0] = size
            if encrypt(context, rows[at], length):
                failed.append(at - row)
            total += size
            at += 1
        if failed:
            self.failed += len(failed)
            runs = [Segments(i, 1, 0) for i in range(len(heads)) if i not in failed]
            total -= sum(heads[i].size for i in failed)
        burst.address(row, runs, slot.address)
        count = len(heads) - len(failed)
        slot.packets += count
        slot.bytes += total
        self.packets += count
        self.bytes += total

    def again(self, slot: "Slot", span: "SourceSpan", kept: KeptPacket) -> bool:
        """Send a packet once more, as it was sent to `slot`: as a retransmission (RFC 4588) where the receiver takes
        them, otherwise byte for byte the same, as AES-GCM demands of what has the same number."""
        if slot.context is None:
            return False
        burst, length = self._burst, self._length
        first_byte, tail = _tail(kept, slot.abs_send_time)
        sequence = (kept.sequence + span.sequence) & 0xFFFF
        payload_type, number, ssrc, original = slot.payload_type, sequence, slot.ssrc, b""
        if slot.rtx_ssrc is not None and slot.rtx_payload_type is not None:
            payload_type, number, ssrc = slot.rtx_payload_type, slot.rtx_sequence, slot.rtx_ssrc
            slot.rtx_sequence = (slot.rtx_sequence + 1) & 0xFFFF
            original = sequence.to_bytes(2, "big")
        head = len(tail) - len(kept.payload)
        size = HEADER_SIZE + len(tail) + len(original)
        timestamp = (kept.timestamp + span.timestamp) & 0xFFFFFFFF
        HEADER.pack_into(burst.buffer, 0, first_byte, kept.flags & MARKER | payload_type, number, timestamp, ssrc)
        burst.buffer[HEADER_SIZE:size] = tail[:head] + original + kept.payload
        if span.picture or span.tl0:
            renumber(burst.buffer, size - len(kept.payload), kept.said, span.picture, span.tl0)
        length[0] = size
        if protect(slot.context, burst.rows[0], length):
            self.failed += 1
            return False
        burst.measure(1, (length[0],))
        burst.address(0, (Segments(0, 1, 0),), slot.address)
        burst.send()
        self.packets += 1
        self.bytes += size
        return True


def _tail(kept: KeptPacket, extension: int) -> tuple[int, bytes]:
    """The first byte of a packet, and what follows its header: `abs-send-time`, if `extension` is its number, and the
    payload. The sender's own extensions stay behind: its MID would take the packet into the wrong section."""
    first_byte = _VERSION | (kept.flags & PADDING)
    if not extension:
        return first_byte, kept.payload
    return first_byte | EXTENSION, send_time_block(extension, kept.sent_at) + kept.payload
