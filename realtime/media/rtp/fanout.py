"""The hot path: one packet in, one `sendmmsg` to all who get it.

For each receiver a header of twelve bytes is written before the tail that all share, the packet is encrypted where it
lies, and the kernel takes them all at once. No task, no queue and no object belongs to a forwarded packet.
"""

from typing import TYPE_CHECKING, Final

from realtime.media.parts import protect
from realtime.media.rtp.packets import EXTENSION, HEADER, HEADER_SIZE, MARKER, PADDING, send_time_block
from realtime.media.rtp.slot import Source
from realtime.media.rtp.source import KeptPacket
from realtime.media.rtp.vp8 import renumber
from realtime.media.wire.datagrams import ROW, DatagramBatch, Datagrams, addressed, ffi, memmove

if TYPE_CHECKING:
    from realtime.media.rtp.slot import Slot, SourceSpan

ROWS: Final = 64
_VERSION: Final = 0x80


class RtpFanout:
    """Writes, encrypts and sends the packets of sources to slots."""

    def __init__(self, datagrams: Datagrams) -> None:
        self._datagrams = datagrams
        self._batch = DatagramBatch(ROWS)
        self._length = ffi.new("int *")
        self.packets = 0
        self.bytes = 0
        self.failed = 0  # packets that could not be encrypted

    def forward(self, source: Source, kept: KeptPacket) -> None:
        """Send a packet of `source` to all its slots."""
        batch, length = self._batch, self._length
        buffer, rows, vectors, headers = batch.buffer, batch.rows, batch.vectors, batch.headers
        pack, copy, encrypt = HEADER.pack_into, memmove, protect
        sequence, timestamp, said = kept.sequence, kept.timestamp, kept.said
        marker = kept.flags & MARKER
        tail, extension, first_byte, size = b"", -1, 0, 0
        i = total = 0
        for slot in source.slots:
            if sequence < slot.first or slot.context is None:
                continue
            if slot.abs_send_time != extension:
                extension = slot.abs_send_time
                first_byte, tail = _tail(kept, extension)
                size = HEADER_SIZE + len(tail)
            at = i * ROW
            pack(
                buffer,
                at,
                first_byte,
                marker | slot.payload_type,
                (sequence + slot.sequence) & 0xFFFF,
                (timestamp + slot.timestamp) & 0xFFFFFFFF,
                slot.ssrc,
            )
            row = rows[i]
            copy(row + HEADER_SIZE, tail, size - HEADER_SIZE)
            if slot.picture or slot.tl0:
                renumber(buffer, at + size - len(kept.payload), said, slot.picture, slot.tl0)
            length[0] = size
            if encrypt(slot.context, row, length):
                self.failed += 1
                continue
            vectors[i][0].iov_len = length[0]
            addressed(headers[i], slot.address)
            slot.packets += 1
            slot.bytes += size
            total += size
            i += 1
            if i == ROWS:
                self._datagrams.send(batch, i)
                self.packets += i
                i = 0
        if i:
            self._datagrams.send(batch, i)
            self.packets += i
        self.bytes += total

    def again(self, slot: "Slot", span: "SourceSpan", kept: KeptPacket) -> bool:
        """Send a packet once more, as it was sent to `slot`: as a retransmission (RFC 4588) where the receiver takes
        them, otherwise byte for byte the same, as AES-GCM demands of what has the same number."""
        if slot.context is None:
            return False
        batch, length = self._batch, self._length
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
        HEADER.pack_into(batch.buffer, 0, first_byte, kept.flags & MARKER | payload_type, number, timestamp, ssrc)
        batch.buffer[HEADER_SIZE:size] = tail[:head] + original + kept.payload
        if span.picture or span.tl0:
            renumber(batch.buffer, size - len(kept.payload), kept.said, span.picture, span.tl0)
        length[0] = size
        if protect(slot.context, batch.rows[0], length):
            self.failed += 1
            return False
        batch.vectors[0][0].iov_len = length[0]
        addressed(batch.headers[0], slot.address)
        self._datagrams.send(batch, 1)
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
