"""`carewire audit verify`: has anybody touched the audit record?"""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from serve_app.capabilities.audit.chain import ChainVerdict, Head

HELP = "Verify the audit record: every entry must follow from the one before."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("what", choices=["verify"])
    parser.add_argument("--head", metavar="N:HASH", help="a head printed earlier, which must lie on the chain")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Print the head, or where the chain is broken. 0: whole, 1: broken."""
    from common.errors import StartupError, Unavailable
    from common.logs import configure_logging
    from serve_app.capabilities.audit.chain import parse_head
    from serve_app.cli.lib.options import settings_of
    from serve_app.launch.preflight import find_data_dir

    settings = settings_of(options)
    configure_logging("WARNING", settings.log.format)
    find_data_dir(settings)
    try:
        expected = None if options.head is None else parse_head(options.head)
        verdict = asyncio.run(_verify(settings, expected))
    except ValueError:
        raise StartupError("--head is what this command printed before: N:HASH.") from None
    except Unavailable as error:
        raise StartupError(error.message) from None
    if verdict.broken_at:
        sys.stdout.write(f"BROKEN at entry {verdict.broken_at}: {verdict.why}. Good up to {verdict.head}.\n")
        return 1
    sys.stdout.write(f"The audit record is whole: {verdict.head.number} entries. Note its head down:\n{verdict.head}\n")
    return 0


async def _verify(settings: "Settings", expected: "Head | None") -> "ChainVerdict":
    from common.clock import SystemClock
    from serve_app.capabilities.audit.record import AuditRecord
    from serve_app.cli.upkeep.rebuild_projections import with_database
    from store.mongo.client import open_client

    async with AsyncExitStack() as stack:
        settings = await with_database(settings, stack)
        assert settings.mongo.url is not None
        client = open_client(settings.mongo.url.get_secret_value(), timeout_s=settings.mongo.timeout_s)
        stack.callback(client.close)
        return await AuditRecord(client[settings.mongo.database], SystemClock()).verify(expected)
