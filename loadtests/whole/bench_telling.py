"""How soon people hear what they are told: the whole program, started by it.

    python -m loadtests.whole.bench_telling [--people 100] [--seconds 12] [--json FILE]

People have a socket each; administrators tell them things (`create_notification`, in-app) on a clock, 50 a second and
then 300. Latency counts from the ack of what was told, which says that a majority has it, to `notification` at the
socket; and from when each was due, which is what a person waits. Both clocks are this process's. Floors: from the ack
p50 30 ms and p99 150 at 50/s, p99 500 at 300/s. Exits with 1 when one is missed, or something was lost or refused.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import uvloop
from typing_extensions import override

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.servers import Server, carewire
from loadtests.lib.told.plain_socket import PlainSocket
from loadtests.lib.workloads import percentile
from loadtests.whole.bench_bookings import on_a_clock

RATES: Final = (50.0, 300.0)
FLOORS_MS: Final = {50.0: {"heard_p50_ms": 30.0, "heard_p99_ms": 150.0}, 300.0: {"heard_p99_ms": 500.0}}
WARMUP_S: Final = 3.0
DRAIN_S: Final = 10.0
TELLERS: Final = 4
TITLE: Final = "Closed on Friday"


class RateFound(msgspec.Struct, kw_only=True):
    """What one rate found. `heard`: from the ack; `waited`: from when it was due. CPU: of all processes, for one."""

    rate: float
    told: int
    missing: int
    refused: int
    ack_p50_ms: float
    ack_p99_ms: float
    heard_p50_ms: float
    heard_p99_ms: float
    waited_p50_ms: float
    waited_p99_ms: float
    server_ms_each: float
    client_cores: float


class DeliveryTimes:
    """When what was due, acknowledged and heard, by its number."""

    def __init__(self) -> None:
        self.due_ns: dict[int, int] = {}
        self.acked_ns: dict[int, int] = {}
        self.heard_ns: dict[int, int] = {}
        self.refused = 0


class Phone(PlainSocket):
    """A socket of somebody who tells, or is told, things; `times` holds what it hears."""

    def __init__(self, session: aiohttp.ClientSession, port: int, token: str, times: DeliveryTimes) -> None:
        super().__init__(session, port, token)
        self._times = times

    async def tell(self, user: str, number: int, due_ns: int) -> None:
        """Tell somebody something."""
        self._times.due_ns[number] = due_ns
        body = {"user_id": user, "title": TITLE, "body": f"{number}", "channels": ["in_app"]}
        await self.socket.send_str(f"42{number}" + msgspec.json.encode(["create_notification", body]).decode())

    @override
    async def connected(self) -> None:
        self.ready.set()

    @override
    def heard(self, packet: str) -> None:
        if packet.startswith('42["notification",'):
            _, told = msgspec.json.decode(packet[2:])
            self._times.heard_ns[int(told["notification"]["body"])] = time.perf_counter_ns()
        elif packet.startswith("43"):
            self._acked(packet)

    def _acked(self, packet: str) -> None:
        number, _, answer = packet[2:].partition("[")
        if '"ok":true' in answer:
            self._times.acked_ns[int(number)] = time.perf_counter_ns()
        else:
            self._times.refused += 1


async def paced(
    server: Server, tellers: list[Phone], people: list[str], times: DeliveryTimes, rate: float, args: Any
) -> RateFound:
    """One rate."""

    async def one(due_ns: int) -> None:
        number = len(times.due_ns)
        await tellers[number % len(tellers)].tell(people[number % len(people)], number, due_ns)

    async def until_all_is_heard() -> None:
        until_s = time.monotonic() + DRAIN_S
        while len(times.heard_ns) < len(times.due_ns) and time.monotonic() < until_s:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)

    await on_a_clock(rate, WARMUP_S, one)
    await until_all_is_heard()
    first = len(times.due_ns)
    began_s, cpu_s, own_s = time.perf_counter(), server.cpu_s(), time.process_time()
    await on_a_clock(rate, args.seconds, one)
    await until_all_is_heard()
    lasted_s, used_s, own_s = time.perf_counter() - began_s, server.cpu_s() - cpu_s, time.process_time() - own_s
    told = range(first, len(times.due_ns))
    whole = [one for one in told if one in times.heard_ns and one in times.acked_ns]
    heard = [max(0, times.heard_ns[one] - times.acked_ns[one]) / 1e6 for one in whole]
    waited = [(times.heard_ns[one] - times.due_ns[one]) / 1e6 for one in whole]
    acked = [(times.acked_ns[one] - times.due_ns[one]) / 1e6 for one in whole]
    pace = RateFound(
        rate=rate,
        told=len(told),
        missing=len(told) - len(whole),
        refused=times.refused,
        ack_p50_ms=round(percentile(acked, 0.5), 1),
        ack_p99_ms=round(percentile(acked, 0.99), 1),
        heard_p50_ms=round(percentile(heard, 0.5), 1),
        heard_p99_ms=round(percentile(heard, 0.99), 1),
        waited_p50_ms=round(percentile(waited, 0.5), 1),
        waited_p99_ms=round(percentile(waited, 0.99), 1),
        server_ms_each=round(used_s / len(told) * 1000, 2),
        client_cores=round(own_s / lasted_s, 2),
    )
    print(msgspec.json.encode(pace).decode(), flush=True)
    return pace


async def all_of_it(server: Server, args: Any) -> list[RateFound]:
    """Both rates, on the same sockets."""

    def token(user: str, role: str) -> str:
        return mint(server.secret or "", user=user, role=role, now_ms=SystemClock().now_ms(), ttl_s=3600)

    people, times = [f"ada{number}" for number in range(args.people)], DeliveryTimes()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tellers = [Phone(session, server.port, token(f"root{number}", "admin"), times) for number in range(TELLERS)]
        phones = [*tellers, *(Phone(session, server.port, token(user, "client"), times) for user in people)]
        for at in range(0, len(phones), 16):
            await asyncio.gather(*(phone.open() for phone in phones[at : at + 16]))
        found = [await paced(server, tellers, people=people, times=times, rate=rate, args=args) for rate in RATES]
        await asyncio.gather(*(phone.close() for phone in phones))
    return found


def judged(found: list[RateFound]) -> bool:
    """Prints what is compared with a floor. Whether all is well."""
    good = not any(one.missing or one.refused for one in found)
    for one in found:
        for name, floor in FLOORS_MS[one.rate].items():
            value = getattr(one, name)
            good = good and value <= floor
            print(f"{one.rate:g}/s {name:14} {value:>8}   (floor {floor:g})")
    return good


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each rate")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON lines there, too")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped on the way out
    cpus = sorted(os.sched_getaffinity(0))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, carewire(cpus) as server:
        found = runner.run(all_of_it(server, args))
    if args.json is not None:
        args.json.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in found))
    return int(not judged(found))


if __name__ == "__main__":
    sys.exit(main())
