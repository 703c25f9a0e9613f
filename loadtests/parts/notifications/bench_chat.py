"""What notifications cost chat: `python -m loadtests.parts.notifications.bench_chat`.

Messages into rooms of which nobody reads a word, with notifications and without (no rule of theirs, and no timer of
rooms), in turns in one process over storage in memory; CPU of it all, the notifiers' turns among it. At 1,000 messages
a second a room says 1,250 between two of its announcements, so each room has as many, and its one announcement at the
end: in rooms of 50, whose every member is told how many there are, and in rooms of 500, where nobody is. Floor: 3 %
more, the median of the pairs; the exit code tells. Besides, one message a room, each with its announcement: the worst.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvloop

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.reactions import switched_on
from actors.rooms.room import announcing
from actors.rooms.room.commands import Create, Post
from actors.rooms.room.state import ANNOUNCE_MS
from actors.workflows.table import all_reactions
from common.clock import MovableClock
from common.lib.collector import calm_collector
from common.logs import configure_logging
from config.settings import Settings
from serve_app.cluster.spec import CarewireSpec
from store.memory import memory_stores

FEATURE: Final = "notifications"
ANN: Final = Principal("ann")
BODY: Final = "x" * 100
BETWEEN: Final = 1250  # messages of a room between two announcements: 1,000/s for 25 s over 20 rooms
AT_ONCE: Final = 32
MOST_MORE: Final = 1.03
IDLE_S: Final = 0.3
IDLE_CPU_S: Final = 0.02


async def measured(settings: Settings, *, rooms: int, members: int, each: int, told: bool) -> float:
    """Microseconds of CPU a message, the announcements after them included."""
    clock = MovableClock()
    recipe = CarewireSpec(settings)
    kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
    rules = switched_on(all_reactions(), frozenset() if told else frozenset([FEATURE]))
    stores = memory_stores(clock, [index for kind in kinds for index in kind.indexes])
    cluster = LocalCluster(stores, kinds, settings=settings.kernel, clock=clock, reactions=rules)
    await cluster.start()
    try:
        region = await cluster.region("bench")
        names = [f"room:bench{number}" for number in range(rooms)]
        others = tuple(f"m{number}" for number in range(members - 1))
        for name in names:
            await region.submit(name, Create(members=others), by=ANN)
        await until_idle()
        began_s = time.process_time()
        wanted = iter([name for _ in range(each) for name in names])

        async def worker() -> None:
            for name in wanted:
                await region.submit(name, Post(body=BODY), by=ANN)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        clock.move(clock.ahead_ms + ANNOUNCE_MS + 1)
        cluster.time_moved()
        idle_s = await until_idle()
        return (time.process_time() - began_s - idle_s) / (rooms * each) * 1e6
    finally:
        await cluster.stop()


async def until_idle() -> float:
    """Until next to nothing is done. How much CPU that next to nothing was."""
    while True:
        began_s = time.process_time()
        await asyncio.sleep(IDLE_S)
        if (used_s := time.process_time() - began_s) < IDLE_CPU_S:
            return used_s


@contextmanager
def without_timers() -> Iterator[None]:
    """Rooms set none: as they were before there were notifications."""
    kept = announcing.timers
    announcing.timers = lambda room, now_ms: ()
    try:
        yield
    finally:
        announcing.timers = kept


async def pairs(settings: Settings, name: str, rounds: int, *, rooms: int, members: int, each: int) -> float:
    """With by without, the median; printed."""
    found: list[float] = []
    for number in range(rounds):
        used: dict[bool, float] = {}
        for told in (True, False) if number % 2 else (False, True):
            if told:
                used[told] = await measured(settings, rooms=rooms, members=members, each=each, told=True)
            else:
                with without_timers():
                    used[told] = await measured(settings, rooms=rooms, members=members, each=each, told=False)
        found.append(used[True] / used[False])
        print(f"  {name}: {used[True]:.0f} us of CPU a message, {used[False]:.0f} without", flush=True)
    ratio = statistics.median(found)
    print(f"{name}: {ratio:.3f} of what it costs without (median of {rounds})", flush=True)
    return ratio


async def all_of_it(settings: Settings, rounds: int, each: int) -> bool:
    """Whether all is below its floor."""
    calm_collector()
    busy = [
        await pairs(settings, f"rooms of {members}", rounds, rooms=rooms, members=members, each=each)
        for members, rooms in ((50, 4), (500, 2))
    ]
    await pairs(settings, "one message a room of 50", rounds, rooms=40, members=50, each=1)
    return max(busy) <= MOST_MORE


def main() -> int:
    """Measure and print. 0: all is below its floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=BETWEEN, help="messages of a room")
    parser.add_argument("--quick", action="store_true", help="does it work? The figures mean nothing")
    args = parser.parse_args()
    configure_logging("ERROR", "console")
    with tempfile.TemporaryDirectory() as place, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rounds, each = (1, 20) if args.quick else (args.rounds, args.each)
        good = runner.run(all_of_it(Settings(data_dir=Path(place)), rounds, each))
    return 0 if good or args.quick else 1


if __name__ == "__main__":
    sys.exit(main())
