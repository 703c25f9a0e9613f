"""One rule over the journal: what was told is not told again, and the rest is told once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec

from actors.kernel.contract.entity import Letter, Principal, Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.kernel.effects.react import Replayed, RuleReplay
from tests.simulation.loop import run
from tests.simulation.world import World
from tests.unit.kernel.ledger import QUOTING, LedgerKind, Marked, Pages, Seen, Strike, Write

QUOTES = "ledger:z"


async def submit(world: World, command: msgspec.Struct, entity: str, user: str = "ann") -> Any:
    reply = await world.regions["g1"].submit(entity, command, by=Principal(user), timeout_s=60)
    return msgspec.json.decode(reply.data)


async def quotes(world: World) -> list[str]:
    return sorted(text for _, text in await submit(world, Pages(), QUOTES))


async def react(world: World, rule: AnyReaction = QUOTING, *, since_ms: int = 0, dry_run: bool = False) -> Replayed:
    return await RuleReplay(world.sound, LedgerKind(), rule).run(since_ms=since_ms, dry_run=dry_run)


def played(scenario: Callable[[World], Awaitable[Any]], *rules: AnyReaction) -> None:
    world = World(1, rate=0.0, reactions=rules)

    async def main() -> None:
        await world.start()
        await world.region("g1")
        await scenario(world)

    run(world.loop, main())


async def switched_on(world: World) -> None:
    """From now on the rule is evaluated."""
    world.reactions = (QUOTING,)
    for name in list(world.shards):
        await world.kill(name)
        await world.start_shard(name)


def test_what_happened_before_the_rule_is_told_once_and_what_was_told_is_not_told_again() -> None:
    async def scenario(world: World) -> None:
        for room in ("ledger:a", "ledger:b"):
            await submit(world, Write(f"early in {room}", quote=QUOTES), room)
        await switched_on(world)
        await submit(world, Write("late", quote=QUOTES), "ledger:a")
        await asyncio.sleep(2)
        assert await quotes(world) == ["quote of late"]

        assert await react(world, dry_run=True) == Replayed(entities=3, events=4, told=1, owed=2)
        await asyncio.sleep(30)
        assert await quotes(world) == ["quote of late"]  # it was only counted

        for _ in range(2):
            await react(world)
        await asyncio.sleep(30)
        everything = ["quote of early in ledger:a", "quote of early in ledger:b", "quote of late"]
        assert await quotes(world) == everything

        again = await react(world)
        await asyncio.sleep(30)
        assert (again.told, again.owed) == (3, 0)
        assert await quotes(world) == everything

    played(scenario)


def test_the_twin_whose_ids_are_not_the_event_s_alone_tells_everything_again() -> None:
    """A rule under another name: what a replay would do if its ids were those of a deployment."""

    async def scenario(world: World) -> None:
        await submit(world, Write("once", quote=QUOTES), "ledger:a")
        await asyncio.sleep(2)
        assert (await react(world, replace(QUOTING, name="renamed"))).owed == 1
        await asyncio.sleep(30)
        assert await quotes(world) == ["quote of once"] * 2

    played(scenario, QUOTING)


def test_it_begins_where_it_is_told_to() -> None:
    async def scenario(world: World) -> None:
        await submit(world, Write("old", quote=QUOTES), "ledger:a")
        await submit(world, Write("old", quote=QUOTES), "ledger:b")
        await asyncio.sleep(100)
        since_ms = world.clock.now_ms()
        await submit(world, Write("new", quote=QUOTES), "ledger:a")
        assert await react(world, since_ms=since_ms) == Replayed(entities=1, events=1, owed=1)
        await asyncio.sleep(30)
        assert await quotes(world) == ["quote of new"]

    played(scenario)


def test_what_was_deleted_meanwhile_is_not_quoted() -> None:
    async def scenario(world: World) -> None:
        await submit(world, Write("regretted", quote=QUOTES), "ledger:a")
        await submit(world, Strike(1), "ledger:a")
        await asyncio.sleep(2)
        assert await react(world) == Replayed(entities=1, events=1)

    played(scenario)


def test_notes_keep_their_ids_too() -> None:
    """Several notes of one turn: a replay counts them as the turn did."""

    def tell_mark(entity_id: str, recorded: Recorded[Marked]) -> Owed:
        return Owed([Letter(QUOTES, msgspec.msgpack.encode(Write(f"by {recorded.event.author}")))])

    rule = Reaction("tell_mark", "ledger", Marked, tell_mark, ("ledger",))

    async def scenario(world: World) -> None:
        await submit(world, Write("one"), "ledger:a")
        await asyncio.gather(*(submit(world, Seen(1), "ledger:a", user) for user in ("bob", "cyd", "dan")))
        await asyncio.sleep(2)
        assert await react(world, rule) == Replayed(entities=2, events=3, told=3)

    played(scenario, rule)


def test_an_event_that_the_rule_cannot_read_costs_nobody_else() -> None:
    def picky(entity_id: str, recorded: Recorded[Any]) -> Owed:
        if recorded.event.secret == b"odd":
            raise ZeroDivisionError
        return Owed([Letter(QUOTES, msgspec.msgpack.encode(Write("told")))] if entity_id != QUOTES else [])

    async def scenario(world: World) -> None:
        for text in ("one", "odd", "two"):
            await submit(world, Write(text), "ledger:a")
        rule = Reaction("picky", "ledger", QUOTING.event, picky, ("ledger",))
        assert await react(world, rule) == Replayed(entities=1, events=3, owed=2, failed=1)
        await asyncio.sleep(30)
        assert await quotes(world) == ["told", "told"]

    played(scenario)
