"""Activities that a runner has: given back, tried again, lost with it. In virtual time."""

import asyncio

from actors.kernel.contract import protocol
from actors.kernel.effects.activities.runners import HOLD_S
from tests.simulation.world import World
from tests.unit.kernel.activities.playing import play, settled, texts
from tests.unit.kernel.agency import Agent, answers, send


def test_a_runner_that_hangs_up_gives_everything_back_at_once() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        await send(world, "hello")
        await agent.work()
        waiting = asyncio.ensure_future(agent.work(wait_ms=30_000))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.sleep(0)
        assert texts(await Agent(world, "agent/2").work()) == ["hello"]

    play(scenario)


def test_a_silent_runner_loses_what_it_has_when_its_time_is_over_and_a_zombie_s_word_does_not_count() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        (offer,) = await Agent(world).work()
        await asyncio.sleep(HOLD_S - 2)
        assert await Agent(world, "agent/2").work() == []
        (again,) = await Agent(world, "agent/2").work(wait_ms=5000)
        assert again.id == offer.id
        report = protocol.RunnerReport(id=offer.id, verdict="dead")
        assert await Agent(world).work(reports=[report], returned=[offer.id]) == []
        await Agent(world, "agent/2").answer(again)
        await settled(world)

    play(scenario)


def test_what_is_given_back_untried_comes_first_again() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        await send(world, "a")
        await send(world, "b")
        (offer,) = await agent.work(credits_={"email": 1})
        assert texts(await agent.work(returned=[offer.id])) == ["a", "b"]

    play(scenario)


def test_a_retry_waits_until_it_is_due() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        await send(world, "a")
        (offer,) = await agent.work()
        due_ms = world.clock.now_ms() + 3000
        report = protocol.RunnerReport(id=offer.id, verdict="retry", due_ms=due_ms, code="busy", attempts=1)
        (again,) = await agent.work(wait_ms=10_000, reports=[report])
        assert again.attempts == 1
        assert world.clock.now_ms() - due_ms < 20
        assert await world.sound.activities.page(limit=9) == []

    play(scenario)


def test_a_retry_that_a_jump_of_time_makes_due_waits_no_longer() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        await send(world, "a")
        (offer,) = await agent.work()
        due_ms = world.clock.platform_ms() + 15_000
        report = protocol.RunnerReport(id=offer.id, verdict="retry", due_ms=due_ms, code="busy", attempts=1)
        asked = asyncio.create_task(agent.work(wait_ms=10_000, reports=[report]))
        await asyncio.sleep(1)
        assert not asked.done()
        world.clock.platform_ahead_ms += 3_600_000
        for shard in world.shards.values():
            shard.time_moved()
        async with asyncio.timeout(1):
            (again,) = await asked
        assert again.attempts == 1

    play(scenario)


def test_whom_three_runners_died_with_is_dead_and_the_innocent_are_not() -> None:
    async def scenario(world: World) -> None:
        await send(world, "culprit")
        await send(world, "innocent", copies=9)
        lives = 0

        async def a_life() -> None:
            nonlocal lives
            lives += 1
            agent = Agent(world, f"agent/{lives}")
            while lives < 20:
                offers = await agent.work(wait_ms=3000)
                if any(offer.payload == b"culprit" for offer in offers):
                    dying = asyncio.ensure_future(agent.work(wait_ms=3000))
                    await asyncio.sleep(0)
                    dying.cancel()
                    return
                for offer in offers:
                    await agent.answer(offer)
                if not offers:
                    return

        for _ in range(5):
            await a_life()
        assert len(await answers(world)) == 9
        (dead,) = await world.sound.activities.page(limit=9)
        assert (dead.state, dead.code, dead.deaths) == ("dead", "poison", 3)
        await settled(world)

    play(scenario)


def test_lines_that_are_cut_between_attempts_that_runners_survive_kill_nothing() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        for life in range(4):
            agent = Agent(world, f"cut/{life}")
            assert texts(await agent.work(wait_ms=5000)) == ["hello"]
            cut = asyncio.ensure_future(agent.work(wait_ms=30_000))
            await asyncio.sleep(0.1)
            cut.cancel()
            (again,) = await Agent(world).work(wait_ms=5000)
            report = protocol.RunnerReport(id=again.id, verdict="retry", due_ms=world.clock.now_ms(), attempts=life + 1)
            assert await Agent(world).work(credits_={}, reports=[report]) == []
        (offer,) = await Agent(world).work(wait_ms=5000)
        await Agent(world).answer(offer)
        await settled(world)
        assert await answers(world) == [["hello|1|0", "done"]]

    play(scenario)
