"""`carewire react`: what follows from what has happened already."""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.kernel.contract.reactions import AnyReaction
    from actors.kernel.effects.react import Replayed
    from config.settings import Settings

HELP = "Go over the journal with one rule of docs/workflows.md; what was told before is not told again."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("rule", help="its name, as in docs/workflows.md")
    parser.add_argument("--since", required=True, metavar="TIME", help="2026-11-28, or 2026-11-28T09:30:00Z (UTC)")
    parser.add_argument("--dry-run", action="store_true", help="only count what would be told")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Owe what the rule owes. 0: done, 1: the rule met a bug with some events; the others are done."""
    from common.errors import StartupError, Unavailable
    from common.logs import configure_logging
    from serve_app.cli.lib.options import settings_of
    from serve_app.launch.preflight import find_data_dir
    from serve_app.launch.secrets import find_master_keys

    rule, since_ms = _rule(options.rule), _since_ms(options.since)
    settings = settings_of(options)
    if not dict(settings.features).get(rule.feature, True):
        raise StartupError(f"{rule.name} is a rule of {rule.feature}, which is off; switch it on first.")
    configure_logging("WARNING", settings.log.format)
    find_data_dir(settings)
    find_master_keys(settings)
    try:
        done = asyncio.run(_react(settings, rule, since_ms, dry_run=options.dry_run))
    except Unavailable as error:
        raise StartupError(f"{error.message} What is owed so far stays owed; run it again.") from None
    owed = "would be told now" if options.dry_run else "told now, or as soon as Carewire runs"
    sys.stdout.write(
        f"{rule.name}: events {done.events} (of {done.entities} entities); letters told before {done.told}, "
        f"{owed} {done.owed}.\n"
    )
    if done.failed:
        sys.stderr.write(f"carewire: the rule failed for {done.failed} events; the log names them.\n")
    return 1 if done.failed else 0


def _rule(name: str) -> "AnyReaction":
    from actors.workflows.table import all_reactions
    from common.errors import StartupError

    rules = {rule.name: rule for rule in all_reactions()}
    if name not in rules:
        raise StartupError(f"There is no rule {name!r}; there are {', '.join(sorted(rules))}.")
    return rules[name]


def _since_ms(text: str) -> int:
    from datetime import UTC, datetime

    from common.errors import StartupError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StartupError("--since is a day or a time in ISO 8601: 2026-11-28, or 2026-11-28T09:30:00Z.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


async def _react(settings: "Settings", rule: "AnyReaction", since_ms: int, *, dry_run: bool) -> "Replayed":
    from actors.kernel.effects.react import RuleReplay
    from serve_app.cli.upkeep.rebuild_projections import with_database
    from serve_app.cluster.spec import CarewireSpec

    async with AsyncExitStack() as stack:
        recipe = CarewireSpec(await with_database(settings, stack))
        stores = await recipe.open()
        stack.callback(stores.close)
        kinds = {kind.name: kind for pool in recipe.pools for kind in recipe.kinds(pool)}
        return await RuleReplay(stores, kinds[rule.kind], rule).run(since_ms=since_ms, dry_run=dry_run)
