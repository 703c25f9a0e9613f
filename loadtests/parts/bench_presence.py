"""Presence alone: what a change costs, and whom it costs. No Ray, no sockets, no database.

    python -m loadtests.parts.bench_presence [--users 10000] [--runs 5]

*Shard*: one user of many changes status; the state is marked for each watching gateway and encoded for its result.
*Gateway*: one change goes to each watching socket (framed once; handing it to a socket is a list append here, so what
is measured is ours alone). *Rebuild*: a fresh shard is told of everybody by one gateway, and another gateway, which
watches everybody, knows all of them. *Memory*: what Python allocates for each user.

The cost of a change must grow with its watchers, and not with the number of users.
"""

import argparse
import asyncio
import gc
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from actors.presence import wire
from actors.presence.channel import PresenceChange
from actors.presence.presence import Presence
from actors.presence.shard import PresenceShard
from actors.presence.state import Instant, State
from actors.presence.tracker import Tracker
from common.clock import SystemClock
from config.settings import PresenceSettings
from realtime.front.presence import Watchers
from store.memory import memory_stores

CLOCK: Final = SystemClock()
CHANGES: Final = 5000
WATCHING_GATEWAYS: Final = (0, 1, 4, 16, 64)
WATCHING_SOCKETS: Final = (1, 10, 100, 1000)


def now() -> Instant:
    """The present moment."""
    return Instant(CLOCK.monotonic_s(), CLOCK.now_ms())


def populated(users: int, watchers: int = 0) -> Presence:
    """A shard's rules with so many users online, spread over 4 gateways, each watched by `watchers` others."""
    presence = Presence(grace_s=5.0, lease_s=1e9)
    for number in range(4):
        presence.open(f"gateway-{number}", now())
    for number in range(watchers):
        presence.open(f"watching-{number}", now())
    for number in range(users):
        user = f"user-{number}"
        presence.seat(f"gateway-{number % 4}", user, (f"device-{number}",), now())
        presence.remember(user, None, now())
        for watcher in range(watchers):
            presence.watch(f"watching-{watcher}", user, now())
    presence.to_load.clear()
    for number in range(watchers):
        presence.take(f"watching-{number}", users)
    presence.stirred.clear()
    return presence


def timed(runs: int, work: Callable[[], int]) -> tuple[float, float]:
    """Best and worst microseconds of CPU a change; `work` says how many changes it made."""
    took = []
    for _ in range(runs):
        gc.collect()
        began = time.process_time()
        changes = work()
        took.append((time.process_time() - began) / changes * 1e6)
    return min(took), max(took)


def shard_cost(users: int, watchers: int, runs: int) -> dict[str, object]:
    """A change of status, and the results that tell of it. Only `watchers` gateways watch the users that change."""
    presence = populated(users)
    names = [f"watching-{number}" for number in range(watchers)]
    changing = [f"user-{number * 7 % users}" for number in range(100)]
    for name in names:
        presence.open(name, now())
        for user in changing:
            presence.watch(name, user, now())
        presence.take(name, users)
    turn = 0

    def work() -> int:
        nonlocal turn
        for _ in range(CHANGES // 100):
            turn += 1
            at = now()
            for user in changing:
                presence.choose(user, "busy" if turn % 2 else "online", at.ms, at)
            for name in names:
                wire.encode(wire.PresenceResult(True, turn, presence.take(name, 1000)))
        return CHANGES

    best, worst = timed(runs, work)
    per_watcher = round(best / watchers, 2) if watchers else None
    return {"users": users, "watching_gateways": watchers, "us": round(best, 2), "worst": round(worst, 2),
            "us_per_watcher": per_watcher}  # fmt: skip


def gateway_cost(sockets: int, runs: int) -> dict[str, object]:
    """One change to the sockets that watch the user."""
    settings = PresenceSettings()
    watchers = Watchers(settings.max_watched)
    sent: list[Any] = []
    for number in range(sockets):
        socket: Any = SimpleNamespace(user=f"watcher-{number}", writer=SimpleNamespace(send=sent.append))
        socket = _Hashable(socket)
        watchers.add(socket, ["user-0"])  # what the handler does, without a shard
        watchers.begin(socket, ["user-0"])
    states = [
        State(user="user-0", status=status, devices=1, last_seen_ms=0, at_ms=CLOCK.now_ms())
        for status in ("online", "busy")
    ]
    changes = max(20, CHANGES // sockets)

    def work() -> int:
        for number in range(changes):
            watchers.observe([PresenceChange(states[number % 2], states[1 - number % 2])])
        sent.clear()
        return changes

    best, worst = timed(runs, work)
    return {"watching_sockets": sockets, "us": round(best, 2), "worst": round(worst, 2),
            "us_per_watcher": round(best / sockets, 3)}  # fmt: skip


class _Hashable:
    def __init__(self, socket: Any) -> None:
        self.user = socket.user
        self.writer = socket.writer


async def rebuild(users: int) -> dict[str, object]:
    """A new shard: from its start until a gateway that watches everybody knows everybody."""
    settings = PresenceSettings(settle_s=0)
    shard = PresenceShard("presence-0", memory_stores(CLOCK, []).views, settings=settings, clock=CLOCK)
    heard: set[str] = set()
    everybody = asyncio.Event()

    def on_changes(changes: list[PresenceChange]) -> None:
        heard.update(change.new.user for change in changes if change.new.status == "online")
        if len(heard) == users:
            everybody.set()

    holding = Tracker("holding", [shard], settings=settings, clock=CLOCK, on_changes=lambda _: None)
    watching = Tracker("watching", [shard], settings=settings, clock=CLOCK, on_changes=on_changes)
    names = [f"user-{number}" for number in range(users)]
    for name in names:
        holding.arrive(name, f"device-of-{name}")
    watching.watch(names)
    began, cpu = time.perf_counter(), time.process_time()
    await shard.start()
    await asyncio.gather(holding.start(), watching.start())
    await everybody.wait()
    took: dict[str, object] = {"users": users, "ms": round((time.perf_counter() - began) * 1000),
            "cpu_ms": round((time.process_time() - cpu) * 1000)}  # fmt: skip
    await asyncio.gather(holding.close(), watching.close())
    await shard.stop()
    return took


def memory(users: int) -> dict[str, object]:
    """Bytes for each user: in the shard (names included), and in the gateway that holds the socket."""

    def measured(make: Callable[[], object]) -> int:
        gc.collect()
        tracemalloc.start()
        kept = make()
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        del kept
        return size

    def tracker() -> Tracker:
        made = Tracker("bench", [_Nobody()], settings=PresenceSettings(), clock=CLOCK, on_changes=lambda _: None)
        for number in range(users):
            made.arrive(f"user-{number}", f"device-{number}")
        return made

    alone = measured(lambda: populated(users))
    watched = measured(lambda: populated(users, 1))
    twice = measured(lambda: populated(users, 2))
    return {
        "users": users,
        "shard_bytes_per_user": alone // users,
        "and_watched_by_one_gateway": watched // users,
        "each_further_gateway": (twice - watched) // users,
        "gateway_bytes_per_user": measured(tracker) // users,
    }


class _Nobody:
    async def subscribe(self, request: bytes) -> bytes:
        raise NotImplementedError

    submit = fetch = subscribe


def main() -> None:
    """Run all of it and print one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows: list[tuple[str, dict[str, object]]] = []
    rows += [("shard", shard_cost(options.users, count, options.runs)) for count in WATCHING_GATEWAYS]
    rows += [("shard", shard_cost(users, 4, options.runs)) for users in (1000, 50_000)]
    rows += [("gateway", gateway_cost(count, options.runs)) for count in WATCHING_SOCKETS]
    rebuilt = [asyncio.run(rebuild(options.users)) for _ in range(options.runs)]
    rows.append(("rebuild", min(rebuilt, key=lambda one: float(str(one["ms"])))))
    rows[-1][1]["median_ms"] = statistics.median(float(str(one["ms"])) for one in rebuilt)
    rows.append(("memory", memory(options.users)))
    for name, row in rows:
        print(json.dumps({"bench": f"presence.{name}", **row}))


if __name__ == "__main__":
    main()
