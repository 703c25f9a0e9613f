"""Packets put in order, and made frames again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.media.recording.frames import WAITS_S, Frames, LostFrames, MediaFrame, size_of
from realtime.media.rtp.packets import MARKER
from realtime.media.rtp.source import KeptPacket
from realtime.media.rtp.vp8 import descriptor

FIRST = 0xFFFFF000
KEY_HEAD = b"\x10\x02\x00\x9d\x01\x2a" + (320).to_bytes(2, "little") + (240).to_bytes(2, "little")


def a_video(frames: int, key_every: int, packets: int = 3) -> tuple[list[KeptPacket], list[MediaFrame]]:
    """Packets of so many frames, and the frames."""
    kept: list[KeptPacket] = []
    whole: list[MediaFrame] = []
    for number in range(frames):
        key = number % key_every == 0
        parts = [(KEY_HEAD if key else b"\x11delta") + bytes((number & 0xFF,))]
        parts += [bytes((number & 0xFF, i)) for i in range(1, packets)]
        timestamp, sent_at = (FIRST + number * 3000) & 0xFFFFFFFF, number / 30
        for i, part in enumerate(parts):
            payload = bytes((0x10 if i == 0 else 0x00,)) + part
            flags = MARKER if i == packets - 1 else 0
            kept.append(KeptPacket(0x10000 + len(kept), flags, timestamp, sent_at, payload, descriptor(payload)))
        whole.append(MediaFrame(FIRST + number * 3000, key, b"".join(parts)))
    return kept, whole


def read(frames: Frames, kept: list[KeptPacket]) -> list[MediaFrame | LostFrames]:
    out = [each for packet in kept for each in frames.add(packet)]
    return out + frames.finish()


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_reordered_and_repeated_packets_make_the_same_frames(random, packets: int) -> None:  # type: ignore[no-untyped-def]
    kept, whole = a_video(20, 7, packets)
    first, rest = kept[0], kept[1:]
    shuffled = [first, *sorted(rest + random.sample(rest, 3), key=lambda each: each.sequence + random.uniform(-6, 6))]
    assert read(Frames(video=True), shuffled) == whole


@settings(deadline=None)
@given(st.sets(st.integers(1, 299), max_size=40))
def test_what_is_lost_is_named_and_nothing_broken_is_kept(lost: set[int]) -> None:
    kept, whole = a_video(100, 10)
    out = read(Frames(video=True), [packet for i, packet in enumerate(kept) if i not in lost])
    frames = [since_the_first(each) for each in out if isinstance(each, MediaFrame)]
    gaps = [each for each in out if isinstance(each, LostFrames)]
    whole = [since_the_first(each) for each in whole]
    broken = {i // 3 for i in lost}
    kept_numbers = {frame.timestamp // 3000 for frame in frames}
    assert frames == [frame for frame in whole if frame in frames], "in order, whole, and as they were sent"
    needs_key = False
    for number, frame in enumerate(whole):
        needs_key = (needs_key or number in broken) and not (frame.key and number not in broken)
        assert (number in kept_numbers) == (not needs_key and number not in broken)
    spans = [((gap.begin - FIRST) & 0xFFFFFFFF, (gap.end - FIRST) & 0xFFFFFFFF) for gap in gaps]
    for number in set(range(min(kept_numbers, default=0), max(kept_numbers, default=0))) - kept_numbers:
        assert any(begin < number * 3000 < end for begin, end in spans), "each frame that is missing lies in a gap"


def since_the_first(frame: MediaFrame) -> MediaFrame:
    """With its time since the first frame that was sent, kept or not."""
    return frame._replace(timestamp=(frame.timestamp - FIRST) & 0xFFFFFFFF)


def test_sound_goes_on_after_a_loss() -> None:
    frames = Frames(video=False)
    kept = [
        KeptPacket(0x10000 + i, 0, i * 960, i * 0.02, bytes((i,)), descriptor(b"\x00\x00"))
        for i in range(100)
        if i not in (5, 6)
    ]
    out = read(frames, kept)
    assert len([each for each in out if isinstance(each, MediaFrame)]) == 98
    assert [each for each in out if isinstance(each, LostFrames)] == [LostFrames(4 * 960, 7 * 960)]


def test_a_packet_is_waited_for_as_long_as_it_may_be_sent_again() -> None:
    frames = Frames(video=False)
    packets = {i: KeptPacket(0x10000 + i, 0, i * 960, i * 0.02, b"x", descriptor(b"\x00\x00")) for i in range(60)}
    frames.add(packets[0])
    assert frames.add(packets[2]) == []
    late = [frames.add(packets[i]) for i in range(3, int(WAITS_S / 0.02))]
    assert not any(late)
    assert len(frames.add(packets[1])) == len(late) + 2


def test_the_size_of_a_picture_is_what_its_key_frame_says() -> None:
    assert size_of(KEY_HEAD) == (320, 240)
