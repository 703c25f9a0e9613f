"""Offers: what is read of a good one, and the line that a bad one is refused for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.media.sdp.answer import Here, SlotStream, answer
from realtime.media.sdp.lines import MAX_BYTES, OfferError
from realtime.media.sdp.offer import MID, SdpTrack, parsed

FINGERPRINT = ":".join(["AB"] * 32)
GOOD = f"""v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=rtcp-mux
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=rtpmap:111 opus/48000/2
a=ssrc:7 cname:x
m=video 9 UDP/TLS/RTP/SAVPF 96 97
a=mid:1
a=sendonly
a=rtcp-mux
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rid:h send
a=rid:l send
a=simulcast:send l;h
m=video 9 UDP/TLS/RTP/SAVPF 96 97
a=mid:2
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
"""
TRACKS = (SdpTrack("0", "microphone"), SdpTrack("1", "camera"))


def line_of(text: str, sdp: str = GOOD, nth: int = 1) -> int:
    found = [number for number, line in enumerate(sdp.splitlines(), 1) if line == text]
    return found[nth - 1]


def test_what_is_read_of_a_good_one() -> None:
    offer = parsed(GOOD.replace("\n", "\r\n"), TRACKS)
    assert (offer.ufrag, offer.algorithm, offer.fingerprint) == ("abcd", "sha-256", FINGERPRINT)
    audio, video, slot = offer.sections
    assert (audio.payload_type, audio.ssrcs, audio.sends) == (111, (7,), True)
    assert (video.payload_type, video.rtx_payload_type, video.rids) == (96, 97, ("l", "h"))
    assert video.extensions == {MID: 4}
    assert offer.slots == (slot,)


def test_the_answer_says_what_was_agreed_and_no_more() -> None:
    offer = parsed(GOOD, TRACKS)
    here = Here("192.0.2.1", 8100, "uuuu", "p" * 32, FINGERPRINT)
    lines = answer(offer, here, frozenset({"0", "1"}), {"2": SlotStream(11, 12, "pair0")}, 5).splitlines()
    for line in (
        "a=ice-lite",
        "a=group:BUNDLE 0 1 2",
        "a=setup:passive",
        "a=candidate:1 1 udp 2130706431 192.0.2.1 8100 typ host",
        "a=rid:l recv",
        "a=simulcast:recv l;h",
        "a=ssrc-group:FID 11 12",
        "a=ssrc:11 cname:pair0",
        "a=rtcp-fb:96 goog-remb",
    ):
        assert line in lines
    assert not any("transport-cc" in line for line in lines)
    directions = [line for line in lines if line in ("a=sendonly", "a=recvonly", "a=inactive")]
    assert directions == ["a=recvonly", "a=recvonly", "a=sendonly"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("v=0", "v=1", 1),
        ("s=-", "s", 3),
        ("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1", line_of("m=video 9 UDP/TLS/RTP/SAVPF 96 97", nth=2)),
        ("a=group:BUNDLE 0 1 2", "a=x", 1),
        ("a=ice-ufrag:abcd", "a=x", 10),
        ("a=ice-pwd:0123456789012345678901", "a=ice-pwd:short", 7),
        (f"a=fingerprint:sha-256 {FINGERPRINT}", "a=x", 10),
        (f"a=fingerprint:sha-256 {FINGERPRINT}", f"a=fingerprint:sha-1 {FINGERPRINT}", 8),
        (f"a=fingerprint:sha-256 {FINGERPRINT}", "a=fingerprint:sha-256 AB:CD", 8),
        ("a=setup:actpass", "a=setup:passive", 9),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 RTP/AVP 111", 10),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", 10),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF 111 9", 10),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 G722/8000", line_of("a=rtpmap:111 opus/48000/2")),
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 H264/90000", line_of("a=rtpmap:96 VP8/90000")),
        ("a=fmtp:97 apt=96", "a=fmtp:97 x", line_of("a=rtpmap:97 rtx/90000")),
        ("a=mid:0", "a=x", 10),
        ("a=mid:1", "a=mid:0", line_of("m=video 9 UDP/TLS/RTP/SAVPF 96 97")),
        ("a=rid:h send", "a=rid:huge send", line_of("a=rid:h send")),
        ("a=ssrc:7 cname:x", "a=ssrc:99999999999 cname:x", line_of("a=ssrc:7 cname:x")),
    ],
)
def test_a_bad_one_is_refused_for_the_line_that_is_at_fault(old: str, new: str, line: int) -> None:
    assert old in GOOD
    with pytest.raises(OfferError) as refusal:
        parsed(GOOD.replace(old + "\n", new + "\n"), TRACKS)
    assert refusal.value.line == line
    assert str(refusal.value).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    "tracks",
    [
        (SdpTrack("9", "camera"),),
        (SdpTrack("2", "camera"),),
        (SdpTrack("1", "microphone"),),
        (SdpTrack("0", "camera"),),
        (SdpTrack("1", "window"),),
        (SdpTrack("1", "camera"), SdpTrack("1", "screen")),
    ],
)
def test_tracks_are_sections_that_send_such_a_source(tracks: tuple[SdpTrack, ...]) -> None:
    with pytest.raises(OfferError):
        parsed(GOOD, tracks)


def test_an_offer_has_a_size() -> None:
    parsed(GOOD + "a=x\n" * 10)
    with pytest.raises(OfferError, match=str(MAX_BYTES)):
        parsed(GOOD + "a=x\n" * (MAX_BYTES // 4))


@given(st.text(max_size=300), st.integers(0, len(GOOD)), st.integers(0, 300))
def test_whatever_it_is_the_answer_is_an_offer_or_a_refusal(text: str, at: int, cut: int) -> None:
    message = "Good"
    try:
        parsed(GOOD[:at] + text + GOOD[at + cut :], TRACKS)
    except OfferError as refusal:
        message = str(refusal)
    assert re.fullmatch(r"(line \d+: )?[A-Z].*", message)
