"""`make test`: the whole suite in two phases, and one summary line for both at the end.

What needs only itself runs on all cores; what starts the whole program, and kills parts of it under load, runs alone
afterwards, because it measures pauses.

`--cover` measures the coverage of the first phase, alone: tracing costs a third of its time.
"""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

PHASES: Final[tuple[tuple[list[str], list[str]], ...]] = (
    (
        ["tests/unit", "tests/contract", "tests/simulation", "tests/integration"],
        ["-n", "2"],
    ),
    (["tests/system", "tests/chaos"], []),
)
COVER: Final = ("--cov", "--cov-report=term:skip-covered")
_COUNTED: Final = ("failures", "errors", "skipped")


def main() -> int:
    """Run both phases, whatever becomes of the first. The exit code: 0 when every test has passed."""
    cover = "--cover" in sys.argv[1:]
    phases = [(PHASES[0][0], [*PHASES[0][1], *COVER])] if cover else PHASES
    began, code = time.monotonic(), 0
    totals = {"passed": 0, "failures": 0, "errors": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as directory:
        for number, (paths, options) in enumerate(phases):
            report = Path(directory) / f"{number}.xml"
            command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *paths, *options]
            code = max(code, abs(subprocess.run(command, check=False).returncode))
            _count(report, totals)
    counts = ", ".join(f"{count} {_name(kind)}" for kind, count in totals.items() if count or kind == "passed")
    print(f"===== {counts} in {time.monotonic() - began:.2f}s =====")
    return code


def _count(report: Path, totals: dict[str, int]) -> None:
    if not report.exists():  # the phase did not even begin
        totals["errors"] += 1
        return
    for suite in ET.parse(report).getroot().iter("testsuite"):
        found = {kind: int(suite.get(kind, 0)) for kind in _COUNTED}
        for kind, count in found.items():
            totals[kind] += count
        totals["passed"] += int(suite.get("tests", 0)) - sum(found.values())


def _name(kind: str) -> str:
    return "failed" if kind == "failures" else kind


if __name__ == "__main__":
    sys.exit(main())
