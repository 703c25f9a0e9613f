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
_Tokens = tuple[list[tuple[str, str]], str, list[tuple[str, str]]]  # of users, an administrator, therapists


@dataclass(frozen=True, slots=True)
class Target:
    """A Socket.IO address, and a token for each user there is. `admin`: that of an administrator. `therapists`: theirs,
    by themselves."""

    url: str
    tokens: Sequence[tuple[str, str]]  # (user, token)
    admin: str
    therapists: Sequence[tuple[str, str]]


def find(url: str | None, tokens: Path | None, *, users: int) -> Target:
    """The server at `url` with the tokens of a file that `carewire token --count --out` wrote; without them the one
    that runs in the data directory (CAREWIRE_DATA_DIR), whose secret makes the tokens.

    Raises:
        StartupError: there is no such server, or there are not enough tokens. The message says what to do.
    """
    found_url = url or _running_url()
    found, admin, therapists = _mint(users) if tokens is None else _split(_read(tokens))
    if len(found) < users:
        raise StartupError(
            f"{tokens} holds {len(found)} tokens for {users} users: carewire token --count {users} --prefix load- "
            f"--role client --out {tokens}"
        )
    return Target(found_url, found, admin, therapists)


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


def _mint(users: int) -> _Tokens:
    settings = load_settings()
    secret = auth_secret(settings)
    if secret is None:
        raise StartupError("Another issuer signs the tokens of this server (CAREWIRE_AUTH__JWKS_URL): give --tokens.")
    now_ms = SystemClock().now_ms()
    expected = Expected(settings.auth.issuer, settings.auth.audience)

    def token(name: str, role: str) -> str:
        return mint(secret, user=name, role=role, now_ms=now_ms, ttl_s=_TTL_S, expected=expected)

    found = [(name := f"load-{number}", token(name, "client")) for number in range(users)]
    therapists = [(name := f"load-therapist-{number}", token(name, "therapist")) for number in range(users)]
    return found, token("load-admin", "admin"), therapists


def _split(found: list[tuple[str, str]]) -> _Tokens:
    """The last one is an administrator's, where somebody put one there; those of therapists say that they are."""
    therapists = [one for one in found if _role_in(one[1]) == "therapist"]
    return [one for one in found if one not in therapists], found[-1][1] if found else "", therapists


def _read(path: Path) -> list[tuple[str, str]]:
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        return [(line["user"], line["token"]) for line in lines]
    except (OSError, ValueError, KeyError, TypeError):
        raise StartupError(
            f"{path} is no file of tokens: make one with `carewire token --count N --out {path}`."
        ) from None


def _role_in(token: str) -> str:
    """The role that a token names, unchecked: the server checks it. "": it names none."""
    try:
        claims = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["role"])
    except (IndexError, KeyError, TypeError, ValueError):
        return ""
