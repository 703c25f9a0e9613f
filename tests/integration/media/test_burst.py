"""Many datagrams in one message, as the kernel cuts them up again."""

import socket
from collections.abc import Iterator

import pytest

from realtime.media.wire.burst import DatagramBurst, Segments
from realtime.media.wire.datagrams import Datagrams, KernelAddress, ffi, name_of

SIZES = (1200, 1200, 700, 90, 90, 100)


@pytest.fixture
def datagrams() -> Iterator[Datagrams]:
    opened = Datagrams("127.0.0.1", 0)
    yield opened
    opened.close()


@pytest.fixture
def receivers() -> Iterator[list[socket.socket]]:
    opened = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for each in opened:
        each.bind(("127.0.0.1", 0))
        each.settimeout(5)
    yield opened
    for each in opened:
        each.close()


def address_of(receiver: socket.socket) -> KernelAddress:
    return KernelAddress(name_of(*receiver.getsockname()))


def fill(burst: DatagramBurst, rows: int) -> None:
    for row in range(rows):
        size = SIZES[row % len(SIZES)]
        at = row * 2048
        burst.buffer[at : at + size] = bytes((row,)) * size


def sent(burst: DatagramBurst, receivers: list[socket.socket]) -> list[list[bytes]]:
    """What each receiver gets of `SIZES`, the first one of the first rows."""
    fill(burst, len(SIZES) * len(receivers))
    burst.measure(len(SIZES) * len(receivers), SIZES)
    runs = burst.runs(SIZES)
    addresses = [address_of(receiver) for receiver in receivers]
    for i, address in enumerate(addresses):
        burst.address(i * len(SIZES), runs, address)
    burst.send()
    return [[receiver.recv(4096) for _ in SIZES] for receiver in receivers]


EXPECTED = [[bytes((i * 6 + k,)) * size for k, size in enumerate(SIZES)] for i in range(2)]


def test_datagrams_of_one_size_share_a_message_and_a_shorter_one_ends_it(datagrams: Datagrams) -> None:
    burst = DatagramBurst(datagrams, 16)
    burst.segments = True
    assert [(run.first, run.datagrams, run.control > 0) for run in burst.runs(SIZES)] == [
        (0, 3, True),
        (3, 2, True),
        (5, 1, False),
    ]
    assert sum(run.datagrams for run in burst.runs([1200] * 60)) == 60
    assert max(run.datagrams for run in burst.runs([1200] * 60)) * 1200 <= 65_000


def test_each_receiver_gets_its_datagrams_whole_and_in_order(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    burst = DatagramBurst(datagrams, 16)
    assert sent(burst, receivers) == EXPECTED
    assert burst.unsent == 0


def test_where_the_kernel_cuts_nothing_up_each_has_a_message_of_its_own(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    burst = DatagramBurst(datagrams, 16)
    burst.segments = False
    assert burst.runs(SIZES) == [Segments(i, 1, 0) for i in range(len(SIZES))]
    assert sent(burst, receivers) == EXPECTED


def test_a_message_that_could_not_be_cut_up_goes_datagram_by_datagram(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    burst = DatagramBurst(datagrams, 16)
    burst.segments = True
    refused = burst.runs((1200, 1200))
    ffi.memmove(burst._controls + 16, (3).to_bytes(2, "little"), 2)  # more parts than the kernel makes
    fill(burst, 2)
    burst.measure(2, (1200, 1200))
    address = address_of(receivers[0])
    burst.address(0, refused, address)
    burst.send()
    assert [len(receivers[0].recv(4096)) for _ in range(2)] == [1200, 1200]
    assert burst.unsent == 0
    assert burst.segments, "others may be cut up still"


def test_a_receiver_who_cannot_be_reached_costs_nobody_else_anything(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    burst = DatagramBurst(datagrams, 16)
    fill(burst, 2)
    burst.measure(2, (90,))
    nobody, somebody = KernelAddress(name_of("127.0.0.1", 0)), address_of(receivers[0])  # there is no port 0
    burst.address(0, [Segments(0, 1, 0)], nobody)
    burst.address(1, [Segments(0, 1, 0)], somebody)
    burst.send()
    assert receivers[0].recv(4096) == b"\x01" * 90
    assert burst.unsent == 1
