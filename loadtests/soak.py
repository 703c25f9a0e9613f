"""A long, even load with people coming and going: does the memory of any process grow, is anything lost?

python -m loadtests.soak [--seconds 1200] [--rate 1000] [--rooms 100] [--size 5] [--churn 5]

Starts a server of its own. Exit code 1 when a message was lost, doubled or out of order, when an ack was bad, or when a
process grew by over 5 % (and over 4 MB) after the first quarter of the time, at most five minutes.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import uvloop

from config.clock import SystemClock
from config.tokens import mint
from loadtests.load_socket import LoadSocket, Refused
from loadtests.memory import Course, Sample, by_command, courses, sample
from loadtests.servers import SECRET, NotAvailable, Server, carewire
from loadtests.workloads import encode, percentile

CONNECTING: Final = 32
SAMPLE_S: Final = 10.0
SETTLE_S: Final = 300.0  # or a quarter of a shorter run
TOLERANCE: Final = 0.05
AWAY_S: Final = 3.0  # at most, between leaving and coming back
DRAIN_S: Final = 10.0
_PAD: Final = "x" * 60


class _Message(msgspec.Struct):
    seq: int
    body: str


_decode: Final = msgspec.json.Decoder(tuple[str, _Message]).decode


@dataclass(slots=True)
class Tally:
    """What went wrong, and what went through."""

    sent: int = 0
    acked: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by code
    delivered: int = 0
    out_of_order: int = 0
    returns: int = 0


class Seat:
    """One person in one room: comes, hears, leaves, comes back where they were."""

    def __init__(self, port: int, user: str, room: str, tally: Tally) -> None:
        self._port, self._user, self._tally = port, user, tally
        self.room = room
        self.seq = 0
        self.socket: LoadSocket | None = None
        self.waits_ms: list[float] = []

    async def come(self) -> None:
        """Connect; whoever was here before recovers. Raises `Refused`."""
        token = mint(SECRET, user=self._user, role="client", now_ms=SystemClock().now_ms(), ttl_s=3600)
        hello: dict[str, object] = {"token": token}
        if self.seq:
            hello["recover"] = {self.room: self.seq}
        socket = LoadSocket(encode(hello), self._heard, self._acked)
        await socket.open(self._port)
        if not self.seq:
            ack = await socket.ask("join_room", encode({"room_id": self.room}))
            self.seq = msgspec.json.decode(ack[ack.index(b"[") :])[0]["data"]["last_seq"]
        self.socket = socket

    def leave(self) -> None:
        """Without a word, as networks do. What was not yet acknowledged may or may not have happened."""
        assert self.socket is not None
        self._tally.sent -= len(self.socket.sent_ns)
        self.socket.close()
        self.socket = None

    def say(self) -> None:
        """One message, with the time in it."""
        assert self.socket is not None
        number = self.socket.next_id()
        self.socket.sent_ns[number] = now = time.perf_counter_ns()
        self._tally.sent += 1
        body = encode({"room_id": self.room, "body": f"{now} {_PAD}"})
        self.socket.emit(b'42%d["message",%s]' % (number, body))

    def _heard(self, packet: bytes) -> None:
        _, message = _decode(packet[2:])
        self._tally.out_of_order += message.seq != self.seq + 1
        self.seq = message.seq
        self._tally.delivered += 1
        if self._tally.delivered % 16 == 0:  # a sample is enough
            self.waits_ms.append((time.perf_counter_ns() - int(message.body.split(" ", 1)[0])) / 1e6)

    def _acked(self, socket: LoadSocket, number: int, packet: bytes) -> None:
        if socket.sent_ns.pop(number, None) is not None:
            self._tally.acked += 1
            if b'"ok":true' not in packet:
                self._tally.refused[msgspec.json.decode(packet[packet.index(b"[") :])[0]["error"]["code"]] += 1


class Soak:
    """All seats of a run, the clock that makes them talk, and the door through which they come and go."""

    def __init__(self, server: Server, args: argparse.Namespace) -> None:
        self._server, self._args = server, args
        self.tally = Tally()
        self.samples: list[Sample] = []
        self.seats = [
            Seat(server.port, f"soak-{room}-{place}", f"soak-room-{room}", self.tally)
            for room in range(args.rooms)
            for place in range(args.size)
        ]
        self._random = random.Random(1)
        self._returning: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Seat everybody, then talk for the given time. Raises `Refused`."""
        await self._open()
        talking = asyncio.create_task(self._talk())
        started_s = time.monotonic()
        while not talking.done():
            self.samples.append(sample(by_command(self._server.processes()), time.monotonic() - started_s))
            await asyncio.wait([talking], timeout=SAMPLE_S)
        await talking
        await asyncio.gather(*self._returning)
        await self._drain()

    async def _open(self) -> None:
        size = self._args.size
        for first in self.seats[::size]:
            founder = LoadSocket(encode({"token": self._founder()}), lambda _: None, lambda *_: None)
            await founder.open(self._server.port)
            members = [f"{first.room.replace('-room', '')}-{place}" for place in range(size)]
            await founder.ask("create_room", encode({"room_id": first.room, "members": members}))
            founder.close()
        places = asyncio.Semaphore(CONNECTING)

        async def come(seat: Seat) -> None:
            async with places:
                await seat.come()

        await asyncio.gather(*map(come, self.seats))

    async def _talk(self) -> None:
        rate, churn = self._args.rate, self._args.churn
        started_s, said, left = time.monotonic(), 0, 0
        while (elapsed_s := time.monotonic() - started_s) < self._args.seconds:
            while said < elapsed_s * rate:
                said += 1
                seat = self._random.choice(self.seats)
                if seat.socket is not None:
                    seat.say()
            while left < elapsed_s * churn:
                left += 1
                self._send_out(self._random.choice(self.seats))
            await asyncio.sleep(0.002)

    def _send_out(self, seat: Seat) -> None:
        if seat.socket is None:
            return
        seat.leave()
        task = asyncio.create_task(self._return(seat, self._random.random() * AWAY_S))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _return(self, seat: Seat, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await seat.come()
        self.tally.returns += 1

    async def _drain(self) -> None:
        until_s = time.monotonic() + DRAIN_S
        while self.lacking() and time.monotonic() < until_s:  # noqa: ASYNC110 - counters have no event
            await asyncio.sleep(0.1)

    def lacking(self) -> int:
        """Acks that have not come, and messages that a seat lacks beside its neighbours."""
        behind = 0
        for start in range(0, len(self.seats), self._args.size):
            room = [seat.seq for seat in self.seats[start : start + self._args.size]]
            behind += sum(max(room) - seq for seq in room)
        return self.tally.sent - self.tally.acked + behind

    def _founder(self) -> str:
        return mint(SECRET, user="soak-founder", role="client", now_ms=SystemClock().now_ms(), ttl_s=3600)


def report(soak: Soak, seconds: float) -> int:
    """Print it; the exit code."""
    tally, found = soak.tally, courses(soak.samples, settled_s=min(SETTLE_S, seconds / 4))
    waits = [wait for seat in soak.seats for wait in seat.waits_ms]
    refused = " ".join(f"{code} {many}" for code, many in tally.refused.items()) or "no"
    print(
        f"{tally.acked:,} messages acknowledged ({tally.acked / seconds:,.0f}/s), {tally.delivered:,} deliveries, "
        f"{tally.returns:,} returns; {refused} bad acks, {soak.lacking()} missing, "
        f"{tally.out_of_order} lost, doubled or out of order; "
        f"delivery p50 {percentile(waits, 0.5):.1f} p99 {percentile(waits, 0.99):.1f} ms"
    )
    print(table(found))
    healthy = not (tally.refused or soak.lacking() or tally.out_of_order)
    return 0 if healthy and all(course.is_flat(TOLERANCE) for course in found) else 1


def table(found: Sequence[Course]) -> str:
    """A line for each process."""
    lines = [f"{'process':<32}{'first MB':>10}{'last MB':>10}{'most MB':>10}{'MB/min':>9}"]
    for one in found:
        mark = "" if one.is_flat(TOLERANCE) else "  grows"
        figures = f"{one.first_mb:>10.1f}{one.last_mb:>10.1f}{one.most_mb:>10.1f}{one.mb_per_minute:>9.2f}"
        lines.append(f"{one.name[:31]:<32}{figures}{mark}")
    return "\n".join(lines)


def main() -> int:
    """Parse, start, soak, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second in all")
    parser.add_argument("--rooms", type=int, default=100)
    parser.add_argument("--size", type=int, default=5, help="sockets in each room")
    parser.add_argument("--churn", type=float, default=5.0, help="sockets a second that break and come back")
    args = parser.parse_args()
    try:
        with carewire(range(1024)) as server:
            soak = Soak(server, args)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(soak.run())
            return report(soak, args.seconds)
    except (NotAvailable, Refused, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
