"""What is typed on is read by a path of its own: it says the same as the general one, and refuses the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.worksheets.yjs.bytes import ByteReader, block_bytes, number_bytes
from actors.worksheets.yjs.refusal import UpdateRefused
from actors.worksheets.yjs.update import YjsUpdate, parse

_HEAD = b"\4\1" + block_bytes(b"text:story") + block_bytes(b"a")
TEXTS = st.one_of(
    st.text("ab ", max_size=4), st.text(max_size=4), st.sampled_from(["x" * 127, "x" * 128, "\x80", "😀"])
)
STRUCTS = st.tuples(st.integers(0, 2**22), st.integers(0, 2**22), TEXTS)


def chain(structs: list[tuple[int, int, str]], cut: int) -> bytes:
    written = [
        b"\x84" + number_bytes(writer) + number_bytes(clock) + block_bytes(text.encode())
        for writer, clock, text in structs
    ]
    head = b"\1" + number_bytes(1 + len(structs)) + number_bytes(5000) + b"\0" + _HEAD
    data = head + b"".join(written) + b"\0"
    return data[: len(data) - cut]


def outcome(data: bytes) -> YjsUpdate | str:
    try:
        return parse(data)
    except UpdateRefused as refused:
        return refused.why


@settings(deadline=None, max_examples=300)
@given(structs=st.lists(STRUCTS, max_size=6), cut=st.integers(0, 3))
def test_both_ways_of_reading_agree(structs: list[tuple[int, int, str]], cut: int) -> None:
    data = chain(structs, cut)
    quick = outcome(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ByteReader, "typed_on", lambda self, mark: None)
        assert outcome(data) == quick


def test_what_is_typed_on_is_read_that_way() -> None:
    reader = ByteReader(b"\x84" + number_bytes(5000) + number_bytes(130) + block_bytes(b"abc") + b"\0" * 4)
    assert reader.typed_on(0x84) == ((5000, 130), 3)
    assert reader.left == 4
    assert reader.typed_on(0x84) is None
    assert reader.left == 4
