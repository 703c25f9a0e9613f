"""`carewire search`: how the index is, and long work on it."""

import argparse
import sys
import time
from typing import Any, Final

from serve_app.cli.lib.calling import NotRunning, add_api, call

HELP = "Show the index of search; make it anew, compare it with its sources, change its key."
_PATH: Final = "/api/operations/search"
_DEEDS: Final = ("reindex", "check", "rotate-key")
_LOOK_S: Final = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("what", nargs="?", choices=("status", *_DEEDS), default="status")
    parser.add_argument("--repair", action="store_true", help="with check: put right what differs")
    add_api(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the API, and wait for what was begun. 0: well; 1: nobody answers, it failed, or the index differs."""
    try:
        if options.what == "status":
            sys.stdout.write("\n".join(lines_of(call(options, "GET", _PATH))) + "\n")
            return 0
        job = _over(options, _begun(options))
    except NotRunning as error:
        sys.stderr.write(f"carewire: {error}\n")
        return 1
    told = ", ".join(f"{value} {name}" for name, value in job.get("result", {}).items())
    sys.stdout.write(f"{job['kind']} {job['state']}{': ' + told if told else ''}\n")
    differs = any(job.get("result", {}).get(name) for name in ("missing", "stale", "extra"))
    return int(job["state"] != "done" or (differs and not options.repair))


def _begun(options: argparse.Namespace) -> Any:
    body = {"repair": options.repair} if options.what == "check" else {}
    return call(options, "POST", f"{_PATH}/{options.what}", body)["job"]


def _over(options: argparse.Namespace, job: Any) -> Any:
    while job["state"] in ("running", "paused"):
        time.sleep(_LOOK_S)
        job = call(options, "GET", f"/api/operations/jobs/{job['job_id']}")["job"]
    return job


def lines_of(status: Any) -> list[str]:
    """The answer as a person reads it."""
    lines = [
        f"{status['engine']} {status['index']}: {status['documents']} documents, generation {status['generation']}, "
        f"key {status['key_id']}, {status['lag_ms']} ms behind"
    ]
    if drift := status.get("drift"):
        lines.append(
            f"compared at {drift['checked_at']}: {drift['missing']} missing, {drift['stale']} stale, "
            f"{drift['extra']} extra"
        )
    if work := status.get("reindex"):
        lines.append(f"{work['state']}: {work['done']} of {work['total']} done")
    return lines
