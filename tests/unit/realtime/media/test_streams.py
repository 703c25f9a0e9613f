"""Incoming streams: packets, losses, reports, loudness and budgets; aiortc's own classes are the oracle."""

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtcpPacket, RtcpRtpfbPacket, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from realtime.media.budgets import Bucket
from realtime.media.rtp.feedback import loss_report
from realtime.media.rtp.losses import MAX_ASKED, Losses
from realtime.media.rtp.loudest import HOLDS_S, SILENT_S, Loudest
from realtime.media.rtp.packets import extensions, payload_start, send_time_block
from realtime.media.rtp.slot import Source
from realtime.media.rtp.source import Mapping
from realtime.media.rtp.vp8 import descriptor, renumber

NUMBERS = HeaderExtensionsMap()
NUMBERS.configure(
    RTCRtpParameters(
        headerExtensions=[
            RTCRtpHeaderExtensionParameters(1, "urn:ietf:params:rtp-hdrext:sdes:mid"),
            RTCRtpHeaderExtensionParameters(2, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
            RTCRtpHeaderExtensionParameters(3, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
        ]
    )
)


@given(
    st.lists(st.integers(0, 0xFFFFFFFF), max_size=15),
    st.text("abc", min_size=1, max_size=30),
    st.integers(0, 127),
    st.binary(min_size=1),
)
def test_headers_are_read_as_aiortc_writes_them(csrc: list[int], mid: str, level: int, payload: bytes) -> None:
    packet = RtpPacket(payload_type=96, sequence_number=7, timestamp=8, ssrc=9, payload=payload)
    packet.csrc = csrc
    packet.extensions = HeaderExtensions(mid=mid, audio_level=(True, level), abs_send_time=5)
    data = packet.serialize(NUMBERS)
    assert data[payload_start(data) :] == payload
    assert dict(extensions(data)) == {1: mid.encode(), 2: bytes((0x80 | level,)), 3: b"\0\0\5"}


@given(st.binary(min_size=12, max_size=60))
def test_whatever_a_packet_is_it_is_read_or_refused(data: bytes) -> None:
    try:
        payload_start(data)
    except ValueError:
        return
    list(extensions(data))


def test_the_time_of_sending_is_written_as_aiortc_reads_it() -> None:
    data = b"\x90\x60" + bytes(10) + send_time_block(3, 1000.5) + b"payload"
    packet = RtpPacket.parse(data, NUMBERS)
    assert packet.payload == b"payload"
    assert packet.extensions.abs_send_time == int((1000.5 % 64) * 2**18)


descriptors = st.builds(
    VpxPayloadDescriptor,
    st.integers(0, 1),
    st.integers(0, 7),
    st.none() | st.integers(0, 0x7FFF),
    st.none() | st.integers(0, 255),
    st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)),
    st.none() | st.integers(0, 31),
)


@given(descriptors, st.integers(0, 0x7FFF), st.integers(0, 255), st.binary(min_size=3))
def test_descriptors_are_read_and_renumbered(
    written: VpxPayloadDescriptor, picture: int, tl0: int, frame: bytes
) -> None:
    payload = bytes(written) + frame
    said = descriptor(payload)
    assert (said.size, said.starts_frame) == (
        len(bytes(written)),
        written.partition_start == 1 and written.partition_id == 0,
    )
    assert said.key_frame == (said.starts_frame and not frame[0] & 1)
    moved = bytearray(payload)
    renumber(moved, 0, said, picture, tl0)
    read, rest = VpxPayloadDescriptor.parse(bytes(moved))
    assert rest == frame
    assert read.picture_id == (None if written.picture_id is None else (written.picture_id + picture) & 0x7FFF)
    assert read.tl0picidx == (None if written.tl0picidx is None else (written.tl0picidx + tl0) & 0xFF)
    assert (read.tid, read.keyidx) == (written.tid, written.keyidx)


@given(st.binary(max_size=8))
def test_short_payloads_are_read_or_refused(payload: bytes) -> None:
    try:
        descriptor(payload)
    except ValueError:
        return


@given(st.sets(st.integers(0, 300), max_size=100), st.integers(0, 0x20000))
def test_lost_packets_are_named_as_aiortc_reads_them(lost: set[int], base: int) -> None:
    numbers = sorted(base + each for each in lost)
    if not numbers:
        return
    [packet] = RtcpPacket.parse(loss_report(Source(9, "video"), numbers))
    assert isinstance(packet, RtcpRtpfbPacket)
    assert packet.media_ssrc == 9
    assert sorted(packet.lost) == sorted({each & 0xFFFF for each in numbers})


def test_what_is_missing_is_asked_for_until_it_comes() -> None:
    losses = Losses()
    losses.came(10, 9, 0.0, 0.0)
    losses.came(13, 10, 0.0, 0.0)
    assert losses.due(0.005, 0.1) == [], "it may just be late"
    assert losses.due(0.02, 0.1) == [11, 12]
    assert losses.due(0.05, 0.1) == [], "the answer is still on its way"
    losses.came(11, 13, 0.1, 0.1)
    assert losses.due(0.2, 0.1) == [12]
    asked = sum(bool(losses.due(1.0 + i, 0.1)) for i in range(20))
    assert (asked, len(losses), losses.gave_up) == (MAX_ASKED - 2, 0, 1)


def test_a_long_gap_is_a_new_beginning() -> None:
    losses = Losses()
    losses.came(5000, 9, 0.0, 0.0)
    assert losses.due(1.0, 0.1) == []
    assert losses.beyond_repair, "only a key frame helps"


def test_what_was_lost_in_a_long_silence_is_not_asked_for() -> None:
    losses = Losses()
    losses.came(20, 9, 10.0, 9.0)
    assert losses.due(11.0, 0.1) == []
    assert losses.beyond_repair


def test_numbers_are_extended_across_the_wrap_in_both_directions() -> None:
    source = Source(1, "video")
    extended = []
    for sequence in (65534, 65535, 1, 0, 2):
        extended.append(source.extended(sequence))
        source.came(extended[-1], 0, 100, 1.0)
    assert [each - extended[0] for each in extended] == [0, 1, 3, 2, 4]
    assert source.loss_since_last() == (0, 0)


def test_losses_are_reported_for_the_time_since_the_last_report() -> None:
    source = Source(1, "audio")
    for sequence in (0, 1, 3, 4, 5, 7):
        source.came(source.extended(sequence), 0, 100, 1.0)
    assert source.loss_since_last() == (64, 2)
    source.came(source.extended(8), 0, 100, 1.0)
    assert source.loss_since_last() == (0, 2)


def test_the_clock_of_a_sender_goes_on_from_its_last_report() -> None:
    source = Source(1, "video")
    assert source.clock_at(10.0) is None
    source.mapping = Mapping(100 << 32, 0xFFFFFFF0, 10.0)
    assert source.clock_at(10.5) == ((100 << 32) + (1 << 31), (0xFFFFFFF0 + 45000) & 0xFFFFFFFF)


def test_requests_for_key_frames_are_merged() -> None:
    source = Source(1, "video")
    assert [source.may_ask_for_key_frame(at) for at in (0.0, 0.1, 0.25, 0.31, 0.4)] == [True, False, False, True, False]


def test_the_loudest_is_who_has_been_it_for_a_while() -> None:
    loudest = Loudest()
    now = 0.0
    for _ in range(100):
        now += 0.02
        loudest.heard("ann", 30, now)
        loudest.heard("ben", 70, now)
        loudest.judge(now)
    assert loudest.speaker == "ann"
    loudest.heard("ben", 0, now)
    assert not loudest.judge(now), "one click is no speech"
    for _ in range(100):
        now += 0.02
        loudest.heard("ann", 100, now)
        loudest.heard("ben", 20, now)
        loudest.judge(now)
    assert loudest.speaker == "ben"
    assert loudest.judge(now + SILENT_S + HOLDS_S)
    assert loudest.speaker is None


def test_a_bucket_holds_a_burst_and_fills_again() -> None:
    bucket = Bucket(10, burst_s=0.5)
    assert [bucket.take(1, 1.0) for _ in range(6)] == [True] * 5 + [False]
    assert not bucket.take(1, 1.05)
    assert bucket.take(1, 1.2)


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_jitter_is_what_packets_come_too_early_or_late(kind: str) -> None:
    source = Source(1, kind)
    for i in range(200):
        late = 0.01 if i % 2 else 0.0
        source.came(source.extended(i), int(i * 0.02 * source.clock_rate), 100, i * 0.02 + late)
    assert abs(source.jitter / source.clock_rate - 0.01) < 0.001
