"""`carewire activities`: calls to partners that are owed; try one again, or drop it."""

import argparse
import json
import sys
from typing import Any, Final
from urllib.parse import urlencode

from serve_app.cli.lib.calling import NotRunning, add_api, call

HELP = "Show calls to partners that wait, are put off, or are dead; retry one, or drop it."

_PATH: Final = "/api/operations/activities"
_MOST: Final = 1000  # that are shown
_COLUMNS: Final = ("id", "connector", "state", "entity", "attempts", "created_at", "due_at", "reason")


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("action", nargs="?", choices=["retry", "drop"], help="without it, they are listed")
    parser.add_argument("id", nargs="?", help="which one to retry or to drop: atv_...")
    parser.add_argument("--connector", help="list only those of this connector")
    parser.add_argument("--state", choices=["waiting", "parked", "dead"], help="list only those in this state")
    parser.add_argument("--reason", help="why it is dropped; it is in the audit record")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_api(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the API, and print what it says. 0: done, 1: nobody to ask, or refused, 2: wrong use."""
    if wrong := _wrong(options):
        sys.stderr.write(f"carewire: {wrong}\n")
        return 2
    try:
        if options.action is None:
            return _list(options)
        body = {"reason": options.reason} if options.action == "drop" else None
        activity = call(options, "POST", f"{_PATH}/{options.id}/{options.action}", body)["activity"]
    except NotRunning as error:
        sys.stderr.write(f"carewire: {error}\n")
        return 1
    sys.stdout.write(json.dumps(activity, indent=2) + "\n" if options.json else _table([activity]))
    return 0


def _wrong(options: argparse.Namespace) -> str | None:
    if options.action is not None and options.id is None:
        return f"say which one: carewire activities {options.action} ID."
    if options.action == "drop" and not options.reason:
        return "say why: carewire activities drop ID --reason TEXT."
    return None


def _list(options: argparse.Namespace) -> int:
    asked = {name: value for name in ("connector", "state") if (value := getattr(options, name))}
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None and len(rows) < _MOST:
        query = asked | {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = call(options, "GET", f"{_PATH}?{urlencode(query)}")
        rows += page["activities"]
        cursor = page.get("next_cursor")
    sys.stdout.write(json.dumps(rows, indent=2) + "\n" if options.json else _table(rows))
    if cursor is not None:
        sys.stderr.write(f"carewire: these are the first {len(rows)}; there are more.\n")
    return 0


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [[column.upper() for column in _COLUMNS]]
    lines += [[_cell(row.get(column)) for column in _COLUMNS] for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(_COLUMNS))]
    return "".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return f"{value['code']}: {value['message']}"
    return "" if value is None else str(value)
