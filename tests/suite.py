"""`make test`: the whole suite in three phases; at the end what did not run and why, what failed, and a summary line.

What needs only itself runs on all cores; what starts the whole program runs alone afterwards; what kills parts of it
under load comes last, beside nothing that other tests have started, because it measures pauses.

A few tests that fail run once more, alone, at the end of their phase: on a machine that others use too, a test may be
starved once. What fails twice has failed; what fails once is told as `unsteady` with its words, for somebody to look
at. When more than a few fail, it is not the machine, and nothing is repeated.

`--cover` measures the coverage of the first phase, alone: tracing costs a third of its time.
"""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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
FEW: Final = 4  # failures of a phase that may be the machine's
_TOLD: Final = 300  # characters of what a failed test says


@dataclass(slots=True)
class Outcome:
    """What became of tests. `failed` and `unsteady`: their words; `idle`: those that did not run, by their reason."""

    passed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    unsteady: dict[str, str] = field(default_factory=dict)
    idle: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: "Outcome") -> None:
        """Those of another phase."""
        self.passed += other.passed
        self.failed |= other.failed
        self.unsteady |= other.unsteady
        for reason, tests in other.idle.items():
            self.idle.setdefault(reason, []).extend(tests)

    def repeated(self, again: "Outcome") -> None:
        """What failed has run once more."""
        for test in [test for test in self.failed if test not in again.failed]:
            self.unsteady[test] = self.failed.pop(test)
            self.passed += 1
        self.failed |= again.failed

    def lines(self) -> Iterator[str]:
        """What a reader should know, the summary last."""
        for reason, tests in sorted(self.idle.items()):
            yield "\n  ".join((f"not run: {reason}", *_cases(tests)))
        for kind, told in (("unsteady: failed once, passed alone", self.unsteady), ("failed", self.failed)):
            for test, words in told.items():
                yield f"{kind}: {test}\n  {words[:_TOLD]}"
        counts = {
            "failed": len(self.failed),
            "unsteady": len(self.unsteady),
            "skipped": sum(map(len, self.idle.values())),
        }
        yield ", ".join((f"{self.passed} passed", *(f"{count} {name}" for name, count in counts.items() if count)))


def main() -> int:
    """Run all phases, whatever becomes of one. The exit code: 0 when every test has passed."""
    cover = "--cover" in sys.argv[1:]
    phases = [(PHASES[0][0], [*PHASES[0][1], *COVER])] if cover else PHASES
    began, code, whole = time.monotonic(), 0, Outcome()
    with tempfile.TemporaryDirectory() as directory:
        for number, (paths, options) in enumerate(phases):
            phase = Path(directory) / str(number)
            became, outcome = _run([*options, *paths], phase)
            if became and 0 < len(outcome.failed) <= FEW:
                became, again = _run(["--last-failed", *paths], phase)
                outcome.repeated(again)
            code = max(code, became)
            whole.add(outcome)
    *told, summary = whole.lines()
    print(*told, f"===== {summary} in {time.monotonic() - began:.2f}s =====", sep="\n")
    return code


def _run(options: Iterable[str], phase: Path) -> tuple[int, Outcome]:
    """Run pytest. Its exit code, and what its report says. `phase`: where it remembers what has failed."""
    report = phase.with_suffix(".xml")
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", SLOWEST, f"--junitxml={report}", "-o", f"cache_dir={phase}"]
    code = abs(subprocess.run([*command, *options], check=False).returncode)
    return code, outcome_of(report)


def outcome_of(report: Path) -> Outcome:
    """What a report of pytest's (JUnit's XML) says."""
    if not report.exists():
        return Outcome(failed={f"phase {report.stem}": "pytest ended before it wrote its report"})
    outcome = Outcome()
    for case in ET.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        skipped, failures = list(case.iter("skipped")), [*case.iter("failure"), *case.iter("error")]
        for each in skipped:
            outcome.idle.setdefault(each.get("message") or "no reason is stated", []).append(name)
        for each in failures:
            outcome.failed[name] = " ".join((each.get("message") or "").split())
        outcome.passed += not skipped and not failures
    return outcome


def _cases(tests: list[str]) -> Iterator[str]:
    """Return a line for each test, however many cases of it there are."""
    for test, cases in Counter(test.partition("[")[0] for test in tests).items():
        yield test if cases == 1 else f"{test} ({cases} cases)"


if __name__ == "__main__":
    sys.exit(main())
