"""Datagrams to many, written in one system call (`sendmmsg`), and those of one receiver that are of one size in one
message: the kernel cuts it up behind its routing and filters (`UDP_SEGMENT`), or the network card does.

The kernel's descriptions are packed as the structures they are, since setting their members one by one costs as much
as sending. 64-bit Linux only.
"""

import errno
import socket
from array import array
from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from realtime.media.wire.datagrams import ROW, UDP_SEGMENT, Datagrams, KernelAddress, address_of, ffi, libc

_MOST_BYTES: Final = 65_000  # of one message before it is cut up
_VECTOR: Final = Struct("@QQ")  # struct iovec
_MESSAGE: Final = Struct("@QI4xQQQQi4xI4x")  # struct mmsghdr: name, its length, vectors, how many, control, its length
_CONTROL: Final = Struct("@QiiH6x")  # struct cmsghdr, and the size of a segment
_CONTROL_LENGTH: Final = _CONTROL.size - 6
_NO_SEGMENTS: Final = (errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOPROTOOPT)


class Segments(NamedTuple):
    """Consecutive datagrams of a receiver that one message can carry. `control`: where the kernel reads how it is to be
    cut up; 0: it is one datagram."""

    first: int
    datagrams: int
    control: int


class DatagramBurst:
    """Rows for datagrams that go. `rows[i]` points to the i-th row, which lies at `i * ROW` of `buffer`."""

    def __init__(self, datagrams: Datagrams, size: int) -> None:
        self._fileno = datagrams.fileno
        self.size = size
        self.slab = ffi.new("char[]", size * ROW)
        self.buffer = memoryview(ffi.buffer(self.slab)).cast("B")
        self.rows = [self.slab + i * ROW for i in range(size)]
        self._vectors = ffi.new("struct iovec[]", size)
        self._vectors_at = address_of(self._vectors)
        self._lengths = memoryview(ffi.buffer(self._vectors)).cast("B").cast("Q")[1::2]
        self._messages = ffi.new("struct mmsghdr[]", size)
        self._headers = memoryview(ffi.buffer(self._messages)).cast("B")
        self._controls = ffi.new("char[]", size * _CONTROL.size)
        self._controls_at = address_of(self._controls)
        self._waiting = 0
        self.segments = datagrams.can_cut  # whether messages may hold several datagrams
        self.unsent = 0  # datagrams that the kernel would not take
        vectors = memoryview(ffi.buffer(self._vectors)).cast("B")
        for i, row in enumerate(self.rows):
            _VECTOR.pack_into(vectors, i * _VECTOR.size, address_of(row), 0)

    def runs(self, sizes: Sequence[int]) -> list[Segments]:
        """How datagrams of these sizes, all to one receiver, are put into messages: those of one size together, the
        last of them may be shorter. Holds until it is asked for the next ones."""
        if not self.segments:
            return [Segments(i, 1, 0) for i in range(len(sizes))]
        controls = memoryview(ffi.buffer(self._controls)).cast("B")
        runs: list[Segments] = []
        first = 0
        while first < len(sizes):
            size = total = sizes[first]
            end = first + 1
            while end < len(sizes) and sizes[end - 1] == size >= sizes[end] and total + sizes[end] <= _MOST_BYTES:
                total += sizes[end]
                end += 1
            at = 0
            if end > first + 1:
                offset = len(runs) * _CONTROL.size
                _CONTROL.pack_into(controls, offset, _CONTROL_LENGTH, socket.IPPROTO_UDP, UDP_SEGMENT, size)
                at = self._controls_at + offset
            runs.append(Segments(first, end - first, at))
            first = end
        return runs

    def measure(self, rows: int, sizes: Sequence[int]) -> None:
        """The first `rows` rows hold datagrams of these sizes, over and over."""
        every = len(sizes)
        for i, size in enumerate(sizes):
            self._lengths[i:rows:every] = array("Q", (size,)) * (rows // every)

    def address(self, row: int, runs: Sequence[Segments], address: KernelAddress) -> None:
        """The datagrams from `row` on go to `address`, in `runs`, with the next `send`."""
        for first, count, control in runs:
            _MESSAGE.pack_into(
                self._headers,
                self._waiting * _MESSAGE.size,
                address.at,
                address.length,
                self._vectors_at + (row + first) * _VECTOR.size,
                count,
                control,
                _CONTROL.size if control else 0,
                0,
                0,
            )
            self._waiting += 1

    def send(self) -> None:
        """All that was addressed. What the kernel will not take is left out."""
        done, count, self._waiting = 0, self._waiting, 0
        while done < count:
            went = libc.sendmmsg(self._fileno, self._messages + done, count - done, 0)
            if went <= 0:
                self._one_by_one(done, ffi.errno)
                went = 1
            done += went

    def _one_by_one(self, message: int, error: int) -> None:
        """The datagrams of a message that the kernel did not take, each in a message of its own if it was the cutting
        that failed: of a network card that cannot, or a path too narrow for what it would be cut into."""
        name, length, vectors, count, control, *_ = _MESSAGE.unpack_from(self._headers, message * _MESSAGE.size)
        if not control or error not in _NO_SEGMENTS:
            self.unsent += count
            return
        self.segments = self.segments and error == errno.EINVAL
        for i in range(count):
            at = vectors + i * _VECTOR.size
            _MESSAGE.pack_into(self._headers, message * _MESSAGE.size, name, length, at, 1, 0, 0, 0, 0)
            if libc.sendmmsg(self._fileno, self._messages + message, 1, 0) != 1:
                self.unsent += 1
