"""The primitives of lib0, as Yjs writes them: read once, left to right, never beyond the end."""

import math
import struct
from typing import Final

from actors.worksheets.yjs.refusal import UpdateRefused

MAX_NUMBER: Final = 2**53 - 1
MAX_DEPTH: Final = 8
_SHORT_PAIR: Final = 4  # bytes of two numbers that are short
_LONGEST_TYPED: Final = 6  # bytes before a text: a mark, a short pair, a length
_FLOAT32: Final = struct.Struct(">f")
_FLOAT64: Final = struct.Struct(">d")


class ByteReader:
    """Bytes and a place in them. Whatever is not there, or makes no sense, raises `UpdateRefused`."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.end = len(data)
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes that have not been read."""
        return self.end - self.at

    def byte(self) -> int:
        """The next byte."""
        at = self.at
        if at >= self.end:
            raise UpdateRefused("malformed", "These bytes end too early.")
        self.at = at + 1
        return self.data[at]

    def number(self) -> int:
        """A variable-length number of at most 53 bits."""
        data, at, end = self.data, self.at, self.end
        if at < end and (first := data[at]) < 128:
            self.at = at + 1
            return first
        number = shift = 0
        while at < end:
            byte = data[at]
            at += 1
            number |= (byte & 127) << shift
            if byte < 128:
                self.at = at
                if number > MAX_NUMBER:
                    break
                return number
            shift += 7
            if shift > 56:
                break
        raise UpdateRefused("malformed", "A number ends too early or is too large.")

    def pair(self) -> tuple[int, int]:
        """Two numbers: short ones, as most are, at the price of one."""
        data, at = self.data, self.at
        if at + _SHORT_PAIR > self.end:
            return self.number(), self.number()
        one, at = data[at], at + 1
        if one > 127:
            if (byte := data[at]) > 127:
                return self.number(), self.number()
            one, at = one & 127 | byte << 7, at + 1
        other, at = data[at], at + 1
        if other > 127:
            if (byte := data[at]) > 127:
                return self.number(), self.number()
            other, at = other & 127 | byte << 7, at + 1
        self.at = at
        return one, other

    def typed_on(self, mark: int) -> tuple[tuple[int, int], int] | None:
        """What most structs are, at a third of the price: `mark`, the pair of the struct before, and a short text in
        ASCII. The pair, and how long the text is; None: it is something else, and nothing has been read."""
        data, at = self.data, self.at
        if at + _LONGEST_TYPED > self.end or data[at] != mark:
            return None
        one, at = data[at + 1], at + 2
        if one > 127:
            if (byte := data[at]) > 127:
                return None
            one, at = one & 127 | byte << 7, at + 1
        other, at = data[at], at + 1
        if other > 127:
            if (byte := data[at]) > 127:
                return None
            other, at = other & 127 | byte << 7, at + 1
        length, at = data[at], at + 1
        end = at + length
        if not 0 < length < 128 or end > self.end or not data[at:end].isascii():
            return None
        self.at = end
        return (one, other), length

    def count(self, least: int) -> int:
        """How many items follow, of at least so many bytes each: more than there can be is refused."""
        count = self.number()
        if count * least > self.left:
            raise UpdateRefused("malformed", "More is announced than there is.")
        return count

    def take(self, length: int) -> bytes:
        """So many bytes."""
        at = self.at
        if length > self.end - at:
            raise UpdateRefused("malformed", "These bytes end too early.")
        self.at = at + length
        return self.data[at : at + length]

    def block(self) -> bytes:
        """Bytes with their length before them."""
        length = self.number()
        at = self.at
        end = self.at = at + length
        if end > self.end:
            raise UpdateRefused("malformed", "These bytes end too early.")
        return self.data[at:end]

    def text(self) -> str:
        """A string."""
        try:
            return self.block().decode()
        except UnicodeDecodeError:
            raise UpdateRefused("malformed", "A text is not UTF-8.") from None

    def value(self, depth: int = MAX_DEPTH) -> object:
        """A value as JSON has it; what JSON has not is refused."""
        kind = self.byte()
        if kind == 119:
            return self.text()
        if kind == 125:
            return self._signed()
        if kind in _PLAIN:
            return _PLAIN[kind]
        if kind == 123:
            return _finite(_FLOAT64.unpack(self.take(8))[0])
        if kind == 124:
            return _finite(_FLOAT32.unpack(self.take(4))[0])
        if kind in (117, 118):
            if depth <= 1:
                raise UpdateRefused("malformed", "A value is nested too deeply.")
            return self._array(depth - 1) if kind == 117 else self._object(depth - 1)
        raise UpdateRefused("malformed", "A value is of no type that is taken.")

    def _array(self, depth: int) -> list[object]:
        return [self.value(depth) for _ in range(self.count(1))]

    def _object(self, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        for _ in range(self.count(2)):
            name = self.text()
            members[name] = self.value(depth)
        return members

    def _signed(self) -> int:
        byte = self.byte()
        number, shift, negative = byte & 63, 6, byte & 64
        while byte >= 128:
            byte = self.byte()
            number |= (byte & 127) << shift
            shift += 7
            if shift > 60:
                raise UpdateRefused("malformed", "A number is too large.")
        if number > MAX_NUMBER:
            raise UpdateRefused("malformed", "A number is too large.")
        return -number if negative else number


_PLAIN: Final[dict[int, object]] = {120: True, 121: False, 126: None}


def _finite(value: float) -> int | float:
    """Whole is whole, however it was written."""
    if not math.isfinite(value):
        raise UpdateRefused("malformed", "A number is not finite.")
    return int(value) if value.is_integer() and abs(value) <= MAX_NUMBER else value


def number_bytes(number: int) -> bytes:
    """The inverse of `ByteReader.number`."""
    if number < 128:
        return bytes((number,))
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def block_bytes(block: bytes) -> bytes:
    """The inverse of `ByteReader.block`."""
    return number_bytes(len(block)) + block
