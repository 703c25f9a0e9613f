"""Connections beside the peers': how many a second, what each costs in CPU, and in memory while it is idle.

    python -m loadtests.whole.bench_connections [--connections 10000] [--servers carewire,python,node] [--share-cores]

Each server gets the same client in the same run: `CONNECTING` handshakes at a time, WebSocket, up to Socket.IO's
CONNECT. Carewire verifies a signed token for each, looks up whether it was taken back, opens the user's inbox, and
tells presence; the peers do nothing of the kind. All that it does is counted, also what goes on after the CONNECT: its
CPU and memory are those of all its processes, and of the gateway alone beside it. Memory is the growth of resident
memory from the empty server to all connections idle.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import psutil
import uvloop

from loadtests.lib.load_socket import ConnectionRefused, LoadSocket
from loadtests.lib.memory import growth, sample
from loadtests.lib.servers import SECRET, SERVERS, NotAvailable, Server
from loadtests.lib.swarm import Swarm, SwarmRoom, each, many_files, people
from loadtests.lib.workloads import encode
from loadtests.whole.bench_path import cores

_FIRST: Final = 2000  # connections that are timed apart: the peers' known figures are of so many
_SETTLE_S: Final = 3.0
_WARM: Final = 50


def cpu_s(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds so far."""
    return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}


async def measure(server: Server, connections: int) -> str:
    """The lines to print about one server. Raises `ConnectionRefused`."""
    swarm = Swarm(server.port, server.secret or SECRET, [people(SwarmRoom("idle", "idle"), connections)])
    pids = server.pids()
    await each(range(_WARM), lambda _: _hello(swarm.port))
    await asyncio.sleep(_SETTLE_S)
    empty, cpu_before = sample(pids), cpu_s(pids)
    first, rest = swarm.members[:_FIRST], swarm.members[_FIRST:]
    started_s = time.perf_counter()
    await each(first, swarm.open)
    first_s = time.perf_counter() - started_s
    await each(rest, swarm.open)
    took_s = time.perf_counter() - started_s
    await asyncio.sleep(_SETTLE_S)
    used = {name: seconds - cpu_before[name] for name, seconds in cpu_s(pids).items()}
    grown = growth(empty, sample(pids), connections)
    swarm.close()
    return "\n".join(
        _lines(
            server.name,
            connections,
            first_per_s=len(first) / first_s,
            per_s=connections / took_s,
            used=used,
            grown=grown,
        )
    )


def _lines(
    name: str, count: int, first_per_s: float, per_s: float, used: Mapping[str, float], grown: str
) -> Sequence[str]:
    total = sum(used.values())
    gateways = sum(seconds for process, seconds in used.items() if process.startswith("gateway"))
    gateway = f"{count / gateways:,.0f} of its gateway, " if gateways else ""
    dear = sorted(used.items(), key=lambda one: -one[1])
    costs = ", ".join(f"{process} {1000 * s / count:.2f}" for process, s in dear if 1000 * s / count >= 0.01)
    return (
        f"{name}: {first_per_s:,.0f} connections/s to the first {min(count, _FIRST)}, {per_s:,.0f}/s to {count}",
        f"  per second of CPU: {gateway}{count / total:,.0f} of all its processes",
        f"  CPU ms a connection, the {_SETTLE_S:g} s after it included: {costs}",
        f"  {count} idle: {grown}",
    )


@contextmanager
def _on(cpu: int | None) -> Iterator[None]:
    """This process on one core for a while."""
    before = os.sched_getaffinity(0)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def _hello(port: int) -> None:
    """Connect once and go, so that nothing is measured that happens once a process. A server that wants a token says
    no, which warms as well."""
    socket = LoadSocket(encode({}), lambda _: None, lambda *_: None)
    await asyncio.get_running_loop().create_connection(lambda: socket, "127.0.0.1", port)
    await socket.connected
    socket.close()


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--servers", default=",".join(SERVERS), help=f"of {', '.join(SERVERS)}")
    parser.add_argument("--share-cores", action="store_true", help="pin nobody")
    args = parser.parse_args()
    names = args.servers.split(",")
    if unknown := set(names) - SERVERS.keys():
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    many_files()
    placed = cores(share=args.share_cores)
    code = 0
    for name in names:
        try:
            runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
            with SERVERS[name](placed.server) as server, _on(placed.client), runner:
                print(runner.run(measure(server, args.connections)), flush=True)
        except (NotAvailable, ConnectionRefused, OSError, TimeoutError, ExceptionGroup) as error:
            causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
            print(f"{name}: left out, {type(causes[0]).__name__}: {causes[0]}", file=sys.stderr, flush=True)
            code = max(code, name == "carewire")
    return code


if __name__ == "__main__":
    sys.exit(main())
