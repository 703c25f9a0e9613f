"""What rules owe, in a world where everything that can fail does: once, sealed, and nothing of it is lost."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import Letter, Principal, Recorded
from actors.kernel.contract.reactions import Owed, Reaction, mark_of, owed_by
from actors.kernel.effects.postman import LETTERS, UNHOSTED
from actors.kernel.effects.react import RuleReplay
from actors.kernel.history.codec import Codec
from common.errors import NotFound, Unavailable
from store.ports.activities import State
from tests.simulation.loop import run
from tests.simulation.seeds import seeds
from tests.simulation.test_kernel import ROOMS, a_killer, a_mover, insist
from tests.simulation.world import World
from tests.unit.kernel.ledger import QUOTING, LedgerKind, Strike, Write, Written

QUOTES = "ledger:z"


def write_to_nobody(entity_id: str, recorded: Recorded[Written]) -> Owed:
    """A sealed letter to a kind that nobody hosts."""
    event = recorded.event
    assert event.secret is not None
    return Owed([Letter("nobody:1", b"\x80", event.secret, event.author)] if event.quote else [])


def ask_the_impossible(entity_id: str, recorded: Recorded[Written]) -> Owed:
    """A letter that its receiver refuses for good."""
    return Owed([Letter("ledger:y", msgspec.msgpack.encode(Strike(999)))] if recorded.event.quote else [])


RULES = (
    QUOTING,
    Reaction("write_to_nobody", "ledger", Written, write_to_nobody, ("nobody",)),
    Reaction("ask_the_impossible", "ledger", Written, ask_the_impossible, ("ledger",)),
)


async def a_writer(world: World, region: str, user: str, commands: int) -> None:
    """Writes, and repeats whatever was not answered, with the same id."""
    for number in range(commands):
        room = world.random.choice(ROOMS)
        quote = QUOTES if world.random.random() < 0.6 else ""
        text = f"canary/{user}/{number}"
        await insist(world, region, room, Write(text, quote=quote), Principal(user), f"{user}:{number}")
        await asyncio.sleep(world.random.random() * 0.1)


async def a_run(world: World, *, deaths: int, sizes: tuple[int, ...] = ()) -> None:
    await world.start()
    for name in ("g1", "g2"):
        await world.region(name)
    await asyncio.gather(
        a_writer(world, "g1", "ann", 6),
        a_writer(world, "g2", "bob", 6),
        a_killer(world, deaths),
        a_mover(world, sizes),
    )
    world.dice.rate = 0.0
    await nothing_owed(world)
    await check(world)


async def nothing_owed(world: World) -> None:
    for _ in range(3_000):
        await asyncio.sleep(0.1)
        if not await world.sound.journal.unsettled(range(256), limit=1):
            return
    raise AssertionError("turns are still unsettled")


async def written(world: World, room: str) -> list[Recorded[Any]]:
    turns = await world.sound.journal.turns(room, after=0, limit=10_000)
    return await Codec(LedgerKind(), world.sound.vault).opened(room, turns)


async def expected(world: World, rule: Reaction[Any]) -> Counter[bytes]:
    """The ids of the letters that the journal entails."""
    found: Counter[bytes] = Counter()
    for room in ROOMS:
        for one in await written(world, room):
            if one.seq:
                found.update(command_id for command_id, _ in owed_by([rule], room, one, mark_of(one, 0)).letters)
    return found


async def check_quotes(world: World) -> None:
    quoted = Counter([one.event.secret.decode() for one in await written(world, QUOTES)])
    events = [one.event for room in ROOMS for one in await written(world, room)]
    said = Counter([f"quote of {event.secret.decode()}" for event in events if event.quote])
    assert quoted == said, "each quote arrives once, with its text"


async def check(world: World) -> None:
    await check_quotes(world)
    await check_kept(world, "parked", UNHOSTED, await expected(world, RULES[1]))
    await check_kept(world, "dead", NotFound.code, await expected(world, RULES[2]))


async def check_kept(world: World, state: State, code: str, wanted: Counter[bytes]) -> None:
    records = await world.sound.activities.page(connector=LETTERS, state=state, limit=10_000)
    assert Counter(record.id for record in records) == wanted
    assert {record.code for record in records} <= {code}
    assert not [record for record in records if b"canary" in record.packed], "a sealed text lies in the clear"


@pytest.mark.parametrize("block", range(4))
def test_what_rules_owe_is_done_once_or_kept_whatever_fails(block: int) -> None:
    for seed in seeds(50, block=block):
        world = World(seed, reactions=RULES)
        try:
            run(world.loop, a_run(world, deaths=2, sizes=(3, 2) if seed % 2 else ()))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


async def a_replay(world: World) -> None:
    """`carewire react`, again and again until it comes to its end, beside everything else."""
    while True:
        try:
            await RuleReplay(world.stores, LedgerKind(), QUOTING).run(since_ms=0)
        except Unavailable:
            continue
        return


async def a_late_rule(world: World) -> None:
    """A rule that is there from the middle on, and goes over the journal while people write and shards die."""
    await world.start()
    for name in ("g1", "g2"):
        await world.region(name)
    await asyncio.gather(a_writer(world, "g1", "ann", 4), a_writer(world, "g2", "bob", 4))
    world.reactions = (QUOTING,)
    for name in sorted(world.shards):
        await world.kill(name)
        await world.start_shard(name)
    await asyncio.gather(
        a_writer(world, "g1", "cyd", 4), a_writer(world, "g2", "dan", 4), a_killer(world, 2), a_replay(world)
    )
    await a_replay(world)  # of what was written before the first shard knew the rule, nothing is left out
    world.dice.rate = 0.0
    for _ in range(100):
        await asyncio.sleep(10)
        if not await world.sound.activities.page(connector=LETTERS, limit=1):
            break
    await nothing_owed(world)
    await check_quotes(world)


@pytest.mark.parametrize("block", range(2))
def test_a_replay_tells_each_once_whatever_fails(block: int) -> None:
    for seed in seeds(50, block=block):
        world = World(seed)
        try:
            run(world.loop, a_late_rule(world), limit_s=3_000)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
