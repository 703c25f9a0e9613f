"""Activities from their turn to their answer, in virtual time."""

import asyncio

import pytest

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Still
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.activities.runners import HOLD_S
from actors.kernel.history.codec import activity_place
from common.errors import PermissionDenied
from tests.simulation.world import World
from tests.unit.kernel.activities.playing import play, settled, settled_but, texts
from tests.unit.kernel.agency import ANN, Agent, answer, answers, send, unsettled


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
        report = protocol.RunnerReport(id=two.id, verdict="dead", code="no", message="Never.", attempts=1)
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
