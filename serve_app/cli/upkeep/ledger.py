"""`carewire ledger check`: is every posting stored as the events say, and do the books balance? With
`--repair`, what is stored is made the same."""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from config.settings import Settings
    from serve_app.capabilities.payments.ledger.checking import LedgerFindings

HELP = "Remake the ledger from the journal and compare what is stored, or repair it; safe while Carewire runs."
_SHOWN: Final = 100
_PAUSE_S: Final = 0.2


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("what", choices=["check"])
    parser.add_argument("--repair", action="store_true", help="make what is stored what the journal says")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Print the trial balance, and what differs. 0: whole (by now), 1: something differs or does not balance."""
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
        done = asyncio.run(_check(settings, repair=options.repair))
    except Unavailable as error:
        raise StartupError(f"{error.message} Run it again.") from None
    sys.stdout.write(told(done))
    return 0 if done.whole else 1


def told(done: "LedgerFindings") -> str:
    """The findings, in lines: sums first, then what differs (the first of it), then the verdict."""
    lines = [
        f"{currency}: debit {debit}, credit {credit}{'' if debit == credit else f', DIFFERENCE {debit - credit}'}"
        for currency, (debit, credit) in done.sums.items()
    ]
    for difference in done.differences[:_SHOWN]:
        amounts = f"journal {_or_none(difference.amount)}, stored {_or_none(difference.stored)}"
        lines.append(
            f"{difference.kind} {difference.posting}"
            + (f" {difference.account} {difference.currency}: {amounts}" if difference.account else "")
        )
    if (more := len(done.differences) - _SHOWN) > 0:
        lines.append(f"... and {more} more")
    read = f"{done.postings} postings of {done.entities} bills and payees"
    if done.repaired:
        lines.append(f"Repaired, as the journal has it: {done.repaired} of {len(done.differences)} differences.")
    if done.whole:
        lines.append(f"The ledger is whole: {read}.")
    else:
        lines.append(
            f"The ledger is NOT whole: {read}, {len(done.differences)} differences. The journal is what counts: "
            "`carewire ledger check --repair` makes what is stored the same, but for an event that is `unbalanced`."
        )
    return "\n".join(lines) + "\n"


def _or_none(amount: int | None) -> str:
    return "nothing" if amount is None else str(amount)


async def _check(settings: "Settings", *, repair: bool) -> "LedgerFindings":
    from serve_app.capabilities.payments.ledger.books import Books
    from serve_app.capabilities.payments.ledger.checking import LedgerCheck
    from serve_app.cli.upkeep.rebuild_projections import with_database
    from serve_app.cluster.spec import CarewireSpec
    from store.mongo.client import open_client

    async with AsyncExitStack() as stack:
        settings = await with_database(settings, stack)
        recipe = CarewireSpec(settings)
        stores = await recipe.open()
        stack.callback(stores.close)
        assert settings.mongo.url is not None
        client = open_client(settings.mongo.url.get_secret_value(), timeout_s=settings.mongo.timeout_s)
        stack.callback(client.close)
        kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
        books = Books(client[settings.mongo.database])
        return await LedgerCheck(stores, kinds, books, lambda: asyncio.sleep(_PAUSE_S), repair=repair).run()
