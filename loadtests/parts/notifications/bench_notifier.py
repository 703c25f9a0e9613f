"""What reading costs a notifier, by how many notifications there are:
`python -m loadtests.parts.notifications.bench_notifier`.

In the entity, no shard: `decide` and `apply` of reading all, of counting what is unread, and of making one unread
again, with 10, 1,000 and 100,000 notifications, and with as many exceptions as there may be; the bytes of each turn,
and of the snapshot of somebody to whom nothing happens. Floors: 1 ms, the same turn, 2 KB; the exit code tells.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Principal
from actors.notifications.notifier.commands import CountUnread, NotifierCommand, ReadAll
from actors.notifications.notifier.entity import Notifier
from actors.notifications.notifier.events import Marked
from actors.notifications.notifier.items.ranges import MOST
from actors.notifications.notifier.kind import NotifierKind
from actors.notifications.notifier.rules.facts import Installation
from actors.notifications.notifier.snapshot import CategoryMarks
from actors.notifications.types import CATEGORIES
from config.capabilities.notifications import NotificationSettings

COUNTS: Final = (10, 1_000, 100_000)
LONGEST_US: Final = 1_000.0
SPREAD_BYTES: Final = 4 * (len(CATEGORIES) + 2)  # a number takes one byte to five
IDLE_BYTES: Final = 2_048
_AT_MS: Final = 1_763_631_000_000
_KIND: Final = NotifierKind(Installation(NotificationSettings()))
_BY: Final = Context(Principal("ann"), _AT_MS)
_pack: Final = msgspec.msgpack.Encoder().encode


def main() -> int:
    """Measure and print. 0: all is below its floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2_000)
    rounds = parser.parse_args().rounds
    worst_us, sizes = 0.0, dict[str, list[int]]()
    for name, count, exceptions in _cases():
        notifier = a_notifier(count, exceptions=exceptions)
        for deed, us, size in _measured(notifier, rounds):
            print(f"{name}: {deed} {us:.1f} us, a turn of {size} bytes")
            worst_us = max(worst_us, us)
            sizes.setdefault(deed, []).append(size)
    idle = len(_KIND.snapshot(a_notifier(COUNTS[-1])))
    print(f"snapshot of somebody with {COUNTS[-1]:,}, all but the newest read: {idle} bytes")
    spread = max(max(some) - min(some) for some in sizes.values())
    good = worst_us < LONGEST_US and spread <= SPREAD_BYTES and idle <= IDLE_BYTES
    return 0 if good else 1


def a_notifier(count: int, *, exceptions: int = 0) -> Notifier:
    """Somebody who was told so much in each category. All but the newest are read; or every other one of so many, down
    from the newest, is not."""
    notifier = _KIND.create("ann")
    notifier.kept.last = count * len(CATEGORIES)
    for category in CATEGORIES:
        marks = CategoryMarks(total=count)
        marks.read.fill(count - 1)
        for number in range(count - 1, max(0, count - 2 * exceptions), -2):
            marks.read.remove(number)
        notifier.kept.categories[category] = marks
    return notifier


def turn_of(decision: Decision) -> int:
    """Bytes of what it stores."""
    return len(_pack([*decision.events, *decision.notes]))


def _cases() -> Iterator[tuple[str, int, int]]:
    for count in COUNTS:
        yield f"{count:,}", count, 0
    yield f"{COUNTS[-1]:,} with {MOST - 1:,} exceptions a category", COUNTS[-1], MOST - 1


def _measured(notifier: Notifier, rounds: int) -> Iterator[tuple[str, float, int]]:
    commands: dict[str, NotifierCommand] = {"read_all": ReadAll(), "unread_count": CountUnread()}
    for deed, command in commands.items():
        decision = notifier.decide(command, _BY, 1)
        yield deed, _us(partial(notifier.decide, command, _BY, 1), rounds), turn_of(decision)
    newest = notifier.kept.categories["system"].total - 1
    unread = Marked(number=1, id="", category="system", place=newest, how="unread", at_ms=_AT_MS)
    read = msgspec.structs.replace(unread, how="read")

    def and_back() -> None:
        notifier.apply(unread, 1, _AT_MS)
        notifier.apply(read, 1, _AT_MS)

    yield "unread, and read again (applied)", _us(and_back, rounds), len(_pack(unread)) + len(_pack(read))


def _us(once: Callable[[], object], rounds: int) -> float:
    """The best of five."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds // 5):
            once()
        best = min(best, (time.perf_counter() - began) / (rounds // 5))
    return best * 1e6


if __name__ == "__main__":
    sys.exit(main())
