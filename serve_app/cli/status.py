"""`carewire status`: every process of Carewire, on every node."""

import argparse
import json
import sys
from typing import Any, Final

from serve_app.cli.lib.calling import NotRunning, add_api, call

HELP = "Show every shard, gateway and service, and what each is doing."

_COLUMNS: Final = (
    "name",
    "kind",
    "status",
    "node",
    "pid",
    "entities",
    "queued",
    "sockets",
    "lag_ms",
    "memory_mb",
    "age_s",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_api(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the API, print a table."""
    try:
        rows = call(options, "GET", "/api/status")
    except NotRunning as error:
        sys.stderr.write(f"carewire: {error}\n")
        return 1
    sys.stdout.write(json.dumps(rows, indent=2) + "\n" if options.json else _table(rows))
    return 0


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [[column.upper() for column in _COLUMNS]]
    lines += [["" if row.get(column) is None else str(row[column]) for column in _COLUMNS] for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(_COLUMNS))]
    return "".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )
