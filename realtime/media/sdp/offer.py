"""What a client offers: read from its session description, or refused with the line that is at fault."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from realtime.media.sdp.lines import Attribute, OfferError, SdpBlock, blocks_of

Kind = Literal["audio", "video"]

MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID: Final = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
RIDS: Final = ("l", "m", "h")  # layers of a simulcast, from the smallest

_DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
_CODECS: Final = {"audio": "opus/48000/2", "video": "vp8/90000"}
_MEDIA: Final = re.compile(r"(audio|video) (\d{1,5}) (?:UDP/TLS/RTP/SAVPF?) (\d{1,3}(?: \d{1,3})*)")
_ALGORITHMS: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]{1,32}")
_ICE: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")


class SdpTrack(NamedTuple):
    """A section that sends, and what it sends: "microphone", "camera" or "screen"."""

    mid: str
    source: str


@dataclass(frozen=True, slots=True)
class SdpSection:
    """One `m=` section of an offer. Payload types are of the codec that we speak, and of its retransmission."""

    line: int
    mid: str
    kind: Kind
    direction: str
    payload_type: int
    rtx_payload_type: int | None
    feedback: tuple[str, ...]
    extensions: dict[str, int]
    ssrcs: tuple[int, ...]
    repairs: dict[int, int]  # SSRC of a retransmission -> SSRC of what it repairs
    rids: tuple[str, ...]

    @property
    def sends(self) -> bool:
        """Whether the client wants to send in it."""
        return self.direction in ("sendrecv", "sendonly")


@dataclass(frozen=True, slots=True)
class SdpOffer:
    """All of it that counts."""

    ufrag: str
    password: str
    algorithm: str
    fingerprint: str
    sections: tuple[SdpSection, ...]

    def section(self, mid: str) -> SdpSection | None:
        """The section of that name."""
        return next((each for each in self.sections if each.mid == mid), None)

    @property
    def slots(self) -> tuple[SdpSection, ...]:
        """The sections that only receive."""
        return tuple(each for each in self.sections if each.direction == "recvonly")


def parsed(sdp: str, tracks: Sequence[SdpTrack] = ()) -> SdpOffer:
    """Read `sdp`, and check that each of `tracks` is a section of it that sends such a source.

    Raises:
        OfferError: it cannot be parsed, lacks a fingerprint, ICE credentials or BUNDLE, names a codec that we do not
            speak, or a track names a section or source that does not exist.
    """
    session, blocks = blocks_of(sdp)
    if not blocks:
        raise OfferError(0, "An offer has at least one section.")
    sections = tuple(_section(block) for block in blocks)
    _check_bundle(session, sections)
    ufrag = _shared(session, blocks, "ice-ufrag")
    password = _shared(session, blocks, "ice-pwd")
    for each, least in ((ufrag, 4), (password, 22)):
        if not _ICE.fullmatch(each.value) or len(each.value) < least:
            raise OfferError(
                each.line, f"This {each.name} is too short or too long, or has other characters than it may."
            )
    algorithm, fingerprint = _fingerprint(_shared(session, blocks, "fingerprint"))
    setup = _shared(session, blocks, "setup")
    if setup.value not in ("actpass", "active"):
        raise OfferError(setup.line, "The client begins DTLS: setup is actpass or active.")
    offer = SdpOffer(ufrag.value, password.value, algorithm, fingerprint, sections=sections)
    _check_tracks(offer, tracks)
    return offer


def _shared(session: SdpBlock, blocks: list[SdpBlock], name: str) -> Attribute:
    """The one value that `name` has for the session, or for its bundled sections."""
    found = [each for block in (session, *blocks) if (each := block.first(name)) is not None]
    if not found:
        raise OfferError(blocks[0].line, f"There is no {name}, neither for the session nor here.")
    for other in found[1:]:
        if other.value.lower() != found[0].value.lower():
            raise OfferError(other.line, f"All sections share one transport, and so one {name}.")
    return found[0]


def _fingerprint(attribute: Attribute) -> tuple[str, str]:
    algorithm, _, value = attribute.value.partition(" ")
    algorithm, value = algorithm.lower(), value.strip().upper()
    size = _ALGORITHMS.get(algorithm)
    if size is None or not re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2})*", value) or len(value) != 3 * size - 1:
        raise OfferError(attribute.line, "A fingerprint is sha-256, sha-384 or sha-512, and its bytes.")
    return algorithm, value


def _check_bundle(session: SdpBlock, sections: tuple[SdpSection, ...]) -> None:
    bundle = next((each for each in session.all("group") if each.value.startswith("BUNDLE")), None)
    if bundle is None:
        raise OfferError(1, "All sections share one transport: there must be a group BUNDLE.")
    named = bundle.value.split()[1:]
    seen: set[str] = set()
    for section in sections:
        if section.mid in seen:
            raise OfferError(section.line, "Two sections have the same mid.")
        if section.mid not in named:
            raise OfferError(section.line, "This section is not in the group BUNDLE.")
        seen.add(section.mid)


def _check_tracks(offer: SdpOffer, tracks: Sequence[SdpTrack]) -> None:
    if len({track.mid for track in tracks}) < len(tracks) or len({track.source for track in tracks}) < len(tracks):
        raise OfferError(0, "A section, and a source, is named once.")
    for track in tracks:
        section = offer.section(track.mid)
        if section is None:
            raise OfferError(0, "A track names a section that the offer does not have.")
        if not section.sends:
            raise OfferError(section.line, "A track names a section that does not send.")
        if track.source not in (("microphone",) if section.kind == "audio" else ("camera", "screen")):
            raise OfferError(section.line, f"A section of {section.kind} does not send this source.")


def _section(block: SdpBlock) -> SdpSection:
    match = _MEDIA.fullmatch(block.media)
    if match is None:
        raise OfferError(block.line, "A section is audio or video over UDP/TLS/RTP/SAVPF; there is no data channel.")
    kind: Kind = "audio" if match[1] == "audio" else "video"
    mid = block.first("mid")
    if mid is None or not _TOKEN.fullmatch(mid.value):
        raise OfferError(mid.line if mid else block.line, "A section has a mid of at most 32 characters.")
    if block.first("rtcp-mux") is None:
        raise OfferError(block.line, "RTP and RTCP share one transport: there must be rtcp-mux.")
    payload_type, rtx_payload_type = _payload_types(block, kind, [int(each) for each in match[3].split()])
    return SdpSection(
        line=block.line,
        mid=mid.value,
        kind=kind,
        direction=next((each.name for each in block.attributes if each.name in _DIRECTIONS), "sendrecv"),
        payload_type=payload_type,
        rtx_payload_type=rtx_payload_type,
        feedback=tuple(_feedback(block, payload_type)),
        extensions=_extensions(block),
        ssrcs=tuple(dict.fromkeys(_number(each, each.value.partition(" ")[0]) for each in block.all("ssrc"))),
        repairs=_repairs(block),
        rids=_rids(block),
    )


def _payload_types(block: SdpBlock, kind: Kind, offered: list[int]) -> tuple[int, int | None]:
    """Of the codec that we speak, and of its retransmission."""
    codec: int | None = None
    repairs: dict[int, int] = {}
    maps = {}
    for each in block.all("rtpmap"):
        payload_type = _number(each, each.value.partition(" ")[0], most=127)
        maps[payload_type] = (each, each.value.partition(" ")[2].lower())
    for payload_type in offered:
        if payload_type not in maps or not (96 <= payload_type <= 127 or 35 <= payload_type <= 63):
            raise OfferError(block.line, f"Payload type {payload_type} has no rtpmap of a codec that we speak.")
        line, name = maps[payload_type]
        if name == _CODECS[kind]:
            codec = payload_type if codec is None else codec
        elif name == "rtx/90000" and kind == "video":
            repairs[_repaired(block, line, payload_type)] = payload_type
        else:
            raise OfferError(line.line, f"The only codec for {kind} here is {_CODECS[kind].split('/')[0]}.")
    if codec is None:
        raise OfferError(block.line, f"A section of {kind} offers {_CODECS[kind].split('/')[0]}.")
    return codec, repairs.get(codec)


def _repaired(block: SdpBlock, rtpmap: Attribute, payload_type: int) -> int:
    for each in block.all("fmtp"):
        if (match := re.fullmatch(rf"{payload_type} .*?\bapt=(\d{{1,3}})\b.*", each.value)) is not None:
            return int(match[1])
    raise OfferError(rtpmap.line, "A retransmission says with apt what it repairs.")


def _feedback(block: SdpBlock, payload_type: int) -> list[str]:
    lines = [each.value.partition(" ") for each in block.all("rtcp-fb")]
    return [what for number, _, what in lines if number in ("*", str(payload_type))]


def _extensions(block: SdpBlock) -> dict[str, int]:
    found = {}
    for each in block.all("extmap"):
        number, _, rest = each.value.partition(" ")
        identifier = _number(each, number.partition("/")[0], most=255)
        if 1 <= identifier <= 14:  # what one-byte headers can carry
            found[rest.partition(" ")[0]] = identifier
    return found


def _repairs(block: SdpBlock) -> dict[int, int]:
    found = {}
    for each in block.all("ssrc-group"):
        semantics, *ssrcs = each.value.split()
        if semantics == "FID" and len(ssrcs) == 2:
            found[_number(each, ssrcs[1])] = _number(each, ssrcs[0])
    return found


def _rids(block: SdpBlock) -> tuple[str, ...]:
    """The layers that it sends, in the order of `RIDS`."""
    offered = []
    for each in block.all("rid"):
        rid, _, rest = each.value.partition(" ")
        if rest.split(" ")[0] == "send":
            if rid not in RIDS:
                raise OfferError(each.line, f"The layers of a simulcast are named {', '.join(RIDS)}.")
            offered.append(rid)
    return tuple(rid for rid in RIDS if rid in offered)


def _number(attribute: Attribute, text: str, most: int = 0xFFFF_FFFF) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) > most:
        raise OfferError(attribute.line, f"In {attribute.name}, there is a number of at most {most}.")
    return int(text)
