"""The answer to an offer: ICE-lite, one transport, DTLS passive, and the slots' streams by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from realtime.media.sdp.offer import ABS_SEND_TIME, AUDIO_LEVEL, MID, REPAIRED_RID, RID, RIDS, SdpOffer, SdpSection

_FEEDBACK: Final = ("nack", "nack pli", "ccm fir", "goog-remb")
_SENDING: Final = {"audio": (MID, AUDIO_LEVEL, ABS_SEND_TIME), "video": (MID, RID, REPAIRED_RID, ABS_SEND_TIME)}
_RECEIVING: Final = (ABS_SEND_TIME,)


@dataclass(frozen=True, slots=True)
class Here:
    """Our side of the transport."""

    ip: str
    port: int
    ufrag: str
    password: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class SlotStream:
    """What a slot sends. Slots of one `stream` are played in step by whoever receives them."""

    ssrc: int
    rtx_ssrc: int | None
    stream: str


def answer(
    offer: SdpOffer, here: Here, sending: frozenset[str], streams: Mapping[str, SlotStream], session: int
) -> str:
    """The session description to set on the client. `sending`: mids that may send; `streams`: mid of a slot -> what it
    sends; `session`: a number that stays for as long as the connection does."""
    family = "IP6" if ":" in here.ip else "IP4"
    lines = [
        "v=0",
        f"o=- {session} 1 IN {family} {here.ip}",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(each.mid for each in offer.sections)}",
        "a=msid-semantic: WMS *",
    ]
    for section in offer.sections:
        lines += _transport(section, here, family)
        if section.mid in streams:
            lines += _slot(section, streams[section.mid])
        elif section.mid in sending:
            lines += _sender(section)
        else:
            lines.append("a=inactive")
    return "\r\n".join(lines) + "\r\n"


def _transport(section: SdpSection, here: Here, family: str) -> list[str]:
    codec = "opus/48000/2" if section.kind == "audio" else "VP8/90000"
    payload_type, rtx = section.payload_type, section.rtx_payload_type
    payload_types = str(payload_type) if rtx is None else f"{payload_type} {rtx}"
    lines = [
        f"m={section.kind} {here.port} UDP/TLS/RTP/SAVPF {payload_types}",
        f"c=IN {family} {here.ip}",
        f"a=mid:{section.mid}",
        "a=rtcp-mux",
        f"a=ice-ufrag:{here.ufrag}",
        f"a=ice-pwd:{here.password}",
        f"a=fingerprint:sha-256 {here.fingerprint}",
        "a=setup:passive",
        f"a=candidate:1 1 udp 2130706431 {here.ip} {here.port} typ host",
        "a=end-of-candidates",
        f"a=rtpmap:{payload_type} {codec}",
        *(f"a=rtcp-fb:{payload_type} {each}" for each in section.feedback if each in _FEEDBACK),
    ]
    if section.kind == "audio":
        lines.append(f"a=fmtp:{payload_type} minptime=10;useinbandfec=1")
    if rtx is not None:
        lines += [f"a=rtpmap:{rtx} rtx/90000", f"a=fmtp:{rtx} apt={payload_type}"]
    return lines


def _extmaps(section: SdpSection, wanted: tuple[str, ...]) -> list[str]:
    return [f"a=extmap:{section.extensions[uri]} {uri}" for uri in wanted if uri in section.extensions]


def _sender(section: SdpSection) -> list[str]:
    lines = [*_extmaps(section, _SENDING[section.kind]), "a=recvonly"]
    if section.rids:
        lines += [f"a=rid:{rid} recv" for rid in section.rids]
        lines.append(f"a=simulcast:recv {';'.join(rid for rid in RIDS if rid in section.rids)}")
    return lines


def _slot(section: SdpSection, stream: SlotStream) -> list[str]:
    lines = [
        *_extmaps(section, _RECEIVING),
        "a=sendonly",
        f"a=msid:{stream.stream} {stream.stream}-{section.kind}",
    ]
    ssrcs = [stream.ssrc]
    if stream.rtx_ssrc is not None:
        ssrcs.append(stream.rtx_ssrc)
        lines.append(f"a=ssrc-group:FID {stream.ssrc} {stream.rtx_ssrc}")
    for ssrc in ssrcs:
        lines += [
            f"a=ssrc:{ssrc} cname:{stream.stream}",
            f"a=ssrc:{ssrc} msid:{stream.stream} {stream.stream}-{section.kind}",
        ]
    return lines
