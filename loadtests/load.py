"""`make load`: a short locust run against a running server, and what came of it in a few lines.

python -m loadtests.load [--users 20] [--seconds 20] [--kinds ChatUser ...] [--host URL --tokens FILE]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from common.errors import StartupError
from loadtests.lib.target import find

LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
KINDS: Final = (
    "ChatUser",
    "PresenceUser",
    "MixedUser",
    "SearchUser",
    "MeetingUser",
    "WorksheetUser",
    "PayingUser",
    "TellingUser",
    "BroadcastingUser",
    "RingingUser",
)
_GRACE_S: Final = 60.0


def main() -> int:
    """0: every ack was good and in time. 1: some were not. 2: there is nothing to talk to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--kinds", nargs="+", default=["ChatUser"], choices=KINDS, help="of users, in equal numbers")
    parser.add_argument("--host", metavar="URL", help="of the Socket.IO front, if not that of this data directory")
    parser.add_argument(
        "--tokens", type=Path, metavar="FILE", help="as `carewire token --count N --out FILE` writes it"
    )
    args = parser.parse_args()
    try:
        target = find(args.host, args.tokens, users=args.users)
    except StartupError as error:
        print(f"carewire: {error}", file=sys.stderr)
        return 2
    print(f"{args.users} users for {args.seconds} s at {target.url} ...", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "stats"
        done = subprocess.run(_command(args, target.url, report), timeout=args.seconds + _GRACE_S, check=False)
        rows = _rows(report)
    if not rows:
        print(f"carewire: locust ended with code {done.returncode} and without a report.", file=sys.stderr)
        return 2
    print(summary(rows, args.seconds))
    return 1 if any(row["num_failures"] for row in rows) else 0


def summary(rows: list[dict[str, Any]], seconds: float) -> str:
    """For people: a line for each kind of request, and one for all."""
    lines = [f"{'':<22}{'count':>8}{'failed':>8}{'per s':>9}{'p50 ms':>9}{'p99 ms':>9}"]
    for row in sorted(rows, key=lambda row: (row["method"], row["name"])):
        p50_ms, p99_ms = (_percentile(row["response_times"], share) for share in (0.5, 0.99))
        name = f"{row['method']} {row['name']}"
        rate = row["num_requests"] / seconds
        lines.append(
            f"{name:<22}{row['num_requests']:>8}{row['num_failures']:>8}{rate:>9.1f}{p50_ms:>9.0f}{p99_ms:>9.0f}"
        )
    failed = sum(row["num_failures"] for row in rows)
    lines.append(f"{failed} failed, late or out of order" if failed else "every ack was good and in time")
    return "\n".join(lines)


def _command(args: argparse.Namespace, url: str, report: Path) -> list[str]:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "--host", url]
    command += ["--users", str(args.users), "--spawn-rate", str(max(1, args.users // 2)), "--loglevel", "WARNING"]
    command += ["--run-time", f"{args.seconds}s", "--stop-timeout", "5", "--json-file", str(report)]
    command += ["--tokens", str(args.tokens)] if args.tokens is not None else []
    return [*command, *args.kinds]


def _rows(report: Path) -> list[dict[str, Any]]:
    written = report.with_name(report.name + ".json")
    if not written.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(written.read_text())
    return rows


def _percentile(times: Mapping[str, int], share: float) -> float:
    """Of locust's histogram: rounded ms -> how many."""
    wanted = share * sum(times.values())
    seen = 0
    for time_ms, many in sorted((float(time_ms), many) for time_ms, many in times.items()):
        seen += many
        if seen >= wanted:
            return time_ms
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
