"""What RTCP says (RFC 3550, 4585, 5104, REMB): written and read by aiortc's classes."""

import struct
from collections.abc import Iterable
from typing import Final

from realtime.media.parts import aiortc_rtp as rtp
from realtime.media.rtp.slot import Slot, Source

OUR_SSRC: Final = 1  # of our receiver reports and requests; no stream of ours has it
_FIR: Final = 4
_LOST: Final = struct.Struct(">HH")  # a sequence number, and a bit for each of the 16 after it
_SSRCS: Final = struct.Struct(">II")


def parsed(data: bytes) -> list[rtp.AnyRtcpPacket]:
    """Raises ValueError if `data` is not RTCP."""
    try:
        return rtp.RtcpPacket.parse(data)
    except (struct.error, IndexError) as exc:
        raise ValueError("cut short") from exc


def key_frame_request(source: Source) -> bytes:
    """A picture loss indication."""
    return bytes(rtp.RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_PLI, ssrc=OUR_SSRC, media_ssrc=source.ssrc))


def loss_report(source: Source, lost: Iterable[int]) -> bytes:
    """A generic NACK. `lost`: extended numbers, in order. One that is followed closely by others carries them along."""
    items: list[list[int]] = []
    for each in lost:
        if items and 0 < each - items[-1][0] <= 16:
            items[-1][1] |= 1 << (each - items[-1][0] - 1)
        else:
            items.append([each, 0])
    fields = b"".join(_LOST.pack(first & 0xFFFF, others) for first, others in items)
    return rtp.pack_rtcp_packet(rtp.RTCP_RTPFB, rtp.RTCP_RTPFB_NACK, _SSRCS.pack(OUR_SSRC, source.ssrc) + fields)


def bandwidth_estimate(bps: int, ssrcs: list[int]) -> bytes:
    """A REMB for what comes in."""
    fci = rtp.pack_remb_fci(bps, ssrcs)
    return bytes(rtp.RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_APP, ssrc=OUR_SSRC, media_ssrc=0, fci=fci))


def receiver_report(sources: list[Source], now: float) -> bytes:
    """How the streams of one sender come in; at most 31 of them."""
    reports = []
    for source in sources[:31]:
        fraction, lost = source.loss_since_last()
        mapping = source.mapping
        reports.append(
            rtp.RtcpReceiverInfo(
                ssrc=source.ssrc,
                fraction_lost=fraction,
                packets_lost=lost,
                highest_sequence=source.highest & 0xFFFF_FFFF,
                jitter=int(source.jitter),
                lsr=(mapping.ntp >> 16) & 0xFFFF_FFFF if mapping else 0,
                dlsr=int((now - mapping.heard_at) * 65536) & 0xFFFF_FFFF if mapping else 0,
            )
        )
    return bytes(rtp.RtcpRrPacket(ssrc=OUR_SSRC, reports=reports))


def sender_report(slot: Slot, now: float, cname: str) -> bytes | None:
    """What the timestamps of `slot` mean, on the clock of whoever feeds it. None: that is not known yet."""
    clock = slot.source.clock_at(now) if slot.source is not None else None
    if clock is None:
        return None
    ntp, timestamp = clock
    slot.last_report = ((ntp >> 16) & 0xFFFF_FFFF, now)
    info = rtp.RtcpSenderInfo(
        ntp_timestamp=ntp,
        rtp_timestamp=(timestamp + slot.timestamp) & 0xFFFF_FFFF,
        packet_count=slot.packets & 0xFFFF_FFFF,
        octet_count=slot.bytes & 0xFFFF_FFFF,
    )
    names = rtp.RtcpSdesPacket(chunks=[rtp.RtcpSourceInfo(ssrc=slot.ssrc, items=[(1, cname.encode())])])
    return bytes(rtp.RtcpSrPacket(ssrc=slot.ssrc, sender_info=info)) + bytes(names)


def asks_for_key_frame(packet: rtp.RtcpPsfbPacket) -> list[int]:
    """The SSRCs that a picture loss indication or a full intra request is about."""
    if packet.fmt == rtp.RTCP_PSFB_PLI:
        return [packet.media_ssrc]
    if packet.fmt == _FIR:
        return [int.from_bytes(packet.fci[at : at + 4], "big") for at in range(0, len(packet.fci) - 7, 8)]
    return []


def estimated_bps(packet: rtp.RtcpPsfbPacket) -> int | None:
    """What the receiver says it can take, if this is a REMB."""
    if packet.fmt != rtp.RTCP_PSFB_APP:
        return None
    try:
        return rtp.unpack_remb_fci(packet.fci)[0]
    except (ValueError, struct.error):
        return None
