"""`carewire push check`: do our keys and accounts count with the push services? Nothing is pushed to anybody."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from config.settings import Settings

HELP = "Check the keys of push services, without a push."
Check = tuple[str, Callable[["Settings"], Awaitable[str]]]


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("what", choices=["check"])
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """A line for each service. 0: all that are set are good; 1: one is not."""
    from common.logs import configure_logging
    from serve_app.cli.lib.options import settings_of

    settings = settings_of(options)
    configure_logging("WARNING", settings.log.format)
    return asyncio.run(_checked(settings))


async def _checked(settings: "Settings") -> int:
    from serve_app.activities.connector import Later, Misconfigured

    worst = 0
    for name, check in _CHECKS:
        try:
            told = await check(settings)
        except (Later, Misconfigured) as error:
            told, worst = f"wrong: {error.message}", 1
        sys.stdout.write(f"{name}: {told}\n")
    return worst


async def _webpush(settings: "Settings") -> str:
    """The keys are keys: tokens can be made with each, and verified."""
    import jwt

    from serve_app.capabilities.notifications.connectors.vapid import keys_of, subject_of

    if settings.push.vapid_keys is None:
        return "ok: the key is made when Carewire starts"
    keys = keys_of(settings.push.vapid_keys.get_secret_value())
    for key in keys:
        token = jwt.encode({"sub": subject_of(settings)}, key.private, algorithm="ES256")
        jwt.decode(token, key.private.public_key(), ["ES256"])
    return f"ok: {len(keys)} keys, {keys[0].id} is the newest"


async def _fcm(settings: "Settings") -> str:
    from common.clock import SystemClock

    push = settings.push
    if push.fcm_credentials is None:
        return "not set"
    from serve_app.capabilities.notifications.connectors.fcm import FcmConnector

    connector = FcmConnector(push.fcm_credentials, push.fcm_url, SystemClock(), ca_file=push.ca_file)
    try:
        await connector.check()
    finally:
        await connector.close()
    return "ok: Firebase takes the account"


async def _apns(settings: "Settings") -> str:
    from common.clock import SystemClock

    if settings.push.apns is None:
        return "not set"
    from serve_app.capabilities.notifications.connectors import apns_connector

    connector = apns_connector(settings, SystemClock())
    try:
        await connector.check()
    finally:
        await connector.close()
    return "ok: Apple takes the key"


_CHECKS: Final[tuple[Check, ...]] = (("webpush", _webpush), ("fcm", _fcm), ("apns", _apns))
