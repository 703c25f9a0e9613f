"""The structs and the deletions of an update, as they stand in its bytes: nothing is looked up yet.

Layout (Yjs, `UpdateEncoderV1`): writers, each with its structs from a number on; then the ranges of numbers that are
deleted. A struct names its neighbours, or the root (and key) that it stands in.
"""

from typing import Final, NamedTuple

import msgspec

from actors.worksheets.yjs.bytes import ByteReader, number_bytes
from actors.worksheets.yjs.marks import require_mark
from actors.worksheets.yjs.refusal import UpdateRefused

MAX_CLOCK: Final = 2**31 - 1
_MAX_NAME_CHARS: Final = 200
_LEFT, _RIGHT, _KEYED = 0x80, 0x40, 0x20
GONE, TEXT, MARK, VALUE = 1, 4, 6, 8
"""What a struct holds, by the number that Yjs gives it. Others (documents, types, binaries, embeds, and the remains of
nested types) are nobody's to write."""

_TYPED: Final = TEXT | _LEFT

Id = tuple[int, int]


class YjsItem(msgspec.Struct, frozen=True, gc=False):
    """One struct. `root` is None where a neighbour says it; `value`: of `VALUE`."""

    writer: int
    clock: int
    length: int
    kind: int
    left: Id | None
    right: Id | None
    root: str | None
    key: str
    value: object


class YjsUpdate(NamedTuple):
    """What an update says. `body`: its bytes before the deletions."""

    items: dict[int, list[YjsItem]]
    deleted: list[tuple[int, int, int]]
    body: bytes


def parse(data: bytes) -> YjsUpdate:
    """Read an update.

    Raises:
        Refused: it is none, or holds what nobody may write.
    """
    reader = ByteReader(data)
    items: dict[int, list[YjsItem]] = {}
    typed_on = reader.typed_on
    for _ in range(reader.count(3)):
        count = reader.count(2)
        writer, clock = reader.number(), reader.number()
        if writer in items:
            raise UpdateRefused("malformed", "A writer is named twice.")
        items[writer] = found = []
        for _ in range(count):
            typed = typed_on(_TYPED)
            if typed is None:
                item = _item(reader, writer, clock)
            else:
                item = YjsItem(writer, clock, typed[1], TEXT, typed[0], None, None, "", None)
            found.append(item)
            clock += item.length
            if clock > MAX_CLOCK:
                raise UpdateRefused("malformed", "A number is too large.")
    body = data[: reader.at]
    deleted = parse_deleted(reader)
    if reader.left:
        raise UpdateRefused("malformed", "There are bytes behind the update.")
    return YjsUpdate(items, deleted, body)


def parse_deleted(reader: ByteReader) -> list[tuple[int, int, int]]:
    """Ranges of numbers, (writer, from, to): those of a writer in their order."""
    ranges = []
    writers = set()
    pair = reader.pair
    for _ in range(reader.count(2)):
        writer, after = reader.number(), 0
        if writer in writers:
            raise UpdateRefused("malformed", "A writer is named twice.")
        writers.add(writer)
        for _ in range(reader.count(2)):
            start, length = pair()
            end = start + length
            if not after <= start < end <= MAX_CLOCK:
                raise UpdateRefused("malformed", "What is deleted stands in no order.")
            ranges.append((writer, start, end))
            after = end
    return ranges


def deleted_bytes(ranges: list[tuple[int, int, int]]) -> bytes:
    """The inverse of `parse_deleted`."""
    of: dict[int, list[tuple[int, int]]] = {}
    for writer, start, end in ranges:
        of.setdefault(writer, []).append((start, end - start))
    parts = [number_bytes(len(of))]
    for writer, found in of.items():
        parts += [number_bytes(writer), number_bytes(len(found))]
        parts += [number_bytes(start) + number_bytes(length) for start, length in found]
    return b"".join(parts)


def parse_state_vector(data: bytes) -> dict[int, int]:
    """Which numbers somebody has, by writer.

    Raises:
        Refused: it is no state vector.
    """
    reader = ByteReader(data)
    known = {}
    for _ in range(reader.count(2)):
        writer = reader.number()
        known[writer] = min(reader.number(), MAX_CLOCK)
    if reader.left:
        raise UpdateRefused("malformed", "There are bytes behind the state vector.")
    return known


def state_vector_bytes(known: dict[int, int]) -> bytes:
    """The inverse of `parse_state_vector`."""
    pairs = (number_bytes(writer) + number_bytes(clock) for writer, clock in known.items())
    return number_bytes(len(known)) + b"".join(pairs)


def _item(reader: ByteReader, writer: int, clock: int) -> YjsItem:
    info = reader.byte()
    kind = info & 31
    if kind not in _READERS:
        raise UpdateRefused("gap" if kind == _SKIPPED else "malformed", "This type of content is not taken.")
    left = reader.pair() if info & _LEFT else None
    right = reader.pair() if info & _RIGHT else None
    root, key = None, ""
    if left is None and right is None:
        if reader.number() != 1:
            raise UpdateRefused("malformed", "Nothing is nested here.")
        root = _name(reader)
        key = _name(reader) if info & _KEYED else ""
    length, value = _READERS[kind](reader)
    if length < 1 or length > MAX_CLOCK:
        raise UpdateRefused("malformed", "A struct has no length.")
    return YjsItem(writer, clock, length, kind, left, right, root, key, value)


def _name(reader: ByteReader) -> str:
    name = reader.text()
    if not 0 < len(name) <= _MAX_NAME_CHARS:
        raise UpdateRefused("malformed", "There is no such root.")
    return name


_Content = tuple[int, object]


def _gone(reader: ByteReader) -> _Content:
    return reader.number(), None


def _text(reader: ByteReader) -> _Content:
    block = reader.block()
    if block.isascii():
        return len(block), None
    try:
        return units(block.decode()), None
    except UnicodeDecodeError:
        raise UpdateRefused("malformed", "A text is not UTF-8.") from None


def _mark(reader: ByteReader) -> _Content:
    name, written = reader.text(), reader.block()
    try:
        value = _decode_json(written)
    except (ValueError, RecursionError):
        raise UpdateRefused("malformed", "A mark is not JSON.") from None
    require_mark(name, value)
    return 1, None


def _value(reader: ByteReader) -> _Content:
    if reader.number() != 1:
        raise UpdateRefused("malformed", "A key has one value.")
    return 1, reader.value()


def units(text: str) -> int:
    """How long Yjs finds a text: in units of UTF-16."""
    return len(text) + sum(char > "\uffff" for char in text)


_SKIPPED: Final = 10
_READERS: Final = {GONE: _gone, TEXT: _text, MARK: _mark, VALUE: _value}
_decode_json: Final = msgspec.json.Decoder().decode


def encoded(body: bytes, deleted: list[tuple[int, int, int]]) -> bytes:
    """An update of these structs with these deletions."""
    return body + deleted_bytes(deleted)
