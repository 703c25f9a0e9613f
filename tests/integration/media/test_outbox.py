"""Many datagrams in one message, as the kernel cuts them up again."""

import socket
from collections.abc import Iterator

import pytest

from realtime.media.wire.datagrams import Datagrams, KernelAddress, ffi, name_of
from realtime.media.wire.outbox import Outbox, Run

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


def fill(outbox: Outbox, rows: int) -> None:
    for row in range(rows):
        size = SIZES[row % len(SIZES)]
        at = row * 2048
        outbox.buffer[at : at + size] = bytes((row,)) * size


def sent(outbox: Outbox, receivers: list[socket.socket]) -> list[list[bytes]]:
    """What each receiver gets of `SIZES`, the first one of the first rows."""
    fill(outbox, len(SIZES) * len(receivers))
    outbox.measure(len(SIZES) * len(receivers), SIZES)
    runs = outbox.runs(SIZES)
    addresses = [address_of(receiver) for receiver in receivers]
    for i, address in enumerate(addresses):
        outbox.address(i * len(SIZES), runs, address)
    outbox.send()
    return [[receiver.recv(4096) for _ in SIZES] for receiver in receivers]


EXPECTED = [[bytes((i * 6 + k,)) * size for k, size in enumerate(SIZES)] for i in range(2)]


def test_datagrams_of_one_size_share_a_message_and_a_shorter_one_ends_it(datagrams: Datagrams) -> None:
    outbox = Outbox(datagrams, 16)
    outbox.segments = True
    assert [(run.first, run.datagrams, run.control > 0) for run in outbox.runs(SIZES)] == [
        (0, 3, True),
        (3, 2, True),
        (5, 1, False),
    ]
    assert sum(run.datagrams for run in outbox.runs([1200] * 60)) == 60
    assert max(run.datagrams for run in outbox.runs([1200] * 60)) * 1200 <= 65_000


def test_each_receiver_gets_its_datagrams_whole_and_in_order(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    outbox = Outbox(datagrams, 16)
    assert sent(outbox, receivers) == EXPECTED
    assert outbox.unsent == 0


def test_where_the_kernel_cuts_nothing_up_each_has_a_message_of_its_own(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    outbox = Outbox(datagrams, 16)
    outbox.segments = False
    assert outbox.runs(SIZES) == [Run(i, 1, 0) for i in range(len(SIZES))]
    assert sent(outbox, receivers) == EXPECTED


def test_a_message_that_could_not_be_cut_up_goes_datagram_by_datagram(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    outbox = Outbox(datagrams, 16)
    outbox.segments = True
    refused = outbox.runs((1200, 1200))
    ffi.memmove(outbox._controls + 16, (3).to_bytes(2, "little"), 2)  # more parts than the kernel makes
    fill(outbox, 2)
    outbox.measure(2, (1200, 1200))
    address = address_of(receivers[0])
    outbox.address(0, refused, address)
    outbox.send()
    assert [len(receivers[0].recv(4096)) for _ in range(2)] == [1200, 1200]
    assert outbox.unsent == 0
    assert outbox.segments, "others may be cut up still"


def test_a_receiver_who_cannot_be_reached_costs_nobody_else_anything(
    datagrams: Datagrams, receivers: list[socket.socket]
) -> None:
    outbox = Outbox(datagrams, 16)
    fill(outbox, 2)
    outbox.measure(2, (90,))
    nobody, somebody = KernelAddress(name_of("127.0.0.1", 0)), address_of(receivers[0])  # there is no port 0
    outbox.address(0, [Run(0, 1, 0)], nobody)
    outbox.address(1, [Run(0, 1, 0)], somebody)
    outbox.send()
    assert receivers[0].recv(4096) == b"\x01" * 90
    assert outbox.unsent == 1
