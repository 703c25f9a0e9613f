"""Calls of commands to the REST API of a running Carewire, as an administrator."""

import argparse
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from config.settings import Settings

_TOKEN_S: Final = 60.0


def add_api(parser: argparse.ArgumentParser) -> None:
    """The options that say where it is, and who asks."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("--url", help="of the REST API, if not the one of this data directory")
    parser.add_argument("--token", help="an admin's token, where another issuer signs (CAREWIRE_AUTH__JWKS_URL)")
    add_data_dir(parser)


def call(options: argparse.Namespace, method: str, path: str, body: object = None, *, timeout_s: float = 10.0) -> Any:
    """The answer's JSON.

    Raises:
        NotRunning: nothing runs in this data directory, or the API refuses or does not answer. The message says which.
    """
    from serve_app.cli.lib.options import settings_of

    settings = settings_of(options)
    url = options.url or _url(settings)
    if url is None:
        raise NotRunning(f"nothing is running in {settings.data_dir}; `carewire up` starts it.")
    token = options.token or _admin_token(settings)
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    # the address is our own configuration's, http or https
    request = urllib.request.Request(f"{url}{path}", data, headers, method=method)  # noqa: S310
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the environment names
    try:
        with direct.open(request, timeout=timeout_s) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise NotRunning(f"{url} answers: {_reason(error)}") from None
    except OSError as error:
        raise NotRunning(f"{url} does not answer ({_reason(error)}).") from None


class NotRunning(Exception):
    """There is nobody to talk to, or they say no. The text is for the operator."""


def _url(settings: "Settings") -> str | None:
    from serve_app.launch.runfile import RunFile

    running = RunFile(settings.data_dir).running()
    return None if running is None else running.urls.get("REST API")


def _admin_token(settings: "Settings") -> str:
    from common.auth.tokens import Expected, mint
    from common.clock import SystemClock
    from common.errors import StartupError
    from serve_app.launch.secrets import auth_secret

    secret = auth_secret(settings)
    if secret is None:
        raise StartupError("Another issuer signs the tokens here: give an admin's token with --token.")
    expected = Expected(settings.auth.issuer, settings.auth.audience)
    now_ms = SystemClock().now_ms()
    return mint(secret, user="carewire-cli", role="admin", now_ms=now_ms, ttl_s=_TOKEN_S, expected=expected)


def _reason(error: OSError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        try:
            return str(json.load(error)["detail"])
        except (ValueError, KeyError):
            return str(error)
    return str(getattr(error, "reason", error))
