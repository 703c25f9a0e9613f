"""Many connections held for minutes under mixed traffic: does anything drop, fail, get lost, or grow?

    python -m loadtests.scenarios.hold [--connections 10000] [--seconds 300]
                                       [--pairs 300] [--groups 195] [--everybody 5]

Starts a server of its own (`carewire up`, rate limits off). A tenth of the users is in one room, half of the others in
pairs, half in groups of ten. Messages a second: `--pairs` over all pairs, `--groups` over all groups, `--everybody` in
the one room. Every member checks that it hears each number of its room once and in order; latency is from when a
message was due to be sent to when a member has it, each member counted. Client and server share all cores.

Prints a line every ten seconds (deliveries, p50 and p99 of that interval, memory of each process), and a summary.
Exit code 1 when a connection dropped, an ack was bad, or a message was lost, doubled or out of order.
"""

import argparse
import asyncio
import os
import sys
import time
from array import array
from collections.abc import Mapping, Sequence

import uvloop

from common.lib.collector import calm_collector
from loadtests.lib.load_socket import ConnectionRefused
from loadtests.lib.memory import growth, sample
from loadtests.lib.servers import SECRET, NotAvailable, carewire
from loadtests.lib.swarm import Swarm, SwarmRoom, many_files, people
from loadtests.lib.workloads import percentile

_EVERY_S = 10.0
_WARM_UP_S = 5.0
_DRAIN_S = 20.0


def rooms_of(connections: int, prefix: str) -> dict[str, list[SwarmRoom]]:
    """One room of a tenth, half of the rest in pairs, half in groups of ten: kind -> rooms."""
    tenth = max(2, connections // 10)
    pairs = (connections - tenth) // 4
    groups = (connections - tenth - 2 * pairs) // 10
    return {
        "pairs": [people(SwarmRoom(f"{prefix}-pair-{number}", "pairs"), 2) for number in range(pairs)],
        "groups": [people(SwarmRoom(f"{prefix}-group-{number}", "groups"), 10) for number in range(groups)],
        "everybody": [people(SwarmRoom(f"{prefix}-everybody", "everybody"), tenth)],
    }


class LatencyWatch:
    """Prints how it goes, and remembers every latency."""

    def __init__(self, swarm: Swarm, pids: Mapping[str, int]) -> None:
        self._swarm = swarm
        self._pids = pids
        self.latencies_ms = array("f")

    async def run(self, seconds: float) -> None:
        """A line each interval."""
        started_s = time.perf_counter()
        while (spent_s := time.perf_counter() - started_s) < seconds - 0.5:
            await asyncio.sleep(min(_EVERY_S, seconds - spent_s))
            self.latencies_ms.extend(self._swarm.latencies_ms)
            count, p50, p99 = self._swarm.interval()
            mb = sample({**self._pids, "client": os.getpid()}).mb
            memory = ", ".join(f"{name} {mb.get(name, 0.0):.0f}" for name in (*self._pids, "client"))
            print(
                f"{time.perf_counter() - started_s:5.0f} s  {count:7} deliveries  p50 {p50:6.1f} ms  p99 {p99:7.1f} ms"
                f"  load {os.getloadavg()[0]:.1f}  MB: {memory}",
                flush=True,
            )


async def hold(
    port: int, pids: Mapping[str, int], connections: int, seconds: float, rates: Mapping[str, float]
) -> bool:
    """The whole run. Whether nothing went wrong."""
    kinds = rooms_of(connections, f"hold-{os.getpid()}")
    swarm = Swarm(port, SECRET, [room for rooms in kinds.values() for room in rooms])
    count = len(swarm.members)
    empty = sample(pids)
    took_s = await swarm.connect()
    await asyncio.sleep(2.0)
    print(f"{count} connected in {took_s:.1f} s ({count / took_s:.0f}/s): {growth(empty, sample(pids), count)}")
    took_s = await swarm.join()
    await asyncio.sleep(2.0)
    print(f"{count} joined in {took_s:.1f} s ({count / took_s:.0f}/s): {growth(empty, sample(pids), count)}")
    await _talk(swarm, kinds, rates, _WARM_UP_S)
    swarm.interval()
    swarm.sent = 0
    watch = LatencyWatch(swarm, pids)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch.run(seconds))
            group.create_task(_talk(swarm, kinds, rates, seconds))
        await swarm.settled(_DRAIN_S)
    finally:
        swarm.close()
    latencies, trouble = watch.latencies_ms, swarm.trouble
    print(
        f"{count} connections, {seconds:.0f} s: {swarm.sent} messages ({swarm.sent / seconds:.0f}/s), "
        f"{len(latencies)} deliveries, p50 {percentile(latencies, 0.5):.1f} ms, "
        f"p99 {percentile(latencies, 0.99):.1f} ms"
    )
    print(
        f"dropped {trouble.dropped}, errors {trouble.errors}, lost {trouble.lost}, doubled or out of order "
        f"{trouble.doubled}, unacked {trouble.unacked}{f'; first error: {trouble.first}' if trouble.first else ''}"
    )
    print(f"at the end: {growth(empty, sample(pids), count)}")
    return not trouble


async def _talk(
    swarm: Swarm, kinds: Mapping[str, Sequence[SwarmRoom]], rates: Mapping[str, float], seconds: float
) -> None:
    async with asyncio.TaskGroup() as group:
        for kind, rooms in kinds.items():
            if rates[kind] > 0 and rooms:
                group.create_task(swarm.talk(rooms, rates[kind], seconds))


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--pairs", type=float, default=300.0, help="messages a second in pairs")
    parser.add_argument("--groups", type=float, default=195.0, help="messages a second in groups of ten")
    parser.add_argument("--everybody", type=float, default=5.0, help="messages a second in the large room")
    args = parser.parse_args()
    if args.connections < 20:
        parser.error("--connections is 20 or more")
    many_files()
    rates = {"pairs": args.pairs, "groups": args.groups, "everybody": args.everybody}
    try:
        with carewire(os.sched_getaffinity(0)) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            calm_collector()
            good = runner.run(
                hold(server.port, server.pids(), connections=args.connections, seconds=args.seconds, rates=rates)
            )
    except (NotAvailable, ConnectionRefused, OSError, TimeoutError, ExceptionGroup) as error:
        causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        print(f"{type(causes[0]).__name__}: {causes[0]}", file=sys.stderr)
        return 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
