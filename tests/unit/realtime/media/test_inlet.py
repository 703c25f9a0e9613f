"""What a sender is asked for: less on a crowded way, and never so little that nothing would ever be measured again."""

import struct

from realtime.media.budgets import MediaLimits
from realtime.media.inlet import CROWDED_BPS, LEAST_BPS, Inlet
from realtime.media.sdp.offer import ABS_SEND_TIME, SdpSection

CAMERA = SdpSection(
    line=0,
    mid="0",
    kind="video",
    direction="sendonly",
    payload_type=96,
    rtx_payload_type=97,
    feedback=(),
    extensions={ABS_SEND_TIME: 3},
    ssrcs=(7,),
    repairs={},
    rids=(),
)
KEY_FRAME = b"\x10\x00\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00"


def packet(number: int, sent_s: float) -> memoryview:
    """A kilobyte of a picture that was sent at this time, which it says."""
    head = struct.pack("!BBHLL", 0x90, 0x80 | 96, number & 0xFFFF, number * 3000, 7)
    said = (int(sent_s * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")
    return memoryview(head + struct.pack("!HH", 0xBEDE, 1) + b"\x32" + said + KEY_FRAME + bytes(1000))


def crowded() -> tuple[Inlet, float]:
    """Somebody whose pictures come later and later, and ever more seldom; and when the last of them came."""
    inlet, sent_s, came_s = Inlet("ada", MediaLimits()), 0.0, 0.0
    inlet.configure([("camera", CAMERA)])
    for number in range(600):
        sent_s += 0.033
        came_s += 0.033 if number < 60 else 0.2
        inlet.read(packet(number, sent_s), came_s)
    return inlet, came_s


def test_on_a_crowded_way_a_sender_is_asked_for_less_and_for_a_picture_still() -> None:
    inlet, now = crowded()
    assert CROWDED_BPS <= inlet.allowed_bps(now) < LEAST_BPS


def test_a_sender_whose_pictures_have_ended_may_try_again() -> None:
    inlet, now = crowded()
    assert inlet.allowed_bps(now + 3.0) == LEAST_BPS


def test_without_a_floor_the_way_would_be_measured_away() -> None:
    inlet, _ = crowded()
    measured = inlet._estimator.rate_control.current_bitrate
    assert measured < CROWDED_BPS
