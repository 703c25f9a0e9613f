"""`carewire token`: signed tokens for development and load tests."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import StartupError

if TYPE_CHECKING:
    from config.settings import Settings

HELP = "Print a signed token (JWT), or write many of them."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.options import add_data_dir

    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", help="user id (`sub`)")
    who.add_argument("--count", type=int, metavar="N", help="make N tokens, for users PREFIX0, PREFIX1, ...")
    parser.add_argument("--prefix", default="user-", help="user ids of --count begin with this")
    parser.add_argument("--role", required=True, help="client, therapist, moderator or admin")
    parser.add_argument("--device", help="device id")
    parser.add_argument("--ttl", type=float, default=3600.0, metavar="SECONDS", help="how long it is good (3600)")
    parser.add_argument("--out", type=Path, metavar="FILE", help='write {"user": ..., "token": ...} a line there')
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Mint and print."""
    from serve_app.cli.options import settings_of

    if options.ttl <= 0 or (options.count is not None and options.count < 1):
        raise StartupError("--ttl and --count must be above 0.")
    settings = settings_of(options)
    try:
        sign = _signer(options, settings)  # before a file is made for what it may refuse
        if options.count is None and options.out is None:
            sys.stdout.write(sign(options.user) + "\n")
            return 0
        users = [options.user] if options.count is None else [f"{options.prefix}{n}" for n in range(options.count)]
        _write(options.out, (json.dumps({"user": user, "token": sign(user)}) for user in users))
    except ValueError as error:
        raise StartupError(f"{error}.") from None
    return 0


def _signer(options: argparse.Namespace, settings: "Settings") -> Callable[[str], str]:
    from config.clock import SystemClock
    from config.tokens import Expected, mint
    from serve_app.secrets import auth_secret

    secret = auth_secret(settings)
    if secret is None:
        raise StartupError("Tokens come from the issuer of CAREWIRE_AUTH__JWKS_URL: ask it for one.")
    now_ms, expected = SystemClock().now_ms(), Expected(settings.auth.issuer, settings.auth.audience)
    return lambda user: mint(
        secret,
        user=user,
        role=options.role,
        now_ms=now_ms,
        ttl_s=options.ttl,
        device=options.device,
        expected=expected,
    )


def _write(path: Path | None, lines: Iterator[str]) -> None:
    if path is None:
        sys.stdout.writelines(line + "\n" for line in lines)
        return
    try:
        with open(path, "w", opener=partial(os.open, mode=0o600)) as file:
            file.writelines(line + "\n" for line in lines)
    except OSError as error:
        raise StartupError(f"{path} cannot be written: {error.strerror}.") from None
