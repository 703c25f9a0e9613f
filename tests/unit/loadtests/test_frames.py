"""WebSocket frames of the load client."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.lib.frames import Closed, LoadFrameReader, text_frame


def served(payload: bytes) -> bytes:
    """A text frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x81, 127)) + size.to_bytes(8, "big") + payload


SMALL = st.tuples(st.lists(st.sampled_from([0, 1, 125, 126, 300]), max_size=6), st.integers(1, 700))
LARGE = st.tuples(st.lists(st.sampled_from([0, 300, 65535, 65536]), max_size=4), st.integers(9000, 70_000))


@settings(deadline=None)
@given(SMALL | LARGE)
def test_frames_are_read_whole_however_they_are_cut(case: tuple[list[int], int]) -> None:
    sizes, piece = case
    sent = [bytes((97 + number,)) * size for number, size in enumerate(sizes)]
    stream = b"".join(map(served, sent))
    reader = LoadFrameReader()
    heard = [one for start in range(0, len(stream), piece) for one in reader.feed(stream[start : start + piece])]
    assert heard == sent


def test_a_frame_cut_in_its_head_is_waited_for() -> None:
    reader = LoadFrameReader()
    frame = served(b"x" * 300)
    assert [reader.feed(frame[at : at + 1]) for at in range(3)] == [[], [], []]
    assert reader.feed(frame[3:]) == [b"x" * 300]


def test_the_end_is_noticed() -> None:
    with pytest.raises(Closed):
        LoadFrameReader().feed(served(b"last") + bytes((0x88, 0)))


def test_a_client_masks_with_zeros() -> None:
    assert text_frame(b"3") == b"\x81\x81\0\0\0\0" + b"3"
    assert text_frame(b"x" * 200) == b"\x81\xfe\x00\xc8" + b"\0\0\0\0" + b"x" * 200
