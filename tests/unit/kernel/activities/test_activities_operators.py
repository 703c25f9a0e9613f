"""What operators see of activities that are put off, and do with them. In virtual time."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import ActivityRow
from common.errors import Unavailable
from serve_app.capabilities.operations.activities import ActivityOperations
from store.ports.activities import ActivityRecord
from store.ports.journal import Turn
from tests.simulation.world import KEEP_S, World
from tests.unit.kernel.activities.playing import a_new_life, play, settled
from tests.unit.kernel.activities.put_off import a_dead_one, a_report, documents, state_of
from tests.unit.kernel.agency import Agent, answers, send


def test_operators_see_retry_and_drop() -> None:
    async def scenario(world: World) -> None:
        shard, agent = world.shards["rooms-0"], Agent(world)
        for text in ("a", "b"):
            await send(world, text)
        rows = await shard.activities(None, None, 9)
        assert [(row.state, row.connector, row.entity) for row in rows] == [("waiting", "email", "errand:a")] * 2
        assert await shard.activities("sms", None, 9) == []
        assert await shard.activities("email", rows[0].id, 9) == rows[1:]
        first, second = await agent.work()
        dead = protocol.RunnerReport(id=first.id, verdict="dead", code="no", message="Never.", attempts=1)
        await agent.work(reports=[dead])
        await asyncio.sleep(1)
        assert await shard.activities(None, None, 9) == [row for row in rows if row.id == second.id]
        assert await shard.retry_activity(b"-" * 16) is None
        assert state_of(await shard.retry_activity(first.id)) == "parked"
        (again,) = await agent.work(wait_ms=3000)
        assert again.id == first.id
        assert state_of(await shard.drop_activity(first.id)) == "waiting"
        assert state_of(await shard.drop_activity(second.id)) == "waiting"
        assert await shard.drop_activity(second.id) is None
        await asyncio.sleep(1)
        await settled(world)
        assert await documents(world) == []
        assert {outcome for _, outcome in await answers(world)} == {"dropped"}
        assert (await agent.answer(first)).duplicate

    play(scenario)


def test_a_dead_one_can_be_dropped_in_the_next_life() -> None:
    async def scenario(world: World) -> None:
        await send(world, "a")
        (offer,) = await Agent(world).work()
        await Agent(world).work(reports=[protocol.RunnerReport(id=offer.id, verdict="poison")])
        await asyncio.sleep(1)
        await a_new_life(world)
        assert state_of(await world.shards["rooms-0"].drop_activity(offer.id)) == "dead"
        await asyncio.sleep(1)
        assert await documents(world) == []
        assert await answers(world) == [["a|1|0", "dropped"]]

    play(scenario)


async def listed(world: World, state: str | None, limit: int = 9) -> list[tuple[str, str]]:
    """What operators see, page by page: entity, state."""
    shard, nobody = world.shards["rooms-0"], cast(Any, None)
    operations = ActivityOperations(shard, world.sound.activities, nobody, nobody, world.clock)
    rows: list[ActivityRow] = []
    while page := await operations.page("email", state, rows[-1].id if rows else None, limit):
        rows += page
    assert [row.id for row in rows] == sorted({row.id for row in rows})
    return sorted((row.entity, row.state) for row in rows)


def test_one_that_was_parked_and_is_tried_again_is_listed_as_waiting() -> None:
    async def scenario(world: World) -> None:
        for number in range(20):
            await send(world, "a", f"errand:{number}")
        await asyncio.sleep(KEEP_S + 3)
        taken = [one.entity for one in await Agent(world).work(wait_ms=2000, credits_={"email": 7})]
        left = sorted((f"errand:{number}", "parked") for number in range(20) if f"errand:{number}" not in taken)
        tried = sorted((entity, "waiting") for entity in taken)
        for limit in (1, 3, 50):
            assert await listed(world, "waiting", limit) == tried
            assert await listed(world, "parked", limit) == left
            assert await listed(world, None, limit) == sorted(left + tried)
            assert await listed(world, "dead", limit) == []

    play(scenario)


def test_one_whose_document_is_yet_to_be_written_is_listed() -> None:
    async def scenario(world: World) -> None:
        put, written = world.sound.activities.put, asyncio.Event()

        async def slow_put(activities: Sequence[ActivityRecord]) -> None:
            await written.wait()
            await put(activities)

        world.sound.activities.put = slow_put  # type: ignore[method-assign]
        await a_new_life(world)
        await send(world, "a")
        (offer,) = await Agent(world).work()
        await Agent(world).work(credits_={}, reports=[a_report(offer, world.clock.now_ms() + 60_000)])
        await asyncio.sleep(1)
        assert await listed(world, None) == await listed(world, "waiting") == [("errand:a", "waiting")]
        written.set()
        await asyncio.sleep(1)
        assert await listed(world, None) == await listed(world, "parked") == [("errand:a", "parked")]

    play(scenario)


def test_nothing_is_listed_before_all_that_earlier_lives_left_is_known() -> None:
    async def scenario(world: World) -> None:
        unsettled_of, away = world.sound.journal.unsettled, True

        async def unsettled_later(*args: Any, **more: Any) -> list[Turn]:
            if away:
                raise Unavailable("Nobody answers.")
            return await unsettled_of(*args, **more)

        await send(world, "a")
        world.sound.journal.unsettled = unsettled_later  # type: ignore[method-assign]
        await a_new_life(world)
        shard = world.shards["rooms-0"]
        for _ in range(3):
            with pytest.raises(Unavailable):
                await shard.activities(None, None, 9)
            await asyncio.sleep(1)
        away = False
        await asyncio.sleep(10)
        assert [row.entity for row in await shard.activities(None, None, 9)] == ["errand:a"]

    play(scenario)


def test_a_retry_that_cannot_be_written_is_told_so() -> None:
    """A bug is met, or the lease is lost."""

    async def scenario(world: World) -> None:
        id_ = await a_dead_one(world)
        put, error = world.sound.activities.put, Exception()

        async def failing(activities: Sequence[ActivityRecord]) -> None:
            raise error

        world.sound.activities.put = failing  # type: ignore[method-assign]
        await a_new_life(world)
        shard = world.shards["rooms-0"]
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable):
                await shard.retry_activity(id_)
        error = Unavailable("Nobody answers.")
        retried = asyncio.ensure_future(shard.retry_activity(id_))
        await asyncio.sleep(1)
        assert not retried.done()
        await shard.stop()
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable):
                await retried
        world.sound.activities.put = put  # type: ignore[method-assign]
        await a_new_life(world)
        assert state_of(await world.shards["rooms-0"].retry_activity(id_)) == "parked"

    play(scenario)


def test_levels_tell_waiting_parked_and_dead() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        await send(world, "a", copies=4)
        dead, parked, *_ = await agent.work()
        reports = [
            protocol.RunnerReport(id=dead.id, verdict="dead"),
            a_report(parked, world.clock.now_ms() + 100_000),
        ]
        await agent.work(reports=reports)
        await asyncio.sleep(1)
        request = protocol.encode(protocol.WorkRequest(runner="other"))
        levels = protocol.decode_work_result(await world.shards["rooms-0"].work(request)).levels
        assert levels == {"email": protocol.Level(2, 1, 1)}
        await asyncio.sleep(35)  # it was counted anew
        levels = protocol.decode_work_result(await world.shards["rooms-0"].work(request)).levels
        assert levels == {"email": protocol.Level(2, 1, 1)}

    play(scenario)


def test_one_whose_entity_cannot_hear_of_it_can_be_dropped() -> None:
    async def scenario(world: World) -> None:
        await send(world, "bug")
        (offer,) = await Agent(world).work()
        await Agent(world).work(reports=[protocol.RunnerReport(id=offer.id, verdict="dead", code="internal")])
        await asyncio.sleep(1)
        assert state_of(await world.shards["rooms-0"].drop_activity(offer.id)) == "dead"
        await asyncio.sleep(1)
        assert await documents(world) == []
        await settled(world)

    play(scenario)


def test_while_it_is_not_known_what_earlier_lives_left_nobody_says_that_one_is_over() -> None:
    async def scenario(world: World) -> None:
        unsettled_of, away = world.sound.journal.unsettled, True

        async def unsettled_later(*args: Any, **more: Any) -> list[Turn]:
            if away:
                raise Unavailable("Nobody answers.")
            return await unsettled_of(*args, **more)

        await send(world, "a")
        (offer,) = await Agent(world).work()
        world.sound.journal.unsettled = unsettled_later  # type: ignore[method-assign]
        await a_new_life(world)
        shard = world.shards["rooms-0"]
        for deed in (shard.retry_activity, shard.drop_activity):
            with pytest.raises(Unavailable):
                await deed(offer.id)
        away = False
        await asyncio.sleep(10)
        assert state_of(await shard.retry_activity(offer.id)) == "waiting"
        assert state_of(await shard.drop_activity(offer.id)) == "waiting"
        assert await shard.drop_activity(offer.id) is None

    play(scenario)


def test_nor_of_one_that_has_just_died_and_is_yet_to_be_written() -> None:
    async def scenario(world: World) -> None:
        put, written = world.sound.activities.put, asyncio.Event()

        async def slow_put(activities: Sequence[ActivityRecord]) -> None:
            await written.wait()
            await put(activities)

        world.sound.activities.put = slow_put  # type: ignore[method-assign]
        await a_new_life(world)
        id_ = await a_dead_one(world)
        shard = world.shards["rooms-0"]
        with pytest.raises(Unavailable):
            await shard.retry_activity(id_)
        written.set()
        await asyncio.sleep(1)
        assert state_of(await shard.retry_activity(id_)) == "parked"

    play(scenario)
