"""`carewire rebuild-projections`: remake the read models from the journal."""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings

HELP = "Remake every read model from the journal; safe while Carewire runs."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Rebuild, with the database that runs, or that is started for it."""
    from common.errors import StartupError, Unavailable
    from common.logs import configure_logging
    from serve_app.cli.lib.options import settings_of
    from serve_app.launch.preflight import find_data_dir
    from serve_app.launch.secrets import find_master_keys

    settings = settings_of(options)
    configure_logging("WARNING", settings.log.format)
    find_data_dir(settings)
    find_master_keys(settings)
    try:
        asyncio.run(_rebuild(settings))
    except Unavailable as error:
        raise StartupError(f"{error.message} What was rebuilt so far stays; run it again.") from None
    return 0


async def _rebuild(settings: "Settings") -> None:
    from actors.kernel.history.rebuild import Rebuilt, rebuild
    from serve_app.cluster.spec import CarewireSpec

    shown = 0

    def progress(done: Rebuilt) -> None:
        nonlocal shown
        if done.entities >= shown + 1000:
            shown = done.entities
            sys.stdout.write(f"{done.entities} entities, {done.events} events ...\n")

    async with AsyncExitStack() as stack:
        recipe = CarewireSpec(await with_database(settings, stack))
        stores = await recipe.open()
        stack.callback(stores.close)
        kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
        done = await rebuild(stores, kinds, progress)
    sys.stdout.write(f"Rebuilt {done.views} views from {done.events} events of {done.entities} entities.\n")


async def with_database(settings: "Settings", stack: AsyncExitStack) -> "Settings":
    """The settings with the URL of the database; the embedded one is started if nobody else runs it.

    Raises:
        StartupError: the database is out of reach, or no one that Carewire can work with.
    """
    from serve_app.launch.runfile import RunFile
    from serve_app.launch.secrets import with_mongo_url
    from store.embedded.server import EmbeddedMongo
    from store.mongo.client import check_server, open_client

    if settings.mongo.url is not None:
        client = open_client(settings.mongo.url.get_secret_value(), timeout_s=settings.mongo.timeout_s)
        stack.callback(client.close)
        await check_server(client)
        return settings
    mongo = EmbeddedMongo(settings.mongo, settings.data_dir)
    run_file = RunFile(settings.data_dir)
    if run_file.running() is None:
        stack.enter_context(run_file.claim())
        await stack.enter_async_context(mongo)
    return with_mongo_url(settings, mongo.url)
