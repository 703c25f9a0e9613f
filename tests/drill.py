"""`make drill [NAME]`: what `make test` runs, with seeds that it does not use. Each drill ends by itself.

simulation   2,000 further seeds of the kernel's promises, and a share of the other simulations
short        100 further seeds of the kernel's promises; what CI runs
activities   5,000 mails over a server that hangs up now and then, while runner, shard, mongod and API are killed, and
             the runner is stopped for 30 s
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OF_THE_SUITE: Final = 1000  # seeds that `make test` uses, from 0


@dataclass(frozen=True)
class Drill:
    """`rounds` runs of pytest over `tests`, each with seeds of its own, ended after `limit_s`. `size` is how large a
    test may be that can be of any size; `at_once` of them run beside each other."""

    tests: tuple[str, ...]
    rounds: int
    limit_s: float
    size: int = 0
    at_once: int = 2

    def first_seeds(self) -> list[int]:
        """The first seed of each round, never one of the suite's."""
        return [(1 + number) * OF_THE_SUITE for number in range(self.rounds)]


DRILLS: Final[Mapping[str, Drill]] = {
    "simulation": Drill(("tests/simulation",), rounds=2, limit_s=1800.0),
    "short": Drill(
        ("tests/simulation/test_kernel.py::test_no_crash_and_no_lost_answer_breaks_a_promise[0]",),
        rounds=1,
        limit_s=300.0,
    ),
    "activities": Drill(("tests/system/test_activities.py",), rounds=1, limit_s=900.0, size=5000, at_once=1),
}


def main(names: list[str]) -> int:
    """Run these drills; without a name, the simulation. The exit code: 0 when all have passed."""
    unknown = [name for name in names if name not in DRILLS]
    if unknown:
        print(f"there is no drill {unknown[0]}: choose from {', '.join(DRILLS)}", file=sys.stderr)
        return 2
    return max(_run(name, DRILLS[name]) for name in names or ["simulation"])


def _run(name: str, drill: Drill) -> int:
    ends_s = time.monotonic() + drill.limit_s
    for first in drill.first_seeds():
        command = [sys.executable, "-m", "pytest", "-q", "-n", f"{drill.at_once}", *drill.tests]
        environment = {**os.environ, "FIRST_SEED": f"{first}", "DRILL_SIZE": f"{drill.size}"}
        print(f"drill {name}: FIRST_SEED={first} pytest {' '.join(drill.tests)}", flush=True)
        try:
            done = subprocess.run(command, env=environment, timeout=max(1.0, ends_s - time.monotonic()), check=False)
        except subprocess.TimeoutExpired:
            print(f"drill {name}: not done within {drill.limit_s:g} s", file=sys.stderr)
            return 1
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
