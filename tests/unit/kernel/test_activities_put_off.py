"""Activities that take long: put off, brought back, dead, and what operators do with them. In virtual time."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import ActivityRow
from actors.kernel.effects.activities import MOST_WAITING
from common.errors import Unavailable
from serve_app.capabilities.operations.activities import ActivityOperations
from store.ports.activities import BEHIND, ActivityRecord
from store.ports.journal import Turn
from tests.simulation.world import KEEP_S, World
from tests.unit.kernel.agency import Agent, answers, send, unsettled
from tests.unit.kernel.test_activities import a_new_life, all_of, play, settled, texts

EMAIL = {"email": 100}


async def documents(world: World) -> list[ActivityRecord]:
    """All of the collection, in the order of their lanes."""
    return sorted(await world.sound.activities.page(limit=10_000), key=lambda one: (one.entity, one.lane, one.order))


def a_report(offer: protocol.Offered, due_ms: int, **more: object) -> protocol.Report:
    return protocol.Report(id=offer.id, verdict="park", due_ms=due_ms, code="busy", message="Later.", attempts=1)


def test_what_nobody_takes_is_put_off_and_its_turn_is_settled() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        await asyncio.sleep(KEEP_S - 2)
        assert await unsettled(world) == 1
        await asyncio.sleep(4)
        await settled(world)
        (one,) = await documents(world)
        assert (one.state, one.connector, one.attempts) == ("parked", "email", 0)
        (offer,) = await all_of(world, EMAIL)
        assert (offer.payload, offer.created_at_ms) == (b"hello", one.created_at_ms)
        await Agent(world).answer(offer)
        await asyncio.sleep(1)
        assert await documents(world) == []
        assert await answers(world) == [["hello|1|0", "done"]]

    play(scenario)


def test_what_a_runner_has_for_long_gets_a_document_and_stays_the_runner_s() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        (offer,) = await Agent(world).work()
        await asyncio.sleep(KEEP_S + 2)
        await settled(world)
        assert len(await documents(world)) == 1
        assert await all_of(world, EMAIL) == []
        await Agent(world).answer(offer)
        await asyncio.sleep(1)
        assert await documents(world) == []
        assert await all_of(world, EMAIL) == []

    play(scenario)


def test_what_is_put_off_comes_back_when_it_is_due_and_somebody_asks() -> None:
    async def scenario(world: World) -> None:
        await send(world, "hello")
        (offer,) = await Agent(world).work()
        due_ms = world.clock.now_ms() + 90_000
        assert await Agent(world).work(reports=[a_report(offer, due_ms)]) == []
        await asyncio.sleep(1)
        await settled(world)
        (one,) = await documents(world)
        assert (one.due_ms, one.attempts, one.code, one.message) == (due_ms, 1, "busy", "Later.")
        (again,) = await Agent(world).work(wait_ms=200_000)
        assert due_ms <= world.clock.now_ms() < due_ms + 2000
        assert (again.id, again.attempts) == (offer.id, 1)

    play(scenario)


def test_too_many_of_one_connector_do_not_fill_the_memory() -> None:
    async def scenario(world: World) -> None:
        for number in range(30):
            await send(world, "bulk", f"errand:{number}", urgency="bulk", copies=100)
        await asyncio.sleep(1)
        assert len(list(world.shards["rooms-0"]._effects.activities)) == MOST_WAITING
        assert len(await documents(world)) == 2000
        await send(world, "code", connector="sms")
        assert texts(await Agent(world).work(credits_={"sms": 5})) == ["code"]
        seen = set()
        while offers := await Agent(world).work(wait_ms=3000):
            assert len(list(world.shards["rooms-0"]._effects.activities)) <= MOST_WAITING + 100
            seen |= {offer.id for offer in offers}
            await asyncio.gather(*(Agent(world).answer(offer) for offer in offers))
        assert len(seen) == 3000
        await asyncio.sleep(1)
        assert await documents(world) == []
        assert await unsettled(world) == 1  # the code is still being sent

    play(scenario)


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
        report = protocol.Report(id=head.id, verdict="dead", code="no", message="Never.", attempts=1)
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


def test_a_document_whose_answer_is_stored_is_not_offered_again() -> None:
    """The shard died after the answer was stored, and before the document was dropped."""

    async def scenario(world: World) -> None:
        await send(world, "a0", lane="l")
        await send(world, "a1", lane="l")
        await asyncio.sleep(KEEP_S + 3)
        head, _ = await documents(world)
        (offer,) = await Agent(world).work(wait_ms=2000)
        await Agent(world).answer(offer)
        await asyncio.sleep(1)
        await world.sound.activities.put([head])
        await a_new_life(world)
        assert texts(await all_of(world, EMAIL)) == ["a1"]
        assert len(await documents(world)) == 1

    play(scenario)


def test_a_turn_that_is_still_unsettled_does_not_offer_what_is_put_off() -> None:
    """The shard died between the two writes."""

    async def scenario(world: World) -> None:
        settle = world.sound.journal.settle

        async def too_late(turns: object) -> None:
            await asyncio.Event().wait()

        world.sound.journal.settle = too_late  # type: ignore[method-assign]
        await a_new_life(world)
        await send(world, "hello")
        (offer,) = await Agent(world).work()
        await Agent(world).work(reports=[a_report(offer, world.clock.now_ms() + 60_000)])
        await asyncio.sleep(1)
        assert (await unsettled(world), len(await documents(world))) == (1, 1)
        world.sound.journal.settle = settle  # type: ignore[method-assign]
        await a_new_life(world)
        assert await all_of(world, EMAIL) == []
        await settled(world)
        assert len(await documents(world)) == 1

    play(scenario)


def test_what_is_put_off_expires_though_nobody_asks_for_it() -> None:
    async def scenario(world: World) -> None:
        await send(world, "late", lifetime_ms=60_000)
        await send(world, "later", lane="l", lifetime_ms=60_000)
        await asyncio.sleep(50)
        assert len(await documents(world)) == 2
        await asyncio.sleep(15)
        assert await documents(world) == []
        assert sorted(await answers(world)) == [["later|2|0", "expired"], ["late|1|0", "expired"]]

    play(scenario)


def test_an_answer_that_meets_a_bug_leaves_it_dead_when_the_shard_gives_it() -> None:
    async def scenario(world: World) -> None:
        await send(world, "bug", lifetime_ms=1000)
        await asyncio.sleep(5)
        (one,) = await documents(world)
        assert (one.state, one.code) == ("dead", "internal")
        await settled(world)

    play(scenario)


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
        dead = protocol.Report(id=first.id, verdict="dead", code="no", message="Never.", attempts=1)
        await agent.work(reports=[dead])
        await asyncio.sleep(1)
        assert await shard.activities(None, None, 9) == [row for row in rows if row.id == second.id]
        assert await shard.retry_activity(b"-" * 16) is None
        assert _state(await shard.retry_activity(first.id)) == "parked"
        (again,) = await agent.work(wait_ms=3000)
        assert again.id == first.id
        assert _state(await shard.drop_activity(first.id)) == "waiting"
        assert _state(await shard.drop_activity(second.id)) == "waiting"
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
        await Agent(world).work(reports=[protocol.Report(id=offer.id, verdict="poison")])
        await asyncio.sleep(1)
        await a_new_life(world)
        assert _state(await world.shards["rooms-0"].drop_activity(offer.id)) == "dead"
        await asyncio.sleep(1)
        assert await documents(world) == []
        assert await answers(world) == [["a|1|0", "dropped"]]

    play(scenario)


def test_what_meets_a_bug_in_the_collection_is_done_again_and_the_others_at_once() -> None:
    """When they are written, and when they are vetted."""

    async def scenario(world: World) -> None:
        put, get, broken = world.sound.activities.put, world.sound.activities.get, True
        bad = b""

        async def failing_put(activities: Sequence[ActivityRecord]) -> None:
            if broken and any(b"bad" in one.packed for one in activities):
                raise ZeroDivisionError
            await put(activities)

        async def failing_get(ids: Sequence[bytes]) -> dict[bytes, ActivityRecord]:
            if broken and bad in ids:
                raise ZeroDivisionError
            return dict(await get(ids))

        world.sound.activities.put = failing_put  # type: ignore[method-assign]
        world.sound.activities.get = failing_get  # type: ignore[method-assign]
        for text in ("bad", "good"):
            await send(world, text)
        offers = await Agent(world).work()
        bad = next(offer.id for offer in offers if offer.payload == b"bad")
        await a_new_life(world)
        assert texts(await all_of(world, EMAIL)) == ["good"]
        broken = False
        await asyncio.sleep(6)
        assert texts(await all_of(world, EMAIL)) == ["bad"]
        broken = True
        await Agent(world).work(credits_={}, reports=[a_report(offer, world.clock.now_ms()) for offer in offers])
        await asyncio.sleep(1)
        assert [one.id == bad for one in await documents(world)] == [False]
        assert await unsettled(world) == 1
        broken = False
        await asyncio.sleep(6)
        await settled(world)
        assert sorted(texts(await all_of(world, EMAIL))) == ["bad", "good"]

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
        assert _state(await world.shards["rooms-0"].drop_activity(offer.id)) == "waiting"
        world.sound.activities.get = get  # type: ignore[method-assign]
        await asyncio.sleep(5)
        world.sound.activities.get = no_get  # type: ignore[method-assign]
        await send(world, "b", lane="l")
        assert texts(await Agent(world).work(wait_ms=1000)) == ["b"]  # nobody had to be asked

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


async def a_dead_one(world: World, **more: Any) -> bytes:
    await send(world, "a", **more)
    (offer,) = await Agent(world).work()
    await Agent(world).work(credits_={}, reports=[protocol.Report(id=offer.id, verdict="dead")])
    await asyncio.sleep(1)
    return offer.id


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
        assert _state(await world.shards["rooms-0"].retry_activity(id_)) == "parked"

    play(scenario)


def test_levels_tell_waiting_parked_and_dead() -> None:
    async def scenario(world: World) -> None:
        agent = Agent(world)
        await send(world, "a", copies=4)
        dead, parked, *_ = await agent.work()
        reports = [
            protocol.Report(id=dead.id, verdict="dead"),
            a_report(parked, world.clock.now_ms() + 100_000),
        ]
        await agent.work(reports=reports)
        await asyncio.sleep(1)
        request = protocol.encode(protocol.Work(runner="other"))
        levels = protocol.decode_work_result(await world.shards["rooms-0"].work(request)).levels
        assert levels == {"email": protocol.Level(2, 1, 1)}
        await asyncio.sleep(35)  # it was counted anew
        levels = protocol.decode_work_result(await world.shards["rooms-0"].work(request)).levels
        assert levels == {"email": protocol.Level(2, 1, 1)}

    play(scenario)


def _state(row: ActivityRow | None) -> str:
    assert row is not None
    return row.state


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


def test_a_turn_is_not_settled_before_the_document_is_written() -> None:
    """Though a runner gives back meanwhile what has been here for long."""

    async def scenario(world: World) -> None:
        put = world.sound.activities.put

        async def too_late(activities: Sequence[ActivityRecord]) -> None:
            await asyncio.Event().wait()

        world.sound.activities.put = too_late  # type: ignore[method-assign]
        await a_new_life(world)
        await send(world, "hello")
        (offer,) = await Agent(world).work()
        await asyncio.sleep(KEEP_S + 2)
        assert await Agent(world).work(credits_={}, returned=[offer.id]) == []
        await asyncio.sleep(3)
        assert (await unsettled(world), await documents(world)) == (1, [])
        world.sound.activities.put = put  # type: ignore[method-assign]
        await a_new_life(world)
        assert texts(await all_of(world, EMAIL)) == ["hello"]

    play(scenario)


def test_one_whose_entity_cannot_hear_of_it_can_be_dropped() -> None:
    async def scenario(world: World) -> None:
        await send(world, "bug")
        (offer,) = await Agent(world).work()
        await Agent(world).work(reports=[protocol.Report(id=offer.id, verdict="dead", code="internal")])
        await asyncio.sleep(1)
        assert _state(await world.shards["rooms-0"].drop_activity(offer.id)) == "dead"
        await asyncio.sleep(1)
        assert await documents(world) == []
        await settled(world)

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


def test_a_runner_that_waits_is_let_go_with_the_lease() -> None:
    async def scenario(world: World) -> None:
        waiting = asyncio.ensure_future(Agent(world).work(wait_ms=600_000))
        await asyncio.sleep(1)
        since_s = world.clock.monotonic_s()
        await world.shards["rooms-0"].stop()
        assert await waiting == []
        assert world.clock.monotonic_s() - since_s < 5

    play(scenario)
