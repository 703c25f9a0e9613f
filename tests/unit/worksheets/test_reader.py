"""Bytes of clients: what is refused, and that a refusal changes nothing and takes no time."""

import random
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from actors.worksheets.document.judging import Author, Bounds, require_right, require_room, without_foreign_marks
from actors.worksheets.document.part import Document
from actors.worksheets.yjs.bytes import block_bytes, number_bytes
from actors.worksheets.yjs.index import RunIndex
from actors.worksheets.yjs.reader import apply, read
from actors.worksheets.yjs.refusal import UpdateRefused
from actors.worksheets.yjs.update import parse_state_vector, state_vector_bytes
from tests.unit.worksheets.sheet import SHAPE

CLARA, THEO = Author("clara", "client"), Author("theo", "therapist")
_N = number_bytes


def text(value: str) -> bytes:
    return block_bytes(value.encode())


def struct(content: bytes, *, root: str = "answers", key: str | None = "mood", kind: int = 8) -> bytes:
    info = kind | (0x20 if key is not None else 0)
    return bytes([info]) + b"\1" + text(root) + (text(key) if key is not None else b"") + content


def update(*structs: bytes, writer: int = 5000, clock: int = 0, deleted: bytes = b"\0") -> bytes:
    return _N(1) + _N(len(structs)) + _N(writer) + _N(clock) + b"".join(structs) + deleted


def value(encoded: bytes) -> bytes:
    return update(struct(b"\1" + encoded))


NESTED = b"\x75\1" * 30_000 + b"\x7e"
HOSTILE = {
    "nested 30,000 deep": value(NESTED),
    "2^26 writers": _N(1 << 26),
    "2^26 writers in few bytes": _N(1 << 26) + b"\0\0",
    "2^26 structs": _N(1) + _N(1 << 26) + _N(5000) + b"\0" + b"\0" * 10,
    "2^26 deletions": b"\0" + _N(1) + _N(5000) + _N(1 << 26),
    "an array of 2^40": value(b"\x75" + _N(1 << 40)),
    "a text of 2^40": value(b"\x77" + _N(1 << 40)),
    "a clock near 2^32": update(struct(b"\1\x7d\1"), clock=2**32 - 1),
    "a length beyond 2^31": update(struct(_N(2**31), kind=1)),
    "predecessors that never come": update(struct(b"\1\x7d\1"), clock=7),
    "a neighbour that is not there": update(bytes([0x88]) + _N(6000) + _N(3) + b"\1\x7d\1"),
    "a neighbour that is itself": update(bytes([0x88]) + _N(5000) + _N(0) + b"\1\x7d\1"),
    "deletions of what is not there": b"\0" + _N(1) + _N(5000) + _N(1) + _N(0) + _N(5),
    "deletions that overlap": b"\0" + _N(1) + _N(5000) + _N(2) + _N(0) + _N(5) + _N(3) + _N(5),
    "a nested type": update(struct(b"\0", kind=7)),
    "a nested parent": update(bytes([8]) + b"\0" + _N(5000) + _N(0) + b"\1\x7d\1"),
    "a sub-document": update(struct(text("guid") + b"\x76\0", kind=9)),
    "binary": update(struct(text("abc"), kind=3)),
    "an embed": update(struct(text("{}"), root="text:story", key=None, kind=5)),
    "remains of a nested type": update(b"\0\5"),
    "a gap": update(b"\x0a\5"),
    "a number that is none": value(b"\x7b" + b"\x7f\xf8" + b"\0" * 6),
    "undefined": value(b"\x7f"),
    "a big integer": value(b"\x7a" + b"\0" * 8),
    "bytes as a value": value(b"\x74\1\1"),
    "two values": update(struct(b"\2\x7d\1\x7d\2")),
    "no value": update(struct(b"\0")),
    "text that is not UTF-8": update(struct(block_bytes(b"\xff"), root="text:story", key=None, kind=4)),
    "an empty text": update(struct(text(""), root="text:story", key=None, kind=4)),
    "an unknown mark": update(struct(text("color") + text('"red"'), root="text:story", key=None, kind=6)),
    "a mark of another value": update(struct(text("bold") + text('{"x":1}'), root="text:story", key=None, kind=6)),
    "a mark that is 1": update(struct(text("bold") + text("1"), root="text:story", key=None, kind=6)),
    "bytes behind": value(b"\x7d\1") + b"\0",
    "nothing": b"",
    "a number without end": b"\xff" * 12,
}
UNKNOWN = {
    "another root": update(struct(b"\1\x7d\1", root="secrets")),
    "another key": update(struct(b"\1\x7d\1", key="nobody")),
    "text among answers": update(struct(text("x"), key=None, kind=4)),
    "an answer in a text": update(struct(b"\1\x7d\1", root="text:story")),
    "a text where none is": update(struct(text("x"), root="text:mood", key=None, kind=4)),
    "a value that is too large": value(b"\x7d\x0b"),
    "true for a number": value(b"\x78"),
    "a text for a number": value(b"\x77" + text("4")),
    "an option that there is not": update(struct(b"\1\x77" + text("z"), key="kind")),
    "an answer to a notice": update(struct(b"\1\x78", key="look")),
    "a row of no group": update(struct(b"\1\x7d\1", root="rows", key="list.a")),
    "a field of no row": update(struct(b"\1\x77" + text("x"), key="what")),
    "a row with a name": update(struct(b"\1\x77" + text("x"), key="diary.ROW.what")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_update_is_refused_in_no_time_and_changes_nothing(name: str) -> None:
    index = RunIndex()
    began_s = time.process_time()
    with pytest.raises(UpdateRefused):
        read(HOSTILE[name], index)
    assert time.process_time() - began_s < 0.05
    assert index.known() == {}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_the_worksheet_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(UpdateRefused) as refused:
        require_right(read(UNKNOWN[name], RunIndex()), CLARA, SHAPE, Bounds())
    assert refused.value.why == "malformed"


def test_without_the_reader_the_same_bytes_end_a_process() -> None:
    """The twin: what the reader is for."""
    killing = f"import pycrdt; pycrdt.Doc().apply_update(bytes.fromhex('{HOSTILE['nested 30,000 deep'].hex()}'))"
    ended = subprocess.run([sys.executable, "-c", killing], capture_output=True, check=False)
    assert ended.returncode < 0


GOOD = {
    "a number": value(b"\x7d\4"),
    "a fraction": update(struct(b"\1\x7b" + b"\x3f\xe0" + b"\0" * 6, key="calm")),
    "a whole fraction": value(b"\x7b\x40\x10" + b"\0" * 6),
    "a choice": update(struct(b"\1\x7d\3", key="kind")),
    "choices": update(struct(b"\1\x75\2\x77" + text("a") + b"\x77" + text("b"), key="list")),
    "nothing any more": value(b"\x7e"),
    "a text": update(struct(text("héllo 😀"), root="text:story", key=None, kind=4)),
    "a mark": update(struct(text("header") + text("2"), root="text:story", key=None, kind=6)),
    "a row": update(struct(b"\1\x7d\1", root="rows", key="diary.a1")),
    "a field of a row": update(struct(b"\1\x77" + text("x"), key="diary.a1.what")),
    "a text of a row": update(struct(text("x"), root="text:diary.a1.why", key=None, kind=4)),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_a_worksheet_takes_the_crdt_takes_too(name: str) -> None:
    document = Document.new()
    change = document.read(GOOD[name])
    require_right(change, CLARA, SHAPE, Bounds())
    after = document.with_update(1, change.data)
    assert parse_state_vector(after.state_vector()) == {5000: change.added[0].length}
    assert after.read(GOOD[name]).is_empty


def written(number: int = 5000) -> bytes:
    doc: Doc[Any] = Doc(client_id=number)
    doc.get("answers", type=Map)["mood"] = 4
    doc.get("text:story", type=Text).insert(0, "one two three 😀")
    doc.get("answers", type=Map)["mood"] = 5
    del doc.get("text:story", type=Text)[4:8]
    return doc.get_update()


@pytest.mark.parametrize(
    ("root", "key", "theirs"),
    [
        ("answers", "mood", {"client"}),
        ("answers", "done", {"client", "therapist"}),
        ("text:story", None, {"client"}),
        ("text:plan", None, {"client", "therapist"}),
        ("text:advice", None, {"therapist"}),
        ("rows", "diary.a1", {"client"}),
        ("note:story", None, {"therapist"}),
        ("note:mood", None, {"therapist"}),
    ],
)
@pytest.mark.parametrize("author", [CLARA, THEO], ids=lambda one: one.who)
def test_rights_are_by_root_and_key_for_insertions_marks_and_deletions(
    root: str, key: str | None, theirs: set[str], author: Author
) -> None:
    """An insertion (or setting), a mark, and a deletion of what is there."""
    first = (
        update(struct(text("abc"), root=root, key=None, kind=4))
        if key is None
        else update(struct(b"\1\x78" if key == "done" else b"\1\x7d\1", root=root, key=key))
    )
    document = Document.new()
    tried = [document.read(first)]
    if key is None:
        tried.append(document.read(update(struct(text("bold") + text("true"), root=root, key=None, kind=6))))
    document = document.with_update(1, first)
    tried.append(document.read(b"\0" + _N(1) + _N(5000) + _N(1) + _N(0) + _N(1)))
    for change in tried:
        assert not change.is_empty
        if author.who in theirs:
            require_right(change, author, SHAPE, Bounds())
            continue
        with pytest.raises(UpdateRefused) as refused:
            require_right(change, author, SHAPE, Bounds())
        assert (refused.value.why, refused.value.places) == ("rights", ((root, key or ""),))


def test_marks_that_yjs_cleans_up_by_itself_in_the_document_of_a_reader_are_left_alone() -> None:
    bold = struct(text("bold") + text("true"), root="text:story", key=None, kind=6)
    document = Document.new().with_update(1, update(bold))
    change = document.read(b"\0" + _N(1) + _N(5000) + _N(1) + _N(0) + _N(1))
    assert without_foreign_marks(change, CLARA, SHAPE) is change
    assert without_foreign_marks(change, THEO, SHAPE).is_empty


def test_a_text_is_as_long_as_it_may_be_and_deleting_makes_room() -> None:
    bounds = Bounds(field_chars=10)
    document = Document.new().with_update(1, update(struct(text("0123456789"), root="text:story", key=None, kind=4)))
    more = document.read(update(bytes([0x84]) + _N(5000) + _N(9) + text("x"), clock=10))
    with pytest.raises(UpdateRefused) as refused:
        require_room(more, document.index, SHAPE, bounds)
    assert refused.value.why == "size"
    document = document.with_update(2, b"\0" + _N(1) + _N(5000) + _N(1) + _N(0) + _N(3))
    require_room(more, document.index, SHAPE, bounds)


def test_a_group_has_as_many_rows_as_it_may() -> None:
    document = Document.new()
    for number, row in enumerate("abc"):
        one = update(struct(b"\1\x7d\1", root="rows", key=f"diary.{row}"), clock=number)
        require_room(document.read(one), document.index, SHAPE, Bounds())
        document = document.with_update(number + 1, one)
    fourth = document.read(update(struct(b"\1\x7d\1", root="rows", key="diary.d"), clock=3))
    with pytest.raises(UpdateRefused):
        require_room(fourth, document.index, SHAPE, Bounds())


def test_what_is_sent_again_is_passed_over_and_half_known_structs_are_taken_from_where_they_are_new() -> None:
    whole = written()
    index = RunIndex()
    apply(read(whole, index), index)
    assert read(whole, index).is_empty
    short, long = (update(struct(text(one), root="text:story", key=None, kind=4)) for one in ("ab", "abcd"))
    index = RunIndex()
    apply(read(short, index), index)
    change = read(long, index)
    assert [one.length for one in change.added] == [2]
    apply(change, index)
    assert index.alive == {("text:story", ""): 4}


def test_a_struct_that_claims_another_place_for_what_is_half_known_is_refused() -> None:
    index = RunIndex()
    apply(read(update(struct(text("ab"), root="text:story", key=None, kind=4)), index), index)
    with pytest.raises(UpdateRefused):
        read(update(struct(text("abcd"), root="text:plan", key=None, kind=4)), index)


def test_writers_who_wait_for_each_other_are_refused_and_those_who_do_not_are_taken() -> None:
    """A circle is nothing that could ever be written; a chain over three writers is."""
    beside = bytes([0x84])
    head = struct(text("a"), root="text:story", key=None, kind=4)
    chain = (
        _N(3)
        + (_N(2) + _N(3000) + _N(0) + beside + _N(2000) + _N(0) + text("c") + beside + _N(1000) + _N(1) + text("e"))
        + (_N(1) + _N(2000) + _N(0) + beside + _N(1000) + _N(0) + text("b"))
        + (_N(2) + _N(1000) + _N(0) + head + beside + _N(3000) + _N(0) + text("d"))
        + b"\0"
    )
    order = [(one.item.writer, one.item.clock) for one in read(chain, RunIndex()).added]
    assert order == [(1000, 0), (2000, 0), (3000, 0), (1000, 1), (3000, 1)]
    circle = (
        _N(2)
        + (_N(1) + _N(2000) + _N(0) + beside + _N(1000) + _N(0) + text("b"))
        + (_N(1) + _N(1000) + _N(0) + beside + _N(2000) + _N(0) + text("a"))
        + b"\0"
    )
    with pytest.raises(UpdateRefused) as refused:
        read(circle, RunIndex())
    assert refused.value.why == "gap"


def test_state_vectors_are_read_with_bounds() -> None:
    assert parse_state_vector(state_vector_bytes({5000: 7, 1: 2**31 + 5})) == {5000: 7, 1: 2**31 - 1}
    for bad in (b"", _N(1 << 40), b"\1", b"\0\0"):
        with pytest.raises(UpdateRefused):
            parse_state_vector(bad)


@settings(deadline=None, max_examples=400)
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 6))
def test_any_mutation_is_refused_or_taken_by_both_in_less_than_five_milliseconds(seed: int, cuts: int) -> None:
    dice = random.Random(seed)
    data = bytearray(dice.choice([written(), *GOOD.values(), *HOSTILE.values()])[:2000])
    for _ in range(cuts):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0:
                data[at : at + dice.randrange(4)] = dice.randbytes(dice.randrange(4))
            case 1 if data:
                data[at % len(data)] ^= 1 << dice.randrange(8)
            case 2:
                del data[at:]
            case 3:
                data[at:at] = data[: dice.randrange(8)]
    document = Document.new().with_update(1, written(4000))
    before = document.index.stored()
    began_s = time.process_time()
    try:
        change = document.read(bytes(data))
    except UpdateRefused:
        change = None
    assert time.process_time() - began_s < 0.005 * 4  # of a busy machine
    assert document.index.stored() == before
    if change is not None and not change.is_empty:
        document.with_update(2, change.data)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=12),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 6)), max_size=8),
)
def test_deleted_ranges_are_the_union_of_what_was_deleted(
    deleted: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    index = RunIndex()
    apply(read(update(struct(text("x" * 80), root="text:story", key=None, kind=4)), index), index)
    gone: set[int] = set()
    for start, length in deleted:
        index.delete(5000, start, start + length) if length else None
        gone |= set(range(start, start + length))
    assert index.alive[("text:story", "")] == 80 - len(gone)
    for start, length in asked:
        found = {n for low, high, _ in index.undeleted(5000, start, start + length) for n in range(low, high)}
        assert found == set(range(start, start + length)) - gone
    assert RunIndex.of(index.stored()).stored() == index.stored()
