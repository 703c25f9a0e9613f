"""`carewire media`: the media workers, how many there may be, and which is to end."""

import argparse
import sys
from typing import Any

from serve_app.cli.lib.calling import NotRunning, add_api, call

HELP = "Show media workers; have one give its meetings away and end."
_PATH = "/api/operations/media"


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("act", nargs="?", choices=("drain", "limit"), help="drain NAME, or limit NUMBER a node")
    parser.add_argument("value", nargs="?", help="a worker's name, as `media-0`; a number, 0: none")
    add_api(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the API."""
    try:
        found = _asked(options)
    except NotRunning as error:
        sys.stderr.write(f"carewire: {error}\n")
        return 1
    except ValueError:
        sys.stderr.write("carewire: say which worker, or how many.\n")
        return 2
    sys.stdout.write("\n".join(lines_of(found)) + "\n")
    return 0


def _asked(options: argparse.Namespace) -> Any:
    if options.act is None:
        return call(options, "GET", _PATH)
    if options.value is None:
        raise ValueError
    body = {"drain": options.value} if options.act == "drain" else {"max_workers": int(options.value)}
    return call(options, "PUT", _PATH, body)


def lines_of(found: Any) -> list[str]:
    """The answer as a person reads it."""
    head = f"at most {found['max_workers']} a node; TURN {found['turn']}; fallback {found['fallback']}"
    rows = [
        f"{one['name']:10} {one['state']:9} {one['meetings']:4} meetings {one['participants']:4} people "
        f"{one['streams']:4} streams  {100 * one['load']:3.0f} % of a core  UDP {one['port']}  {one['node']}"
        for one in found["workers"]
    ]
    return [head, *(rows or ["no worker runs: one starts with the first meeting that needs it"])]
