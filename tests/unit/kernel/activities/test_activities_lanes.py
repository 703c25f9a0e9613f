"""Lanes of activities that are put off: in order, whatever comes between. In virtual time."""

import asyncio
from collections.abc import Sequence
from typing import Any

from actors.kernel.contract import protocol
from common.errors import Unavailable
from store.ports.activities import BEHIND, ActivityRecord
from tests.simulation.world import KEEP_S, World
from tests.unit.kernel.activities.playing import a_new_life, all_of, play, settled, texts
from tests.unit.kernel.activities.put_off import EMAIL, a_dead_one, a_report, documents, state_of
from tests.unit.kernel.agency import Agent, send


def test_a_lane_is_put_off_as_one_and_keeps_its_order() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        for number in range(3):
            await send(world, f"a{number}", lane="l")
        (first,) = await agent.work()
        due_ms = world.clock.now_ms() + 30_000
        await agent.work(reports=[a_report(first, due_ms)])
        await asyncio.sleep(1)
        await send(world, "a3", lane="l")
        await send(world, "free")
        await asyncio.sleep(1)
        assert [one.due_ms for one in await documents(world) if one.lane] == [due_ms, BEHIND, BEHIND, BEHIND]
        (free,) = await all_of(world, EMAIL)
        assert free.payload == b"free"
        await agent.answer(free)
        done: list[str] = []
        while len(done) < 4:
            for offer in await agent.work(wait_ms=40_000):
                done.append(offer.payload.decode())
                await agent.answer(offer)
        assert done == ["a0", "a1", "a2", "a3"]
        await asyncio.sleep(1)
        assert await documents(world) == []

    play(scenario)


def test_a_lane_goes_on_after_its_head_is_dead() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        await send(world, "a0", lane="l")
        await send(world, "a1", lane="l")
        await asyncio.sleep(KEEP_S + 3)
        (head,) = await agent.work(wait_ms=2000)
        report = protocol.RunnerReport(id=head.id, verdict="dead", code="no", message="Never.", attempts=1)
        assert texts(await agent.work(wait_ms=3000, reports=[report])) == ["a1"]
        assert [(one.state, one.code) for one in await documents(world)] == [("dead", "no"), ("parked", "")]

    play(scenario)


def test_lanes_stay_in_order_through_a_new_life() -> None:
    """Some put off, some kept by turns that the next life finds."""

    async def scenario(world: World) -> None:
        for number in range(3):
            await send(world, f"a{number}", lane="l")
        await asyncio.sleep(KEEP_S + 3)
        for number in range(3, 5):
            await send(world, f"a{number}", lane="l")
        await a_new_life(world)
        await send(world, "a5", lane="l")
        done: list[str] = []
        while len(done) < 6:
            for offer in await Agent(world).work(wait_ms=5000):
                done.append(offer.payload.decode())
                await Agent(world).answer(offer)
        assert done == [f"a{number}" for number in range(6)]

    play(scenario)


def test_a_lane_whose_head_was_lost_in_a_crash_goes_on() -> None:
    async def scenario(world: World) -> None:
        await send(world, "a0", lane="l")
        await send(world, "a1", lane="l")
        await asyncio.sleep(KEEP_S + 3)
        head, _ = await documents(world)
        await world.sound.activities.drop([head.id])  # it was over, and the shard died before the next moved up
        await a_new_life(world)
        assert texts(await Agent(world).work(wait_ms=5000)) == ["a1"]

    play(scenario)


def test_a_dead_one_that_is_retried_waits_quietly_for_a_later_one_of_its_lane() -> None:
    async def scenario(world: World) -> None:
        put, puts = world.sound.activities.put, 0

        async def counted_put(activities: Sequence[ActivityRecord]) -> None:
            nonlocal puts
            puts += 1
            await put(activities)

        world.sound.activities.put = counted_put  # type: ignore[method-assign]
        await a_new_life(world)
        id_ = await a_dead_one(world, lane="l")
        await send(world, "later", lane="l")
        (later,) = await Agent(world).work(wait_ms=1000)
        before = puts
        await world.shards["rooms-0"].retry_activity(id_)
        assert await Agent(world).work(wait_ms=10_000) == []
        assert puts - before <= 2
        await Agent(world).answer(later)
        (again,) = await Agent(world).work(wait_ms=3000)
        assert again.id == id_

    play(scenario)


def test_one_that_is_dropped_while_it_is_vetted_leaves_no_doubt_about_its_lane() -> None:
    async def scenario(world: World) -> None:
        get, gets = world.sound.activities.get, 0

        async def no_get(ids: Sequence[bytes]) -> dict[bytes, ActivityRecord]:
            nonlocal gets
            gets += 1
            raise Unavailable("Nobody answers.")

        await send(world, "a", lane="l")
        (offer,) = await Agent(world).work()
        world.sound.activities.get = no_get  # type: ignore[method-assign]
        await a_new_life(world)
        await asyncio.sleep(1)
        assert gets > 0
        assert state_of(await world.shards["rooms-0"].drop_activity(offer.id)) == "waiting"
        world.sound.activities.get = get  # type: ignore[method-assign]
        await asyncio.sleep(5)
        world.sound.activities.get = no_get  # type: ignore[method-assign]
        await send(world, "b", lane="l")
        assert texts(await Agent(world).work(wait_ms=1000)) == ["b"]  # nobody had to be asked

    play(scenario)


def test_the_next_of_a_lane_that_was_put_off_follows_at_once() -> None:
    """Also where it moves up while the collection is being looked at for others."""

    async def scenario(world: World) -> None:
        for lane in range(10):
            await send(world, "a", lane=f"l{lane}", copies=20)
        await asyncio.sleep(KEEP_S + 3)
        since_s = world.clock.monotonic_s()
        done = 0

        async def carry_out(offer: protocol.Offered) -> None:
            nonlocal done
            await asyncio.sleep(world.random.random() * 0.05)
            await Agent(world).answer(offer)
            done += 1

        async with asyncio.TaskGroup() as running:
            while done < 200:
                for offer in await Agent(world).work(wait_ms=100):
                    running.create_task(carry_out(offer))
        assert world.clock.monotonic_s() - since_s < 8

    play(scenario)


def test_five_thousand_in_one_lane_are_put_off_in_order() -> None:
    async def scenario(world: World) -> None:
        await send(world, "first", lane="l")
        await asyncio.sleep(KEEP_S + 3)
        for _ in range(5):
            await send(world, "a", lane="l", copies=1000)
        await asyncio.sleep(5)
        stored = await documents(world)
        assert len(stored) == 5001
        assert [one.due_ms == BEHIND for one in stored] == [False] + [True] * 5000
        await settled(world)

    play(scenario)


def test_when_the_first_of_a_lane_goes_back_to_the_collection_the_next_does_not_overtake_it() -> None:
    """The next one came while the first was being put off, and was looked up before that could be seen."""

    async def scenario(world: World) -> None:
        replies, looked_up = world.sound.journal.replies, asyncio.Event()

        async def slow_replies(command_ids: Sequence[bytes]) -> Any:
            await looked_up.wait()
            return await replies(command_ids)

        await send(world, "other", connector="sms")
        await asyncio.sleep(KEEP_S + 3)
        assert len(await documents(world)) == 1
        await send(world, "first", lane="l")
        holder = Agent(world)
        waiting = asyncio.ensure_future(holder.work(wait_ms=1000))
        assert texts(await waiting) == ["first"]
        waiting = asyncio.ensure_future(holder.work(wait_ms=60_000, credits_={}))
        await asyncio.sleep(KEEP_S - 2)
        world.sound.journal.replies = slow_replies  # type: ignore[method-assign]
        await send(world, "next", lane="l")
        await asyncio.sleep(4)
        looked_up.set()
        await asyncio.sleep(1)
        waiting.cancel()  # it hangs up: the first one waits in line again
        await asyncio.sleep(3)
        assert texts(await all_of(world, EMAIL)) == []
        await asyncio.sleep(60)
        (offer,) = await Agent(world, "agent/2").work(wait_ms=3000)
        assert offer.payload == b"first"
        await Agent(world).answer(offer)
        assert texts(await Agent(world, "agent/2").work(wait_ms=3000)) == ["next"]

    play(scenario)
