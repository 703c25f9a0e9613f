"""A long, even load with people coming and going: does the memory of any process grow, is anything lost?

python -m loadtests.scenarios.soak [--seconds 1200] [--rate 1000] [--rooms 100] [--size 5] [--churn 5]

Starts a server of its own. Exit code 1 when a message was lost, doubled or out of order, when an ack was bad, when
somebody was thrown out or could not come back, or when a process grew by over 5 % (and over 4 MB) after the first
quarter of the time, at most five minutes.
"""

import argparse
import asyncio
import random
import sys
import time
from array import array
from collections.abc import Sequence
from typing import Final

import uvloop
from typing_extensions import override

from loadtests.lib.load_socket import ConnectionRefused, LoadSocket
from loadtests.lib.memory import Course, MemorySample, by_command, courses, sample
from loadtests.lib.servers import SECRET, NotAvailable, Server, carewire
from loadtests.lib.swarm import Swarm, SwarmMember, SwarmRoom, people
from loadtests.lib.workloads import percentile

SAMPLE_S: Final = 10.0
SETTLE_S: Final = 300.0  # or a quarter of a shorter run
TOLERANCE: Final = 0.05
AWAY_S: Final = 3.0  # at most, between leaving and coming back
DRAIN_S: Final = 10.0
_EVERY: Final = 16  # one latency of so many is kept: a sample is enough


class Soak(Swarm):
    """People who talk at random, leave as networks do, without a word, and come back where they were."""

    def __init__(self, server: Server, args: argparse.Namespace) -> None:
        rooms = [people(SwarmRoom(f"soak-{number}", "soak"), args.size) for number in range(args.rooms)]
        super().__init__(server.port, SECRET, rooms)
        self._server, self._args = server, args
        self.samples: list[MemorySample] = []
        self.waits_ms = array("f")
        self.acked = self.returns = 0
        self._random = random.Random(1)
        self._returning: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Seat everybody, then talk for the given time. Raises `ConnectionRefused`."""
        await self.connect()
        await self.join()
        talking = asyncio.create_task(self._talk())
        started_s = time.monotonic()
        while not talking.done():
            self.samples.append(sample(by_command(self._server.processes()), time.monotonic() - started_s))
            await asyncio.wait([talking], timeout=SAMPLE_S)
            taken, self.latencies_ms = self.latencies_ms, array("f")
            self.waits_ms.extend(taken[::_EVERY])
        await talking
        await asyncio.gather(*self._returning)
        await self.settled(DRAIN_S)
        self.close()

    @override
    def answered(self, member: SwarmMember, number: int) -> None:
        self.acked += 1

    @override
    def closed(self, member: SwarmMember, socket: LoadSocket) -> None:
        if socket is member.socket:  # else: they left
            super().closed(member, socket)

    async def _talk(self) -> None:
        rate, churn = self._args.rate, self._args.churn
        started_s, said, left = time.monotonic(), 0, 0
        while (elapsed_s := time.monotonic() - started_s) < self._args.seconds:
            while said < elapsed_s * rate:
                said += 1
                self.say_as(self._random.choice(self.members), time.perf_counter_ns(), f"s{said}")
            while left < elapsed_s * churn:
                left += 1
                self._send_out(self._random.choice(self.members))
            await asyncio.sleep(0.002)

    def _send_out(self, member: SwarmMember) -> None:
        """What was not yet acknowledged may or may not have happened."""
        socket = member.socket
        if socket is None or not socket.connected.done():
            return
        member.socket = None
        socket.close()
        task = asyncio.create_task(self._return(member, self._random.random() * AWAY_S))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _return(self, member: SwarmMember, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.renew(member)
        try:
            await self.open(member, {"recover": {member.room.name: member.seq}})
        except (ConnectionRefused, OSError, TimeoutError):
            member.socket = None
            self.trouble.dropped += 1
        else:
            self.returns += 1


def report(soak: Soak, seconds: float) -> int:
    """Print it; the exit code."""
    trouble, found = soak.trouble, courses(soak.samples, settled_s=min(SETTLE_S, seconds / 4))
    bad = f"{trouble.errors} bad acks (first: {trouble.first})" if trouble.errors else "no bad acks"
    print(
        f"{soak.acked:,} messages acknowledged ({soak.acked / seconds:,.0f}/s), {soak.heard:,} deliveries, "
        f"{soak.returns:,} returns; {bad}, {trouble.unacked} missing, "
        f"{trouble.lost + trouble.doubled} lost, doubled or out of order, {trouble.dropped} dropped; "
        f"delivery p50 {percentile(soak.waits_ms, 0.5):.1f} p99 {percentile(soak.waits_ms, 0.99):.1f} ms"
    )
    print(table(found))
    return 0 if not trouble and all(course.is_flat(TOLERANCE) for course in found) else 1


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
    except (NotAvailable, ConnectionRefused, OSError, TimeoutError, ExceptionGroup) as error:
        causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        print(f"{type(causes[0]).__name__}: {causes[0]}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
