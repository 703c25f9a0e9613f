"""What a VP8 packet says of itself in its payload descriptor (RFC 7741), clear even when frames are encrypted."""

from typing import NamedTuple

from realtime.media.rtp.packets import Buffer


class Descriptor(NamedTuple):
    """`picture_at` and `tl0_at` are offsets into the payload; -1: it has none."""

    size: int
    starts_frame: bool
    key_frame: bool
    picture_at: int
    wide: bool  # the picture id has 15 bits, not 7
    picture: int
    tl0_at: int
    tl0: int


def descriptor(payload: Buffer) -> Descriptor:
    """Raises ValueError if `payload` is too short for what it announces."""
    try:
        return _descriptor(payload)
    except IndexError:
        raise ValueError("cut short within its payload descriptor") from None


def _descriptor(payload: Buffer) -> Descriptor:
    first = payload[0]
    at, picture_at, picture, wide, tl0_at, tl0 = 1, -1, 0, False, -1, 0
    if first & 0x80:
        optional = payload[1]
        at = 2
        if optional & 0x80:
            picture_at, picture = at, payload[at] & 0x7F
            wide = bool(payload[at] & 0x80)
            if wide:
                picture = (picture << 8) | payload[at + 1]
            at += 2 if wide else 1
        if optional & 0x40:
            tl0_at, tl0 = at, payload[at]
            at += 1
        if optional & 0x30:
            at += 1
    starts = first & 0x17 == 0x10  # the beginning of a partition, and that the first
    return Descriptor(at, starts, starts and not payload[at] & 1, picture_at, wide, picture, tl0_at, tl0)


def renumber(buffer: bytearray | memoryview, payload_at: int, said: Descriptor, picture: int, tl0: int) -> None:
    """Shift the picture id by `picture` and TL0PICIDX by `tl0`, in place. The payload begins at `payload_at`."""
    if said.picture_at >= 0:
        at = payload_at + said.picture_at
        moved = said.picture + picture
        if said.wide:
            buffer[at] = 0x80 | (moved >> 8) & 0x7F
            buffer[at + 1] = moved & 0xFF
        else:
            buffer[at] = moved & 0x7F
    if said.tl0_at >= 0:
        buffer[payload_at + said.tl0_at] = (said.tl0 + tl0) & 0xFF
