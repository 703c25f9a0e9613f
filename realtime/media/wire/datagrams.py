"""One UDP socket, read in batches (`recvmmsg`): a system call for many datagrams, no copies. `outbox.py` writes.

A batch is a slab of rows and the kernel's descriptions of them, both made once. Linux only.
"""

import socket
from collections.abc import Iterator
from typing import Any, Final

from cffi import FFI

ROW: Final = 2048  # bytes of a row; what is longer than a row less its reserve is cut, and fails its integrity check
RESERVE: Final = 64  # bytes at the end of a row, for what protection adds
ADDRESS: Final = 28  # bytes of the longest socket address (sockaddr_in6)
INET: Final = 16  # bytes of one of IPv4
UDP_SEGMENT: Final = 103  # <linux/udp.h>: how a message is cut up into datagrams
_BUFFER: Final = 4 * 1024 * 1024  # bytes the kernel keeps for us while we are busy

ffi: Final = FFI()
ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr {
        void *msg_name; uint32_t msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
        void *msg_control; size_t msg_controllen; int msg_flags;
    };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
    int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
    """
)
libc: Final = ffi.dlopen(None)


class DatagramBatch:
    """Rows for datagrams that come, and what the kernel needs to know of each.

    `rows[i]` points to the i-th row, which lies at `i * ROW` of `buffer`.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._slab = ffi.new("char[]", size * ROW)
        self._addresses = ffi.new("char[]", size * ADDRESS)
        self._names = memoryview(ffi.buffer(self._addresses)).cast("B")
        self._vectors = ffi.new("struct iovec[]", size)
        self.messages = ffi.new("struct mmsghdr[]", size)
        self.buffer = memoryview(ffi.buffer(self._slab)).cast("B")
        self.rows = [self._slab + i * ROW for i in range(size)]
        for i in range(size):
            header = self.messages[i].msg_hdr
            self._vectors[i].iov_base = self.rows[i]
            self._vectors[i].iov_len = ROW - RESERVE
            header.msg_iov = self._vectors + i
            header.msg_iovlen = 1
            header.msg_name = self._addresses + i * ADDRESS
            header.msg_namelen = ADDRESS

    def view(self, i: int, size: int) -> memoryview:
        """The first `size` bytes of the i-th row, for as long as it is not written anew."""
        return self.buffer[i * ROW : i * ROW + size]

    def data(self, i: int, size: int) -> bytes:
        """A copy of them."""
        return bytes(self.buffer[i * ROW : i * ROW + size])

    def name(self, i: int) -> bytes:
        """The socket address that the i-th datagram came from, as the kernel writes it."""
        at = i * ADDRESS
        return bytes(self._names[at : at + (INET if self._names[at] == socket.AF_INET else ADDRESS)])


class KernelAddress:
    """A socket address in the kernel's form, kept where the kernel can read it: at `at`, as a number."""

    __slots__ = ("_kept", "at", "length")

    def __init__(self, name: bytes) -> None:
        self._kept = ffi.new("char[]", name)
        self.at = address_of(self._kept)
        self.length = len(name)


def address_of(pointer: Any) -> int:
    """Where `pointer` points to, as a number."""
    return int(ffi.cast("uintptr_t", pointer))


def host_and_port(name: bytes) -> tuple[str, int]:
    """What a socket address in the kernel's form says. Raises ValueError if it is of another family than IP."""
    family = int.from_bytes(name[:2], "little")
    port = int.from_bytes(name[2:4], "big")
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    if family == socket.AF_INET6:
        return socket.inet_ntop(socket.AF_INET6, name[8:24]), port
    raise ValueError("neither IPv4 nor IPv6")


def name_of(host: str, port: int) -> bytes:
    """The socket address of an IPv4 host in the kernel's form."""
    return socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)


class Datagrams:
    """A bound, non-blocking UDP socket."""

    def __init__(self, host: str, port: int) -> None:
        """Raises OSError if the port is taken, or the address is not ours."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.fileno = self._socket.fileno()
        self.port: int = self._socket.getsockname()[1]
        self.inbox = DatagramBatch(64)
        self.can_cut = self._can_cut()  # whether the kernel makes many datagrams of one message
        self.unsent = 0  # datagrams that the kernel would not take

    def _can_cut(self) -> bool:
        try:
            self._socket.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 0)
        except OSError:
            return False  # before Linux 4.18
        return True

    def receive(self) -> Iterator[int]:
        """The lengths of the datagrams that wait, at most one batch; row and name of each are in `inbox`. A socket has
        addresses of one family, so that what the kernel wrote of the last ones' lengths holds for the next ones."""
        inbox = self.inbox
        messages = inbox.messages
        count = libc.recvmmsg(self.fileno, messages, inbox.size, 0, ffi.NULL)
        for i in range(count):
            yield messages[i].msg_len

    def send_one(self, data: bytes, name: bytes) -> None:
        """`data`, to a socket address in the kernel's form."""
        try:
            self._socket.sendto(data, host_and_port(name))
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
