"""Frames: what a server writes can be read, and what clients send is read in any slices, or refused."""

import os
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.websocket.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Frame,
    FrameError,
    FrameReader,
    close_code,
    close_frame,
    framed,
)

LIMIT = 100_000


def masked(
    payload: bytes, opcode: int = TEXT, *, fin: bool = True, rsv: int = 0, mask: bytes = b"\x01\x02\x03\x04"
) -> bytes:
    """A frame as a client sends it."""
    first = bytes([(0x80 if fin else 0) | rsv | opcode])
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return first + length + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def sliced(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@settings(deadline=None)
@given(
    messages=st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), st.binary(max_size=300))),
    cuts=st.lists(st.integers(min_value=0)),
    mask=st.binary(min_size=4, max_size=4),
)
def test_messages_are_read_whole_and_in_order_however_they_are_sliced(
    messages: list[tuple[int, bytes]], cuts: list[int], mask: bytes
) -> None:
    stream = b"".join(masked(payload, opcode, mask=mask) for opcode, payload in messages)
    reader = FrameReader(LIMIT)
    assert [one for part in sliced(stream, cuts) for one in reader.feed(part)] == messages


@settings(deadline=None)
@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(min_value=0), max_size=5))
def test_no_bytes_do_more_than_break_the_connection(data: bytes, cuts: list[int]) -> None:
    reader, codes = FrameReader(64), []
    try:
        for part in sliced(data, cuts):
            assert all(len(payload) <= 125 for _, payload in reader.feed(part))
    except FrameError as error:
        codes.append(error.code)
    assert set(codes) <= {1002, 1007, 1009}


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_each_length_is_read_back(size: int) -> None:
    payload = os.urandom(size)
    assert list(FrameReader(LIMIT).feed(masked(payload, BINARY))) == [(BINARY, payload)]
    head = framed(payload, BINARY)
    assert head.endswith(payload)
    assert len(head) - size == (2 if size < 126 else 4 if size < 65_536 else 10)


def test_fragments_are_joined_around_a_ping() -> None:
    stream = masked(b"he", fin=False) + masked(b"x", PING) + masked(b"llo", CONTINUATION)
    assert list(FrameReader(LIMIT).feed(stream)) == [(PING, b"x"), (TEXT, b"hello")]


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (framed(b"not masked"), 1002),
        (masked(b"x", CONTINUATION), 1002),
        (masked(b"a", fin=False) + masked(b"b"), 1002),
        (masked(b"x" * 126, PING), 1002),
        (masked(b"x", PING, fin=False), 1002),
        (masked(b"x", rsv=0x40), 1002),
        (masked(b"x", 0x3), 1002),
        (masked(b"x", 0xB), 1002),
        (masked(b"x" * 101), 1009),
        (masked(b"x" * 60, fin=False) + masked(b"x" * 60, CONTINUATION), 1009),
        (bytes([0x81, 0xFF]) + (1 << 63).to_bytes(8, "big"), 1009),
    ],
)
def test_a_broken_frame_is_refused_with_its_code(stream: bytes, code: int) -> None:
    with pytest.raises(FrameError) as refused:
        list(FrameReader(100).feed(stream))
    assert refused.value.code == code


def test_what_came_before_a_broken_frame_is_given_out() -> None:
    messages = FrameReader(100).feed(masked(b"good") + masked(b"x", 0x3))
    assert next(messages) == (TEXT, b"good")
    with pytest.raises(FrameError):
        next(messages)


def test_compressed_messages_are_read_when_agreed_and_bounded_when_unpacked() -> None:
    reader = FrameReader(1000)
    reader.deflate = True
    packer = zlib.compressobj(wbits=-15)
    small = (packer.compress(b"a" * 900) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert list(reader.feed(masked(small, rsv=0x40))) == [(TEXT, b"a" * 900)]
    packer = zlib.compressobj(wbits=-15)
    bomb = (packer.compress(b"a" * 100_000) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    with pytest.raises(FrameError) as refused:
        list(reader.feed(masked(bomb, rsv=0x40)))
    assert refused.value.code == 1009
    with pytest.raises(FrameError):
        list(reader.feed(masked(b"\xff\xff\xff", rsv=0x40)))


def test_a_frame_compresses_only_where_that_helps() -> None:
    assert Frame(b"4" + b"a" * 500).deflated != Frame(b"4" + b"a" * 500).wire
    noise = Frame(os.urandom(50), binary=True)
    assert noise.deflated == noise.wire


def test_a_frame_stands_in_a_long_poll_as_text_or_base64() -> None:
    assert Frame.text("4né").polled() == "4né"
    assert Frame(b"\x01\x02\x03\x04", binary=True).polled() == "bAQIDBA=="


@pytest.mark.parametrize(("payload", "code"), [(b"", 1000), (b"\x03\xe8", 1000), (b"\x0b\xb8bye", 3000)])
def test_a_valid_close_is_answered_with_its_code(payload: bytes, code: int) -> None:
    assert close_code(payload) == code


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xed", b"\x00\x00", b"\x03\xe8\xff"])
def test_an_invalid_close_is_refused(payload: bytes) -> None:
    with pytest.raises(FrameError):
        close_code(payload)


def test_a_close_reason_is_cut_between_characters() -> None:
    frame = close_frame(1008, "ä" * 100)
    assert frame[0] == 0x80 | CLOSE
    assert len(frame) <= 2 + 125
    frame[4:].decode()
