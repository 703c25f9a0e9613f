"""One calendar with 10,000 bookings, in the entity: a month of availability, and a commit. Plain Python, no shard.

    python -m loadtests.parts.bench_calendar [--rounds 300]

Workload: a therapist with 9 h a day on a grid of 15 minutes, 10,000 bookings of half an hour over three years (about 9
a day). *Availability*: a month from a random day, first with nothing worked out (cold: as after a change of the
schedule), then after one booking in that month (warm: what watchers cause). *Commit*: decide and apply of `TryBook` and
of `ConfirmOrCancel`, one CPU. Floors: availability 5 ms p99 warm, commit 1 ms. Exits with 1 when a floor is missed.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from typing import Final

from actors.calendars.calendar.answers import FreeSlots
from actors.calendars.calendar.commands import CalendarCommand, ConfigureCalendar, GetFreeTimes, TryBook
from actors.calendars.calendar.entity import Calendar
from actors.calendars.calendar.kind import CalendarKind
from actors.calendars.calendar.reservations import ConfirmOrCancel
from actors.calendars.hours.schedule import Schedule, Service
from actors.kernel.contract.entity import SYSTEM, Context, Principal
from common.errors import Conflict
from common.timeline import DAY_MS, WEEKDAYS

BOOKINGS: Final = 10_000
START: Final = 1_800_000_000_000
DOC: Final = Principal("doc", "therapist")
SCHEDULE: Final = Schedule(
    tz="Europe/Berlin",
    weekly=dict.fromkeys(WEEKDAYS, (("08:00", "12:30"), ("13:00", "17:30"))),
    slot_minutes=15,
    services=(
        Service(service_id="talk", duration_minutes=30),
        Service(service_id="long", duration_minutes=50, buffer_after_minutes=10),
    ),
)
FLOORS: Final = {"availability_warm_p99_ms": 5.0, "commit_p99_ms": 1.0}


class CalendarBench:
    """The calendar, full."""

    def __init__(self, dice: random.Random) -> None:
        self.calendar = Calendar("doc")
        self.version = 0
        self.number = 0
        self.dice = dice
        self.do(ConfigureCalendar(SCHEDULE), DOC)
        days = 0
        while len(self.calendar.occupancy.entries) < BOOKINGS:
            free = self.free(START + days * DAY_MS, 1)
            for start in dice.sample(free, min(len(free), 9)):
                self.book(start)
            days = (days + 1) % (3 * 365)

    def do(self, command: CalendarCommand, by: Principal) -> object:
        """Decide and apply, as a turn does."""
        decision = self.calendar.decide(command, Context(by, START), self.version)
        for event in decision.events:
            self.version += 1
            self.calendar.apply(event, self.version, START)  # type: ignore[arg-type] # events of this kind
        return decision.reply

    def free(self, start: int, days: int) -> list[int]:
        """When free times of the next days begin."""
        reply = self.do(GetFreeTimes(start=start, end=start + days * DAY_MS, service="talk"), DOC)
        assert isinstance(reply, FreeSlots)
        return [one[0] for one in reply.slots]

    def book(self, start: int) -> bool:
        """Take a time and settle it."""
        self.number += 1
        key = f"bkg_{self.number:026}.{self.number:012}"
        try:
            self.do(
                TryBook(
                    key=key,
                    booking=key[:30],
                    owner="booking:x",
                    start=start,
                    service="talk",
                    client=f"u{self.number % 500}",
                    alternatives=0,
                ),
                DOC,
            )
        except Conflict:
            return False
        self.do(ConfirmOrCancel(key, "taken"), SYSTEM)
        return True


def timed(action: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    began = time.process_time_ns()
    action()
    return (time.process_time_ns() - began) / 1e6


def quantiles(values: list[float]) -> tuple[float, float, float]:
    """p50, p99, largest."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1]


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    dice = random.Random(1)
    bench = CalendarBench(dice)
    cold: list[float] = []
    warm: list[float] = []
    commits: list[float] = []
    for _ in range(rounds):
        start = START + dice.randrange(0, 3 * 365 - 40) * DAY_MS
        if len(cold) < 50:
            bench.calendar.set_up(SCHEDULE)
            cold.append(timed(lambda start=start: bench.free(start, 31)))  # type: ignore[misc] # bound now
        free = bench.free(start, 31)
        if free:
            chosen = dice.choice(free)
            commits.append(timed(lambda chosen=chosen: bench.book(chosen)))  # type: ignore[misc] # bound now
        warm.append(timed(lambda start=start: bench.free(start, 31)))  # type: ignore[misc] # bound now
    kind = CalendarKind()
    state = kind.snapshot(bench.calendar)
    restored = timed(lambda: kind.restore("doc", state))
    found = {
        "bookings": len(bench.calendar.occupancy.entries),
        "slots_in_a_month": len(bench.free(START, 31)),
        "snapshot_bytes": len(state),
        "restore_ms": round(restored, 1),
    }
    for name, values in (("availability_cold", cold), ("availability_warm", warm), ("commit", commits)):
        p50, p99, worst = quantiles(values)
        found |= {f"{name}_p50_ms": round(p50, 3), f"{name}_p99_ms": round(p99, 3), f"{name}_max_ms": round(worst, 3)}
    for name, value in found.items():
        floor = FLOORS.get(name)
        print(f"{name:28} {value:>10}" + (f"   (floor {floor})" if floor is not None else ""))
    missed = [name for name, floor in FLOORS.items() if found[name] > floor]
    print("every floor is met" if not missed else f"missed: {', '.join(missed)}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
