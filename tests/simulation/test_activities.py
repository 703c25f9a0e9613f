"""Activities in a world in which shards, runners and the network fail: closed once, in order, in time, none lost."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from actors.kernel.contract.entity import Principal
from actors.kernel.effects.activities import activities
from actors.kernel.history.codec import Codec
from common.errors import CarewireError, Unavailable
from tests.simulation.agents import Partner, Runner
from tests.simulation.loop import run
from tests.simulation.seeds import seeds
from tests.simulation.test_kernel import a_killer, a_mover
from tests.simulation.world import World
from tests.unit.kernel.errand import Answer, ErrandKind, Send, Sent

ENTITIES = ("errand:a", "errand:b", "errand:c", "errand:d")


async def a_client(world: World, user: str, commands: int) -> None:
    """Has things sent, in lanes and without, in time and too late; some are owed to somebody who will be erased."""
    for number in range(commands):
        roll = world.random.random
        wish = Send(
            text=f"{user}{number}",
            connector="email" if roll() < 0.7 else "sms",
            owner="eve" if roll() < 0.2 else "",
            lane=world.random.choice(("", "l", "m")),
            urgency=world.random.choice(("now", "soon", "bulk")),
            lifetime_ms=world.random.choice((300, 2000)) if roll() < 0.2 else None,
            copies=world.random.choice((1, 1, 3)),
            tell="errand:d" if roll() < 0.1 else "",
        )
        entity = world.random.choice(ENTITIES)
        while True:
            try:
                await world.regions["g1"].submit(entity, wish, by=Principal(user), command_id=f"{user}:{number}")
            except CarewireError as error:
                if not error.retryable:
                    raise
            else:
                break
        await asyncio.sleep(roll() * 0.1)


async def a_reaper(world: World, runners: Sequence[Runner], deaths: int) -> None:
    """Ends lives of runners."""
    for _ in range(deaths):
        await asyncio.sleep(world.random.random() * 0.6)
        runner = world.random.choice(runners)
        await runner.stop()
        await asyncio.sleep(world.random.random() * 0.3)
        await runner.begin()


async def an_eraser(world: World, partner: Partner) -> None:
    await asyncio.sleep(world.random.random())
    await world.sound.vault.erase("eve")
    partner.erased_at["eve"] = world.clock.monotonic_s()


async def a_run(
    world: World, *, deaths: int = 2, sizes: Sequence[int] = (), closing_id: bool = True, commands: int = 8
) -> Partner:
    await world.start()
    await world.region("g1")
    await world.region("answers")
    partner = Partner(world)
    runners = [Runner(world, name, partner, closing_id=closing_id) for name in ("r1", "r2")]
    for runner in runners:
        await runner.begin()
    await asyncio.gather(
        a_client(world, "ann", commands),
        a_client(world, "bob", commands),
        a_killer(world, deaths),
        a_mover(world, sizes),
        a_reaper(world, runners, deaths),
        an_eraser(world, partner),
    )
    world.dice.rate = 0.0
    try:
        await quiet(world, partner)
    finally:
        for runner in runners:
            await runner.stop()
    return partner


async def quiet(world: World, partner: Partner) -> None:
    """Wait until nothing is owed; operators retry what is dead."""
    for _ in range(2000):
        await asyncio.sleep(0.25)
        left = await world.sound.activities.page(limit=5)
        owed = await world.sound.journal.unsettled(range(256), limit=5)
        if not left and not owed:
            return
        for one in left:
            if one.state == "dead":
                partner.retried.add(one.id)
                await retry(world, one.id)
    raise AssertionError(f"something is owed for ever: {left} {owed}")


async def retry(world: World, id_: bytes) -> None:
    for shard in list(world.shards.values()):
        try:
            await shard.retry_activity(id_)
        except Unavailable:
            continue


async def history(world: World) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """What was wished for, (entity, key), and what came of it, (entity, key, outcome)."""
    wished: list[tuple[str, str]] = []
    came: list[tuple[str, str, str]] = []
    codec = Codec(ErrandKind(), world.sound.vault)
    for entity in ENTITIES:
        turns = await world.sound.journal.turns(entity, after=0, limit=100_000)
        recorded: list[Any] = await codec.opened(entity, turns)
        for one in recorded:
            if isinstance(one.event, Sent):
                wish = one.event.wish
                wished += [(entity, f"{wish.text}|{one.seq}|{copy}") for copy in range(wish.copies)]
            elif isinstance(one.event, Answer):
                came.append((entity, one.event.key, one.event.outcome))
    return wished, came


def check(world: World, partner: Partner) -> None:
    wished, came = world.loop_free(history(world))
    assert partner.faults == []
    answered = Counter((entity, key) for entity, key, _ in came)
    assert answered == Counter(wished), "not each was closed exactly once"
    done = {f"{entity}/{key}" for entity, key, outcome in came if outcome == "done"}
    assert done <= partner.done, "the entity believes what the partner has not done"


@pytest.mark.parametrize("block", range(5))
def test_each_is_closed_once_in_order_and_in_time_whatever_dies(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in seeds(20, block=block):
        monkeypatch.setattr(activities, "MOST_WAITING", 4 if seed % 3 == 0 else 1000)
        world = World(seed, kinds=(ErrandKind(),), keep_s=0.4 if seed % 2 else 20.0)
        try:
            check(world, run(world.loop, a_run(world), limit_s=900))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.parametrize("block", range(3))
def test_moving_partitions_neither_loses_nor_reorders_any(block: int) -> None:
    for seed in seeds(20, block=block):
        world = World(seed, rate=seed % 3 / 2, kinds=(ErrandKind(),), keep_s=0.4 if seed % 2 else 20.0)
        try:
            check(world, run(world.loop, a_run(world, deaths=0, sizes=(3, 1, 2)), limit_s=900))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_a_quiet_world_sends_each_once() -> None:
    world = World(1, rate=0.0, kinds=(ErrandKind(),))
    partner = run(world.loop, a_run(world, deaths=0, commands=30), limit_s=900)
    check(world, partner)
    assert set(partner.begun.values()) == {1}


def test_without_the_closing_id_an_answer_comes_twice() -> None:
    twice = 0
    for seed in seeds(25):
        world = World(seed, kinds=(ErrandKind(),))
        with suppress(AssertionError):  # some of it is owed for ever then, too
            run(world.loop, a_run(world, closing_id=False), limit_s=900)
        _, came = world.loop_free(history(world))
        twice += len(came) - len({(entity, key) for entity, key, _ in came})
    assert twice


def test_without_looking_for_earlier_ones_a_lane_loses_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities.ShardActivities, "_is_known", lambda self, lane: True)
    disorders = 0
    for seed in seeds(12):
        world = World(seed, kinds=(ErrandKind(),), keep_s=0.4)
        disorders += len(run(world.loop, a_run(world, deaths=0, sizes=(3, 1, 2)), limit_s=900).faults)
    assert disorders
