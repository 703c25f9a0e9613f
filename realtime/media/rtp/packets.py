"""The header of an RTP packet (RFC 3550) and its extensions (RFC 8285), read where they lie."""

from collections.abc import Iterator
from struct import Struct
from typing import Final

HEADER: Final = Struct(">BBHII")  # version and flags, marker and payload type, sequence number, timestamp, SSRC
HEADER_SIZE: Final = 12
MARKER: Final = 0x80
PADDING: Final = 0x20
EXTENSION: Final = 0x10
_ONE_BYTE: Final = 0xBEDE
_TWO_BYTE: Final = 0x1000

Buffer = bytes | bytearray | memoryview


def payload_start(packet: Buffer) -> int:
    """Where the payload begins. Raises ValueError if the packet is cut short."""
    first = packet[0]
    at = HEADER_SIZE + 4 * (first & 15)
    if first & EXTENSION:
        if len(packet) < at + 4:
            raise ValueError("cut short within its extensions")
        at += 4 + 4 * ((packet[at + 2] << 8) | packet[at + 3])
    if len(packet) < at:
        raise ValueError("cut short within its header")
    return at


def extensions(packet: Buffer) -> Iterator[tuple[int, bytes]]:
    """Number and value of each extension. Of a packet that `payload_start` found whole; what is malformed ends them."""
    if not packet[0] & EXTENSION:
        return
    at = HEADER_SIZE + 4 * (packet[0] & 15)
    profile = (packet[at] << 8) | packet[at + 1]
    end = at + 4 + 4 * ((packet[at + 2] << 8) | packet[at + 3])
    at += 4
    wide = profile & 0xFFF0 == _TWO_BYTE
    if not wide and profile != _ONE_BYTE:
        return
    while at < end:
        if packet[at] == 0:
            at += 1
            continue
        if wide:
            if at + 2 > end:
                return
            number, size = packet[at], packet[at + 1]
            at += 2
        else:
            number, size = packet[at] >> 4, (packet[at] & 15) + 1
            at += 1
        if at + size > end:
            return
        yield number, bytes(packet[at : at + size])
        at += size


def send_time_block(number: int, now: float) -> bytes:
    """An extension block with `abs-send-time` as extension `number`, at `now` in seconds: 24 bits, 18 of a fraction."""
    stamp = int(now * 262144) & 0xFFFFFF
    return b"\xbe\xde\x00\x01" + bytes((number << 4 | 2,)) + stamp.to_bytes(3, "big")


def newer(sequence: int, than: int) -> bool:
    """Whether a 16-bit sequence number comes after another, across the wrap."""
    return 0 < (sequence - than) & 0xFFFF < 0x8000
