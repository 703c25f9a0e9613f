"""What notifications cost chat: `python -m loadtests.parts.notifications.bench_chat`.

Messages into rooms, with notifications and without (no rule of theirs, and no timer of rooms), in turns in one process
over storage in memory; CPU of it all, the notifiers' turns among it. At 1,000 messages a second over 20 rooms a room
says 1,250 between two of its announcements, so each room has as many, and its one announcement at the end. Floor: 3 %
more, the median of the pairs, in rooms of 500 of which nobody reads a word, and in rooms of 50 in which everybody
reads along; the exit code tells. Besides, what it costs to tell all 50 who do not look, and the worst: one message a
room, each with its announcement.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.reactions import switched_on
from actors.rooms.room import announcing
from actors.rooms.room.commands import Create, MarkRead, Post
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
IDLE_TIMES: Final = 3


@dataclass(frozen=True)
class ChatLoad:
    """So many rooms of so many members; `each`: messages of a room. `read`: everybody reads along. `floor`: how much
    more it may cost; 0: there is none."""

    name: str
    rooms: int
    members: int
    each: int
    read: bool = False
    floor: float = 0.0


async def measured(settings: Settings, case: ChatLoad, *, told: bool) -> float:
    """Microseconds of CPU a message, the announcements after them included, reading left out."""
    clock = MovableClock()
    recipe = CarewireSpec(settings)
    kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
    rules = switched_on(all_reactions(), frozenset() if told else frozenset([FEATURE]))
    stores = memory_stores(clock, [index for kind in kinds for index in kind.indexes])
    cluster = LocalCluster(stores, kinds, settings=settings.kernel, clock=clock, reactions=rules)
    await cluster.start()
    try:
        region = await cluster.region("bench")
        names = [f"room:bench{number}" for number in range(case.rooms)]
        others = tuple(f"m{number}" for number in range(case.members - 1))
        for name in names:
            await region.submit(name, Create(members=others), by=ANN)
        await until_idle()
        wanted = iter([name for _ in range(case.each) for name in names])
        last: dict[str, int] = {}

        async def worker() -> None:
            for name in wanted:
                posted = await region.ask(name, Post(body=BODY), by=ANN)
                last[name] = posted.seq if isinstance(posted.seq, int) else 0

        began_s = time.process_time()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        idle_s = await until_idle()
        used_s = time.process_time() - began_s - idle_s
        if case.read:
            for name in names:
                for user in others:
                    await region.submit(name, MarkRead(user, last[name]), by=Principal(user))
            await until_idle()
        began_s = time.process_time()
        clock.move(clock.ahead_ms + ANNOUNCE_MS + 1)
        cluster.time_moved()
        idle_s = await until_idle()
        used_s += time.process_time() - began_s - idle_s
        return used_s / (case.rooms * case.each) * 1e6
    finally:
        await cluster.stop()


async def until_idle() -> float:
    """Until next to nothing is done, several times in a row: on a busy machine once means little. How much CPU that
    next to nothing was, the last time."""
    idle = 0
    while True:
        began_s = time.process_time()
        await asyncio.sleep(IDLE_S)
        used_s = time.process_time() - began_s
        idle = idle + 1 if used_s < IDLE_CPU_S else 0
        if idle == IDLE_TIMES:
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


async def pairs(settings: Settings, case: ChatLoad, rounds: int) -> bool:
    """With by without, the median; printed. Whether it is below its floor."""
    found: list[float] = []
    for number in range(rounds):
        used: dict[bool, float] = {}
        for told in (True, False) if number % 2 else (False, True):
            with nullcontext() if told else without_timers():
                used[told] = await measured(settings, case, told=told)
        found.append(used[True] / used[False])
        print(f"  {case.name}: {used[True]:.0f} us of CPU a message, {used[False]:.0f} without", flush=True)
    ratio = statistics.median(found)
    print(f"{case.name}: {ratio:.3f} of what it costs without (median of {rounds})", flush=True)
    return not case.floor or ratio <= case.floor


async def all_of_it(settings: Settings, rounds: int, each: int) -> bool:
    """Whether all is below its floor."""
    calm_collector()
    cases = (
        ChatLoad("rooms of 500", 2, 500, each, floor=MOST_MORE),
        ChatLoad("rooms of 50 that read along", 4, 50, each, read=True, floor=MOST_MORE),
        ChatLoad("rooms of 50 that do not look", 4, 50, each),
        ChatLoad("one message a room of 50", 40, 50, 1),
    )
    for told in (True, False):  # what is loaded once
        await measured(settings, ChatLoad("", 1, 20, 50), told=told)
    return all([await pairs(settings, case, rounds) for case in cases])


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
