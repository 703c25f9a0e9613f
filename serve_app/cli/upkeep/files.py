"""`carewire files check`: files against their bytes, both ways."""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from serve_app.capabilities.files.checking import StorageFindings

HELP = "Check files against their bytes; safe while Carewire runs."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("what", choices=["check"])
    parser.add_argument("--repair", action="store_true", help="delete bytes that belong to no file")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Print what is wrong, a line each. 0: nothing; 1: something is."""
    from common.logs import configure_logging
    from serve_app.cli.lib.options import settings_of
    from serve_app.launch.preflight import find_data_dir
    from serve_app.launch.secrets import find_master_keys

    settings = settings_of(options)
    configure_logging("WARNING", settings.log.format)
    find_data_dir(settings)
    find_master_keys(settings)
    found = asyncio.run(_checked(settings, repair=options.repair))
    for file_id in found.missing:
        sys.stdout.write(f"missing: the bytes of {file_id}\n")
    for blob in found.stray:
        sys.stdout.write(f"stray: {blob}{' (deleted)' if options.repair else ''}\n")
    sys.stdout.write(
        f"{found.files} files, {found.blobs} blobs: {len(found.missing)} missing, {len(found.stray)} stray\n"
    )
    return 1 if found.missing or (found.stray and not options.repair) else 0


async def _checked(settings: "Settings", *, repair: bool) -> "StorageFindings":
    from common.clock import SystemClock
    from serve_app.capabilities.files.checking import FilesCheck
    from serve_app.cli.upkeep.rebuild_projections import with_database
    from store.blobs.opening import open_blobs
    from store.mongo.client import open_client
    from store.stores import open_stores

    async with AsyncExitStack() as stack:
        found = await with_database(settings, stack)
        stores = await open_stores(found)
        stack.callback(stores.close)
        assert found.mongo.url is not None
        client = open_client(found.mongo.url.get_secret_value(), timeout_s=found.mongo.timeout_s)
        stack.callback(client.close)
        database, clock = client[found.mongo.database], SystemClock()
        blobs = await stack.enter_async_context(open_blobs(found.files, database, stores.vault, clock))
        return await FilesCheck(stores.views, database, blobs, clock).look(repair=repair)
