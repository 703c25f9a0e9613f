"""One room that saturates its gateway, and quiet pairs at another one: do they notice?

    python -m loadtests.scenarios.noisy_room [--noisy 500] [--pairs 20] [--rounds 3] [--seconds 8]

Two gateways of one server. Rounds without and with the noise alternate. `elsewhere` are pairs at the other gateway,
`same gateway` pairs beside the noise. Nobody is pinned: the noise takes one core, the rest has the others. On a machine
with few of them what the quiet ones wait for is the processor.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Sequence

import uvloop
from typing_extensions import override

from loadtests.lib.crowd import Crowd, CrowdMember
from loadtests.lib.servers import SECRET, carewire
from loadtests.whole.bench_path import cores


class Noise(Crowd):
    """One room with so many messages always under way."""

    window = 0

    @override
    def _heard(self, packet: bytes) -> None:
        """Nothing is timed: it would cost as much as the noise."""

    @override
    def _acked(self, socket: object, number: int, packet: bytes) -> None:
        self.answered += 1
        self.failed += b'"ok":true' not in packet
        if self.window:
            self._go_on()

    def begin(self, window: int) -> None:
        """Keep `window` messages under way; 0: no more."""
        self.window = window
        for _ in range(window):
            self._go_on()

    def _go_on(self) -> None:
        room_id, members = self.rooms[0]
        self.say(room_id, members[self.sent % len(members)], time.perf_counter())


async def at_gateways(crowd: Crowd, wanted: dict[bytes, int]) -> dict[bytes, list[CrowdMember]]:
    """Connect until each gateway has so many; those too many hang up. Keys: gateways, b"" for any."""
    found: dict[bytes, list[CrowdMember]] = {}
    most = max(wanted.values())
    while any(len(found.get(name, [])) < count for name, count in wanted.items()):
        for member in await crowd.members(most):
            found.setdefault(member.gateway, []).append(member)
    for name, members in found.items():
        for member in members[wanted.get(name, 0) :]:
            member.close()
    return {name: found.get(name, [])[:count] for name, count in wanted.items()}


async def measure(port: int, noisy: int, pairs: int, rounds: int, seconds: float) -> int:
    """All rounds; the exit code: 1 when an ack was bad."""
    noise, near, far = Noise(port, SECRET, "noise"), Crowd(port, SECRET, "near"), Crowd(port, SECRET, "far")
    loud, quiet = b"gateway-0", b"gateway-1"
    await noise.room((await at_gateways(noise, {loud: noisy, quiet: 0}))[loud])
    for crowd, place in ((near, loud), (far, quiet)):
        members = (await at_gateways(crowd, {loud: 0, quiet: 0} | {place: 2 * pairs}))[place]
        for at in range(0, len(members), 2):
            await crowd.room(members[at : at + 2])
    ratios: dict[str, list[float]] = {"elsewhere": [], "same gateway": []}
    for number in range(rounds):
        told = []
        before: list[tuple[float, float]] = []
        for loudness in (0, 4):
            noise.begin(loudness)
            answered = noise.answered
            both = list(await asyncio.gather(far.talk(2.0 * pairs, seconds), near.talk(2.0 * pairs, seconds)))
            made = (noise.answered - answered) * noisy / seconds
            for index, (name, seen) in enumerate(ratios.items()):
                p50, p99 = both[index]
                told.append(f"{name} p50 {p50:.1f} p99 {p99:.1f} ms")
                if loudness:
                    seen.append(p99 / before[index][1])
            told.append(f"(noise: {made:,.0f} deliveries/s)" if loudness else "|")
            before = both
            noise.begin(0)
        print(f"round {number + 1}: " + "; ".join(told), flush=True)
    failed = noise.failed + near.failed + far.failed
    for crowd in (noise, near, far):
        crowd.close()
    for name, seen in ratios.items():
        print(f"{name}: p99 with / without, median of {rounds}: {statistics.median(seen):.2f}")
    print(f"bad acks: {failed}")
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a server with two gateways, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noisy", type=int, default=500, help="members of the noisy room")
    parser.add_argument("--pairs", type=int, default=20, help="quiet pairs at each gateway; 2 messages/s each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of each half of a round")
    args = parser.parse_args(arguments)
    os.environ["CAREWIRE_GATEWAY__REPLICAS"] = "2"
    with carewire(cores(share=True).server) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(server.port, args.noisy, pairs=args.pairs, rounds=args.rounds, seconds=args.seconds))


if __name__ == "__main__":
    sys.exit(main())
