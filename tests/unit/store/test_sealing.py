"""Frames of blobs: what was altered, moved or cut does not open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.blobs.sealing import FRAME_BYTES, SEALED_BYTES, FrameCipher, frames_of, new_key

CIPHER = FrameCipher(new_key(), "blob_1")


@given(text=st.binary(max_size=200), number=st.integers(0, 1 << 40), last=st.booleans())
def test_a_frame_opens_as_it_was_sealed(text: bytes, number: int, last: bool) -> None:
    sealed = CIPHER.seal(number, text, last=last)
    assert CIPHER.open(number, sealed, last=last) == CIPHER.open_tail(number, sealed) == text
    assert sealed != CIPHER.seal(number, text, last=last)


@given(text=st.binary(max_size=40), data=st.data())
def test_no_bit_of_a_frame_may_change(text: bytes, data: st.DataObject) -> None:
    sealed = bytearray(CIPHER.seal(3, text))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match="altered"):
        CIPHER.open(3, bytes(sealed))


@given(text=st.binary(max_size=40), data=st.data())
def test_no_part_of_a_frame_is_a_frame(text: bytes, data: st.DataObject) -> None:
    sealed = CIPHER.seal(3, text)
    with pytest.raises(ValueError, match="altered"):
        CIPHER.open(3, sealed[: data.draw(st.integers(0, len(sealed) - 1))])


def test_a_frame_is_bound_to_its_blob_its_number_and_the_end() -> None:
    key = new_key()
    here, there = FrameCipher(key, "blob_1"), FrameCipher(key, "blob_2")
    sealed, end = here.seal(1, b"text"), here.seal(1, b"text", last=True)
    assert here.open(1, sealed) == b"text"
    for cipher, number, frame, last in (
        (there, 1, sealed, False),
        (here, 2, sealed, False),
        (here, 1, sealed, True),  # a blob that was cut behind a full frame
        (here, 1, end, False),  # one that goes on behind its end
        (FrameCipher(new_key(), "blob_1"), 1, sealed, False),
    ):
        with pytest.raises(ValueError, match="belongs elsewhere"):
            cipher.open(number, frame, last=last)


def test_the_last_frame_is_never_full() -> None:
    assert [frames_of(length) for length in (0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1)] == [1, 1, 1, 2, 2]
    assert len(CIPHER.seal(0, bytes(FRAME_BYTES))) == SEALED_BYTES
