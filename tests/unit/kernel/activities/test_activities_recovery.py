"""Activities through another life of their shard, and with the partitions that move. In virtual time."""

import asyncio
from typing import Any

from tests.simulation.world import KEEP_S, World
from tests.unit.kernel.activities.playing import a_new_life, all_of, play, settled, texts
from tests.unit.kernel.agency import Agent, answers, send, unsettled


def test_the_next_life_of_a_shard_offers_what_was_not_answered_once() -> None:
    async def scenario(world: World) -> None:
        for number in range(4):
            await send(world, f"a{number}", lane="l" if number < 3 else "")
        offers = await Agent(world).work()
        assert sorted(texts(offers)) == ["a0", "a3"]
        world.shards["rooms-0"]._effects.activities._kept.done = lambda key, what: None  # type: ignore[method-assign]  # dies before it settles
        for offer in offers:
            await Agent(world).answer(offer)
        await a_new_life(world)
        (offer,) = await Agent(world).work(wait_ms=20_000)
        assert offer.payload == b"a1"
        await Agent(world).answer(offer)
        (offer,) = await Agent(world).work(wait_ms=1000)
        await Agent(world).answer(offer)
        assert await Agent(world).work(wait_ms=1000) == []
        await settled(world)
        assert [key for key, _ in await answers(world)] == ["a0|1|0", "a3|4|0", "a1|2|0", "a2|3|0"]

    play(scenario)


def test_a_turn_with_a_letter_is_settled_when_both_are_over() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello", tell="errand:b")
        offers = await all_of(world, {"email": 9})
        assert sorted(texts(offers)) == ["hello", "told by hello"]
        for offer in offers:
            await Agent(world).answer(offer)
        await settled(world)

    play(scenario)


def test_activities_move_with_their_partition() -> None:
    async def scenario(world: World) -> None:
        for number in range(40):
            await send(world, "a", f"errand:{number}", lane="l")
            await send(world, "b", f"errand:{number}", lane="l")
        held = await Agent(world).work()
        assert len(held) == 40
        await world.scale(2)
        await asyncio.sleep(1)
        moved = await Agent(world).work(shard="rooms-1")
        assert set(texts(moved)) == {"a"}
        assert 10 < len(moved) < 30
        for offer in [*held, *moved]:
            await Agent(world).answer(offer)
        for shard in ("rooms-0", "rooms-1"):
            for offer in await Agent(world).work(wait_ms=1000, shard=shard):
                assert offer.payload == b"b"
                await Agent(world).answer(offer)
        await settled(world)

    play(scenario)


def test_five_thousand_open_activities_are_recovered_and_delay_nobody() -> None:
    async def scenario(world: World) -> None:
        for number in range(50):
            await send(world, "a", f"errand:{number}", connector=f"c{number % 10}", copies=100)
        await a_new_life(world)
        everything = {f"c{number}": 1000 for number in range(10)}
        offers = await all_of(world, everything)
        assert len({offer.id for offer in offers}) == len(offers) == 5000
        await send(world, "hello", "errand:0")
        assert len(await Agent(world).work(wait_ms=1000)) == 1
        assert world.clock.monotonic_s() < KEEP_S

    play(scenario)


def test_unsettled_turns_are_read_to_the_end_and_once() -> None:
    async def scenario(world: World) -> None:
        await asyncio.gather(*(send(world, "a", f"errand:{number}") for number in range(1200)))
        reads = 0
        unsettled_ = world.sound.journal.unsettled

        async def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal reads
            reads += 1
            return await unsettled_(*args, **kwargs)

        world.sound.journal.unsettled = counted  # type: ignore[method-assign]
        await a_new_life(world)
        offers = await all_of(world, {"email": 5000})
        assert len({offer.id for offer in offers}) == len(offers) == 1200
        assert reads == 3

    play(scenario)


def test_a_command_is_answered_though_its_effects_meet_a_bug() -> None:
    """And its entity goes on."""

    async def scenario(world: World) -> None:
        outbox = world.shards["rooms-0"]._effects.outbox
        perform = outbox.perform

        async def broken(*args: Any, **kwargs: Any) -> None:
            raise ZeroDivisionError("a bug")

        outbox.perform = broken  # type: ignore[method-assign]
        await send(world, "hello")
        outbox.perform = perform  # type: ignore[method-assign]
        await send(world, "again")
        assert await unsettled(world) == 2
        offers = await Agent(world).work()
        await asyncio.sleep(100)  # it is found as forgotten
        offers += await Agent(world).work()
        assert sorted(texts(offers)) == ["again", "hello"]

    play(scenario)
