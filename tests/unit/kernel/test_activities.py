"""Activities from their turn to their answer, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Still
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.runners import HOLD_S
from actors.kernel.history.codec import activity_place
from common.errors import PermissionDenied
from tests.simulation.loop import run
from tests.simulation.world import KEEP_S, World
from tests.unit.kernel.agency import ANN, Agent, answer, answers, send, unsettled
from tests.unit.kernel.errand import ErrandKind
from tests.waiting import eventually

Scenario = Callable[[World], Awaitable[Any]]


def play(scenario: Scenario, *, shards: int = 1, limit_s: float = 4000.0) -> None:
    """In a world without faults, with one region."""
    world = World(1, rate=0.0, kinds=(ErrandKind(),))

    async def main() -> None:
        await world.start(shards)
        await world.region("g1")
        await serves(world)
        await scenario(world)

    run(world.loop, main(), limit_s=limit_s)


def texts(offers: list[protocol.Offered]) -> list[str]:
    return [offer.payload.decode() for offer in offers]


async def a_new_life(world: World) -> None:
    """The shard dies, and serves again."""
    await world.kill("rooms-0")
    await world.start_shard("rooms-0")
    await serves(world)


async def serves(world: World) -> None:
    async def all_do() -> bool:
        return all(life.serving for life in world.shards.values())

    await eventually(all_do, "a shard does not serve", timeout_s=30)


async def all_of(world: World, credits_: dict[str, int]) -> list[protocol.Offered]:
    """What is offered until nothing is."""
    found: list[protocol.Offered] = []
    while offers := await Agent(world).work(wait_ms=3000, credits_=credits_):
        found += offers
    return found


async def settled(world: World) -> None:
    async def all_are() -> bool:
        return await unsettled(world) == 0

    await eventually(all_are, "a turn stays unsettled", timeout_s=30)


def test_an_activity_is_offered_and_its_answer_closes_it_once() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        (offer,) = await Agent(world).work()
        assert (offer.connector, offer.entity, offer.key) == ("email", "errand:a", "hello|1|0")
        assert (offer.attempts, offer.payload) == (0, b"hello")
        assert await Agent(world, "agent/2").work() == []
        assert await unsettled(world) == 1
        first = await Agent(world).answer(offer)
        again = await Agent(world).answer(offer, "refused")
        assert (first.duplicate, again.duplicate) == (False, True)
        await settled(world)
        assert await Agent(world).work() == []
        assert await answers(world) == [["hello|1|0", "done"]]

    play(scenario)


def test_who_waits_is_handed_it_at_once() -> None:
    async def scenario(world: World) -> None:
        waiting = asyncio.ensure_future(Agent(world).work(wait_ms=10_000))
        await asyncio.sleep(3)
        since_s = world.clock.monotonic_s()
        await send(world, "hello")
        (offer,) = await waiting
        assert world.clock.monotonic_s() - since_s < 0.2
        assert abs(offer.until_ms_from_now - (HOLD_S + 3) * 1000) < 500  # from when it was asked

    play(scenario)


def test_who_waits_in_vain_is_told_so_and_a_newer_request_ends_an_older_one() -> None:
    async def scenario(world: World) -> None:
        since_s = world.clock.monotonic_s()
        assert await Agent(world).work(wait_ms=2000) == []
        assert world.clock.monotonic_s() - since_s == pytest.approx(2.0)
        older = asyncio.ensure_future(Agent(world).work(wait_ms=60_000))
        await asyncio.sleep(1)
        newer = asyncio.ensure_future(Agent(world).work(wait_ms=60_000))
        assert await older == []
        await send(world, "hello")
        assert len(await newer) == 1

    play(scenario)


def test_nobody_gets_more_than_they_ask_for() -> None:
    async def scenario(world: World) -> None:
        await send(world, "a", copies=5)
        await send(world, "b", connector="sms")
        agent = Agent(world)
        assert texts(await agent.work(credits_={"email": 2})) == ["a", "a"]
        assert texts(await agent.work(credits_={"email": 0})) == []
        assert texts(await agent.work(credits_={"sms": 9, "email": 1})) == ["b", "a"]
        assert texts(await agent.work()) == ["a", "a"]

    play(scenario)


def test_a_broadcast_does_not_delay_a_code() -> None:
    async def scenario(world: World) -> None:
        await send(world, "bulk", urgency="bulk", copies=48)
        await send(world, "soon", copies=48)
        await send(world, "now", urgency="now", copies=48)
        served = texts(await Agent(world).work(credits_={"email": 48}))
        assert {text: served.count(text) for text in ("now", "soon", "bulk")} == {"now": 32, "soon": 12, "bulk": 4}
        assert served[0] == "now"
        assert set(texts(await Agent(world).work(credits_={"email": 96}))[-30:]) == {"bulk"}

    play(scenario)


def test_a_lane_goes_in_order_one_at_a_time_and_others_do_not_wait() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        for text in ("one", "two", "three"):
            await send(world, text, lane="l")
        await send(world, "other", lane="m")
        await send(world, "free")
        first = await agent.work()
        assert sorted(texts(first)) == ["free", "one", "other"]
        assert await agent.work() == []
        one = next(offer for offer in first if offer.payload == b"one")
        await agent.answer(one)
        (two,) = await agent.work(wait_ms=1000)
        assert two.payload == b"two"
        report = protocol.Report(id=two.id, verdict="dead", code="no", message="Never.", attempts=1)
        assert texts(await agent.work(wait_ms=1000, reports=[report])) == ["three"]

    play(scenario)


def test_an_answer_that_changes_nothing_is_stored_all_the_same() -> None:
    async def scenario(world: World) -> None:
        await send(world, "quiet")
        (offer,) = await Agent(world).work()
        await Agent(world).answer(offer)
        assert (await Agent(world).answer(offer)).duplicate
        await settled(world)

    play(scenario)


def test_a_refusal_of_the_answer_closes_it_too() -> None:
    async def scenario(world: World) -> None:
        await send(world, "deaf")
        (offer,) = await Agent(world).work()
        reply = await Agent(world).answer(offer)
        assert reply.data == b'{"refused":"failed_precondition"}'
        counted = world.shards["rooms-0"].metrics.registry
        assert counted.get_sample_value("carewire_activity_answers_refused_total") == 1
        assert (await Agent(world).answer(offer)).duplicate
        await settled(world)

    play(scenario)


def test_only_carewire_itself_may_answer_or_ask() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        with pytest.raises(PermissionDenied):
            await answer(world, "errand:a", "hello|1|0", by=ANN)
        with pytest.raises(PermissionDenied):
            await world.regions["g1"].submit("errand:a", Still(key="k", payload=b""), by=ANN)
        assert len(await Agent(world).work()) == 1

    play(scenario)


def test_an_entity_says_whether_an_activity_is_still_true() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        for payload, still in ((b"fresh", b"true"), (b"stale", b"false")):
            reply = await world.regions["g1"].submit("errand:a", Still(key="k", payload=payload), by=SYSTEM)
            assert reply.data == still

    play(scenario)


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
        report = protocol.Report(id=offer.id, verdict="dead")
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
        report = protocol.Report(id=offer.id, verdict="retry", due_ms=due_ms, code="busy", attempts=1)
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
        report = protocol.Report(id=offer.id, verdict="retry", due_ms=due_ms, code="busy", attempts=1)
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
            report = protocol.Report(id=again.id, verdict="retry", due_ms=world.clock.now_ms(), attempts=life + 1)
            assert await Agent(world).work(credits_={}, reports=[report]) == []
        (offer,) = await Agent(world).work(wait_ms=5000)
        await Agent(world).answer(offer)
        await settled(world)
        assert await answers(world) == [["hello|1|0", "done"]]

    play(scenario)


def test_nothing_is_offered_after_its_deadline_and_the_entity_hears_of_it() -> None:
    async def scenario(world: World) -> None:
        await send(world, "late", lifetime_ms=3000)
        await send(world, "in lane", lane="l")
        await send(world, "late in lane", lane="l", lifetime_ms=3000)
        await asyncio.sleep(5)
        assert texts(await Agent(world).work()) == ["in lane"]
        await settled_but(world, 1)
        assert sorted(await answers(world)) == [["late in lane|3|0", "expired"], ["late|1|0", "expired"]]

    play(scenario)


async def settled_but(world: World, some: int) -> None:
    async def are_settled() -> bool:
        return await unsettled(world) == some

    await eventually(are_settled, f"not all but {some} are settled", timeout_s=30)


def test_the_payload_is_sealed_under_its_owner_s_key_and_gone_with_it() -> None:
    async def scenario(world: World) -> None:
        await send(world, "secret word", owner="bob")
        (offer,) = await Agent(world).work()
        vault = world.sound.vault
        await vault.unlock([offer.payload], anew=True)
        assert vault.open(offer.payload, activity_place(offer.entity, offer.key)) == b"secret word"
        (turn,) = await world.sound.journal.unsettled(range(256), limit=9)
        assert b"secret word" not in turn.effects[0].replace(offer.key.encode(), b"")
        await vault.erase("bob")
        await vault.unlock([offer.payload], anew=True)
        assert vault.open(offer.payload, activity_place(offer.entity, offer.key)) is None
        await Agent(world).answer(offer, "erased")
        await settled(world)
        assert await answers(world) == [["secret word|1|0", "erased"]]

    play(scenario)


def test_what_is_owed_to_the_erased_is_sealed_under_a_key_that_nobody_keeps() -> None:
    async def scenario(world: World) -> None:
        await world.sound.vault.erase("bob")
        await send(world, "to nobody", owner="bob")
        (offer,) = await Agent(world).work()
        await world.sound.vault.unlock([offer.payload], anew=True)
        assert world.sound.vault.open(offer.payload, activity_place(offer.entity, offer.key)) is None

    play(scenario)


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
