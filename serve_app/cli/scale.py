"""`carewire scale`: another number of shards, while everything runs."""

import argparse
import sys
import time
from typing import Final

from serve_app.cli.lib.calling import NotRunning, add_api, call

HELP = "Change how many shards a pool has, while everything runs."
_MOVING_S: Final = 60.0  # for starting shards and moving their partitions; the server goes on in any case


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("pool", help="rooms, calendars, care; the API knows them all")
    parser.add_argument("shards", type=int, help="how many there should be")
    add_api(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the API, and wait until every partition has moved."""
    began = time.monotonic()
    try:
        path = f"/api/pools/{options.pool}"
        pool = call(options, "PUT", path, {"shards": options.shards}, timeout_s=_MOVING_S)
    except NotRunning as error:
        sys.stderr.write(f"carewire: {error}\n")
        return 1
    sys.stdout.write(f"{pool['pool']}: {', '.join(pool['shards'])} ({time.monotonic() - began:.1f} s)\n")
    return 0
