"""Which server a load test talks to, and as whom."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.auth.tokens import Expected, mint
from common.clock import SystemClock
from common.errors import StartupError
from config.loading import load_settings
from serve_app.launch.runfile import RunFile
from serve_app.launch.secrets import auth_secret

_TTL_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Target:
    """A Socket.IO address, and a token for each user there is; those of therapists by themselves."""

    url: str
    tokens: Sequence[tuple[str, str]]  # (user, token)
    therapists: Sequence[tuple[str, str]]


def find(url: str | None, tokens: Path | None, *, users: int) -> Target:
    """The server at `url` with the tokens of a file that `carewire token --count --out` wrote; without them the one
    that runs in the data directory (CAREWIRE_DATA_DIR), whose secret makes the tokens.

    Raises:
        StartupError: there is no such server, or there are not enough tokens. The message says what to do.
    """
    found_url = url or _running_url()
    found, therapists = (_mint(users, "client"), _mint(users, "therapist")) if tokens is None else _read(tokens)
    if len(found) < users:
        raise StartupError(
            f"{tokens} holds {len(found)} tokens for {users} users: carewire token --count {users} --prefix load- "
            f"--role client --out {tokens}"
        )
    return Target(found_url, found, therapists)


def _running_url() -> str:
    data_dir = load_settings().data_dir
    running = RunFile(data_dir).running()
    if running is None or not running.ready:
        state = "is not ready yet" if running is not None else "is not running"
        raise StartupError(
            f"Carewire {state} in {data_dir}: start it with `make up` in another terminal and wait for 'Carewire is "
            "ready', or name a server with --host and --tokens."
        )
    return running.urls["Socket.IO"]


def _mint(users: int, role: str) -> list[tuple[str, str]]:
    settings = load_settings()
    secret = auth_secret(settings)
    if secret is None:
        raise StartupError("Another issuer signs the tokens of this server (CAREWIRE_AUTH__JWKS_URL): give --tokens.")
    now_ms = SystemClock().now_ms()
    expected = Expected(settings.auth.issuer, settings.auth.audience)
    prefix = "load" if role == "client" else f"load-{role}"
    names = [f"{prefix}-{number}" for number in range(users)]
    return [
        (name, mint(secret, user=name, role=role, now_ms=now_ms, ttl_s=_TTL_S, expected=expected)) for name in names
    ]


def _read(path: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        found = [(line["user"], line["token"], _role_in(line["token"])) for line in lines]
    except (OSError, ValueError, KeyError, TypeError):
        raise StartupError(
            f"{path} is no file of tokens: make one with `carewire token --count N --out {path}`."
        ) from None
    others = [(user, token) for user, token, role in found if role != "therapist"]
    return others, [(user, token) for user, token, role in found if role == "therapist"]


def _role_in(token: str) -> str:
    """The role that a token names, unchecked: the server checks it."""
    claims = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["role"])
