"""`carewire token`: signed tokens for development and load tests; `carewire token whois`: who somebody is here."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import StartupError

if TYPE_CHECKING:
    from config.settings import Settings

HELP = "Print a signed token (JWT), or write many of them; or tell the user id of another issuer's user."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    _configure_whois(parser.add_subparsers(dest="action", metavar="whois"))
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--user", help="user id (`sub`)")
    who.add_argument("--count", type=int, metavar="N", help="make N tokens, for users PREFIX0, PREFIX1, ...")
    parser.add_argument("--prefix", default="user-", help="user ids of --count begin with this")
    parser.add_argument("--role", help="client, therapist, moderator or admin")
    parser.add_argument("--device", help="device id")
    parser.add_argument("--ttl", type=float, default=3600.0, metavar="SECONDS", help="how long it is good (3600)")
    parser.add_argument("--out", type=Path, metavar="FILE", help='write {"user": ..., "token": ...} a line there')
    add_data_dir(parser)


def _configure_whois(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The options of `carewire token whois`."""
    about = "Print the user id here of another issuer's user."
    whois = actions.add_parser("whois", help=about, description=about)
    whois.add_argument("subject", metavar="SUB", help="the `sub` of their tokens")
    whois.add_argument("--issuer", metavar="ISS", help="the `iss` of their tokens, instead of CAREWIRE_AUTH__ISSUER")


def run(options: argparse.Namespace) -> int:
    """Mint and print, or look up."""
    from serve_app.cli.lib.options import settings_of

    if options.action == "whois":
        return _whois(options)
    if options.role is None or (options.user is None) == (options.count is None):
        raise StartupError("Say whose token: --role, and --user or --count.")
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


def _whois(options: argparse.Namespace) -> int:
    from common.ids import foreign_id
    from serve_app.cli.lib.options import settings_of

    issuer = settings_of(options).auth.issuer if options.issuer is None else options.issuer
    try:
        sys.stdout.write(foreign_id(issuer or "", options.subject) + "\n")
    except UnicodeEncodeError:
        raise StartupError("SUB is not text that a token can hold.") from None
    return 0


def _signer(options: argparse.Namespace, settings: "Settings") -> Callable[[str], str]:
    from common.auth.tokens import Expected, mint
    from common.clock import SystemClock
    from serve_app.launch.secrets import auth_secret

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
