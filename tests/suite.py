"""`make test`: the whole suite in three phases; at the end what did not run and why, what failed, and a summary line.

What needs only itself runs on all cores; what starts the whole program runs alone afterwards; what kills parts of it
under load comes last, beside nothing that other tests have started, because it measures pauses.

`--cover` measures the coverage of the first phase, alone: tracing costs a third of its time.
"""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PHASES: Final[tuple[tuple[list[str], list[str]], ...]] = (
    (
        ["tests/unit", "tests/contract", "tests/simulation", "tests/integration"],
        ["-n", "2"],
    ),
    (["tests/system"], []),
    (["tests/chaos"], []),
)
SLOWEST: Final = "--durations=20"  # the tests to look at when the suite takes too long
COVER: Final = ("--cov", "--cov-report=term:skip-covered")
_COUNTED: Final = ("failures", "errors", "skipped")
_TOLD: Final = 300  # characters of what a failed test says


def main() -> int:
    """Run all phases, whatever becomes of one. The exit code: 0 when every test has passed."""
    cover = "--cover" in sys.argv[1:]
    phases = [(PHASES[0][0], [*PHASES[0][1], *COVER])] if cover else PHASES
    began, code = time.monotonic(), 0
    totals = {"passed": 0, "failures": 0, "errors": 0, "skipped": 0}
    idle: dict[str, list[str]] = {}
    broken: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as directory:
        for number, (paths, options) in enumerate(phases):
            report = Path(directory) / f"{number}.xml"
            command = [sys.executable, "-m", "pytest", "-q", SLOWEST, f"--junitxml={report}", *paths, *options]
            code = max(code, abs(subprocess.run(command, check=False).returncode))
            _count(report, totals, idle, broken)
    for reason, tests in sorted(idle.items()):
        print(f"not run: {reason}", *_cases(tests), sep="\n  ")
    for test, words in broken.items():
        print(f"failed: {test}", words[:_TOLD], sep="\n  ")
    counts = ", ".join(f"{count} {_name(kind)}" for kind, count in totals.items() if count or kind == "passed")
    print(f"===== {counts} in {time.monotonic() - began:.2f}s =====")
    return code


def _count(report: Path, totals: dict[str, int], idle: dict[str, list[str]], broken: dict[str, str]) -> None:
    """Add a phase to the totals, the tests that did not run to those of the same reason, and those that failed."""
    if not report.exists():
        totals["errors"] += 1
        idle.setdefault("pytest ended before it wrote its report", []).append(f"phase {report.stem}")
        return
    root = ET.parse(report).getroot()
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        for skipped in case.iter("skipped"):
            idle.setdefault(skipped.get("message") or "no reason is stated", []).append(name)
        for failure in (*case.iter("failure"), *case.iter("error")):
            broken[name] = " ".join((failure.get("message") or "").split())
    for suite in root.iter("testsuite"):
        found = {kind: int(suite.get(kind, 0)) for kind in _COUNTED}
        for kind, count in found.items():
            totals[kind] += count
        totals["passed"] += int(suite.get("tests", 0)) - sum(found.values())


def _cases(tests: list[str]) -> Iterator[str]:
    """Return a line for each test, however many cases of it there are."""
    for test, cases in Counter(test.partition("[")[0] for test in tests).items():
        yield test if cases == 1 else f"{test} ({cases} cases)"


def _name(kind: str) -> str:
    return "failed" if kind == "failures" else kind


if __name__ == "__main__":
    sys.exit(main())
