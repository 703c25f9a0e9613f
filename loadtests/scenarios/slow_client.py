"""A client that reads 1 KB/s in a busy room: what becomes of it, and what the others notice.

    python -m loadtests.scenarios.slow_client [--members 30] [--rate 200] [--rounds 5] [--seconds 20]

Rounds without and with it alternate on one running server, so a slow machine is slow for both. It counts as noticed
when the others' p99 is more than a tenth higher. Once it is closed it comes back at full speed with `recover`, and must
get what it has missed. Exit code 1: it was noticed, stayed unserved and open, or missed something.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import uvloop
from typing_extensions import override

from loadtests.lib.crowd import Crowd
from loadtests.lib.frames import Closed, LoadFrameReader, text_frame
from loadtests.lib.load_socket import LoadSocket
from loadtests.lib.servers import SECRET, carewire
from loadtests.lib.workloads import encode, percentile
from loadtests.whole.bench_path import cores

_BYTES_PER_S: Final = 1024
_STEPS_PER_S: Final = 8
_RECEIVE_BUFFER: Final = 8192
_TOLERATED: Final = 1.1
_ESTABLISHED: Final = 1  # of TCP_INFO's states
_REQUEST: Final = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: c2xvdyBjbGllbnQgMDAwMQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class SlowClient:
    """Joins at full speed, then reads a kilobyte a second until it is closed."""

    def __init__(self, crowd: Crowd) -> None:
        self.user = f"{crowd.prefix}-slow"
        self._auth = encode({"token": crowd.token(self.user)})
        self._port = crowd.port
        self._frames = LoadFrameReader()
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._socket.setblocking(False)
        self.last_seq = 0
        self.read_bytes = 0
        self.lived_s: float | None = None  # None: it is still open

    async def join(self, room_id: str) -> None:
        """Connect and join."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, ("127.0.0.1", self._port))
        await loop.sock_sendall(self._socket, _REQUEST)
        head = b""
        while b"\r\n\r\n" not in head:
            head += await loop.sock_recv(self._socket, 1024)
        self._take(head.partition(b"\r\n\r\n")[2])
        await loop.sock_sendall(self._socket, text_frame(b"40" + self._auth))
        join = b'421["join_room",' + encode({"room_id": room_id}) + b"]"
        await loop.sock_sendall(self._socket, text_frame(join))
        while not self.last_seq:
            self._take(await loop.sock_recv(self._socket, 4096))

    async def read_slowly(self) -> None:
        """Until it is closed, or cancelled."""
        loop, started_s = asyncio.get_running_loop(), time.perf_counter()
        try:
            while self._is_open() and (data := await loop.sock_recv(self._socket, _BYTES_PER_S // _STEPS_PER_S)):
                self.read_bytes += len(data)
                self._take(data)
                await asyncio.sleep(1 / _STEPS_PER_S)
        except (Closed, OSError):
            pass
        self.lived_s = time.perf_counter() - started_s

    def _is_open(self) -> bool:
        """Whether the server has not closed it; to be read, its end comes only after all that was sent before."""
        return self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _take(self, data: bytes) -> None:
        for packet in self._frames.feed(data):
            if packet.startswith(b'42["message"'):
                self.last_seq = json.loads(packet[2:])[1]["seq"]
            elif packet.startswith(b"431["):
                self.last_seq = max(self.last_seq, json.loads(packet[3:])[0]["data"]["last_seq"])


async def come_back(crowd: Crowd, slow: SlowClient, room_id: str) -> tuple[int, int, bool]:
    """Connect again with `recover`. First and last seq that came, and whether the server told of a gap before them."""
    seqs: list[int] = []
    news = asyncio.Event()
    auth = encode({"token": crowd.token(slow.user), "recover": {room_id: slow.last_seq}})
    gaps: list[bytes] = []

    class Again(LoadSocket):
        @override
        def _receive(self, packet: bytes) -> None:
            if packet.startswith(b'42["gap"'):
                gaps.append(packet)
            super()._receive(packet)
            news.set()

    again = Again(auth, lambda packet: seqs.append(json.loads(packet[2:])[1]["seq"]), lambda *_: None)
    await asyncio.get_running_loop().create_connection(lambda: again, "127.0.0.1", crowd.port)
    await again.connected
    last = json.loads((await again.ask("join_room", encode({"room_id": room_id})))[2:].partition(b"[")[2][:-1])
    expected = last["data"]["last_seq"]
    async with asyncio.timeout(20):
        while not seqs or seqs[-1] < expected:
            news.clear()
            await news.wait()
    again.close()
    assert seqs == list(range(seqs[0], seqs[-1] + 1)), "what was missed came out of order"
    return seqs[0], seqs[-1], bool(gaps)


@dataclass
class Halves:
    """Deliveries of the others, in ms, without the slow client and beside it."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        """p99 beside it / without it."""
        return percentile(self.beside, 0.99) / percentile(self.alone, 0.99)

    @override
    def __str__(self) -> str:
        told = (
            f"{name} p50 {percentile(values, 0.5):.1f} p99 {percentile(values, 0.99):.1f} ms"
            for name, values in (("without", self.alone), ("with", self.beside))
        )
        return f"{', '.join(told)} ({self.ratio():.2f})"


async def beside(crowd: Crowd, room_id: str, rate: float, seconds: float) -> tuple[str, bool]:
    """A half round with a slow client. What became of it, and whether that is as it should be."""
    slow = SlowClient(crowd)
    await slow.join(room_id)
    reading = asyncio.create_task(slow.read_slowly())
    await crowd.talk(rate, seconds)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    slow.close()
    fate = "still open" if slow.lived_s is None else f"closed after {slow.lived_s:.1f} s"
    first, last, gap = await come_back(crowd, slow, room_id)
    back = f"{first}..{last}{' after a gap' if gap else ''}"
    told = f"it read {slow.read_bytes} B, {fate}, knew up to {slow.last_seq}, then got {back}"
    return told, slow.lived_s is not None and (gap or first == slow.last_seq + 1)


async def measure(port: int, members: int, rate: float, rounds: int, seconds: float) -> int:
    """All rounds; the exit code."""
    crowd = Crowd(port, SECRET, "busy")
    room_id = await crowd.room(await crowd.members(members))
    await crowd.talk(rate, 4)  # warm
    whole, good = Halves(), True
    for number in range(rounds):
        both, told = Halves(), ""
        for with_it in (False, True) if number % 2 == 0 else (True, False):
            if with_it:
                told, well = await beside(crowd, room_id, rate, seconds)
                good = good and well
                both.beside = crowd.delivery_ms
            else:
                await crowd.talk(rate, seconds)
                both.alone = crowd.delivery_ms
        whole.alone += both.alone
        whole.beside += both.beside
        print(f"round {number + 1}: {both}; {told}", flush=True)
    crowd.close()
    print(f"all rounds: {whole}; bad acks {crowd.failed} of {crowd.answered}")
    return 0 if good and whole.ratio() <= _TOLERATED and not crowd.failed else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=30)
    parser.add_argument("--rate", type=float, default=200, help="messages a second")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20, help="of each half of a round")
    args = parser.parse_args(arguments)
    placed = cores(share=False)
    with carewire(placed.server) as server:
        if placed.client is not None:
            os.sched_setaffinity(0, {placed.client})
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(
                measure(server.port, args.members, rate=args.rate, rounds=args.rounds, seconds=args.seconds)
            )


if __name__ == "__main__":
    sys.exit(main())
