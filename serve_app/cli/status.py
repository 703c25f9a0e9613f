"""`carewire status`: every process of Carewire, on every node."""

import argparse
import json
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from config.settings import Settings

HELP = "Show every shard, gateway and service, and what each is doing."

_TIMEOUT_S: Final = 10.0
_TOKEN_S: Final = 60.0
_COLUMNS: Final = ("name", "kind", "status", "node", "pid", "entities", "queued", "sockets", "lag_ms", "memory_mb")


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.options import add_data_dir

    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--url", help="of the REST API, if not the one of this data directory")
    parser.add_argument("--token", help="an admin's token, where another issuer signs (CAREWIRE_AUTH__JWKS_URL)")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the API, print a table."""
    from serve_app.cli.options import settings_of

    settings = settings_of(options)
    url = options.url or _url(settings)
    if url is None:
        sys.stderr.write(f"carewire: nothing is running in {settings.data_dir}; `carewire up` starts it.\n")
        return 1
    try:
        rows = _fetch(url, options.token or _admin_token(settings))
    except OSError as error:
        reason = _reason(error)
        sys.stderr.write(f"carewire: {url} does not answer ({reason}).\n")
        return 1
    sys.stdout.write(json.dumps(rows, indent=2) + "\n" if options.json else _table(rows))
    return 0


def _url(settings: "Settings") -> str | None:
    from serve_app.runfile import RunFile

    running = RunFile(settings.data_dir).running()
    return None if running is None else running.urls.get("REST API")


def _admin_token(settings: "Settings") -> str:
    from config.clock import SystemClock
    from config.errors import StartupError
    from config.tokens import Expected, mint
    from serve_app.secrets import auth_secret

    secret = auth_secret(settings)
    if secret is None:
        raise StartupError("Another issuer signs the tokens here: give an admin's token with --token.")
    expected = Expected(settings.auth.issuer, settings.auth.audience)
    now_ms = SystemClock().now_ms()
    return mint(secret, user="carewire-cli", role="admin", now_ms=now_ms, ttl_s=_TOKEN_S, expected=expected)


def _fetch(url: str, token: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(f"{url}/api/status", headers={"Authorization": f"Bearer {token}"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the environment names
    with direct.open(request, timeout=_TIMEOUT_S) as response:
        rows: list[dict[str, Any]] = json.load(response)
        return rows


def _reason(error: OSError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        try:
            return str(json.load(error)["detail"])
        except (ValueError, KeyError):
            return str(error)
    return str(getattr(error, "reason", error))


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [[column.upper() for column in _COLUMNS]]
    lines += [["" if row.get(column) is None else str(row[column]) for column in _COLUMNS] for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(_COLUMNS))]
    return "".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )
