"""Activities that take long: put off, brought back, dead. In virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract import protocol
from actors.kernel.effects.activities.activities import MOST_WAITING
from actors.kernel.effects.activities.activity_file import MOST_UNWRITTEN
from store.memory.leases import MemoryLeases
from store.memory.maps import MemoryPartitionMaps
from store.ports.activities import ActivityRecord
from tests.simulation.world import KEEP_S, World
from tests.unit.kernel.activities.playing import a_new_life, all_of, play, settled, texts
from tests.unit.kernel.activities.put_off import EMAIL, a_report, documents
from tests.unit.kernel.agency import Agent, answers, send, unsettled
from tests.unit.kernel.ledger import LedgerKind


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


def test_a_runner_that_waits_is_let_go_with_the_lease() -> None:
    async def scenario(world: World) -> None:
        waiting = asyncio.ensure_future(Agent(world).work(wait_ms=600_000))
        await asyncio.sleep(1)
        since_s = world.clock.monotonic_s()
        await world.shards["rooms-0"].stop()
        assert await waiting == []
        assert world.clock.monotonic_s() - since_s < 5

    play(scenario)


def test_a_shard_leaves_alone_what_is_put_off_of_kinds_that_another_pool_hosts() -> None:
    """Pools number their partitions alike."""

    async def scenario(world: World) -> None:
        await send(world, "a")
        await send(world, "b", lifetime_ms=int(1000 * (KEEP_S + 10)))
        await asyncio.sleep(KEEP_S + 4)
        assert len(await documents(world)) == 2
        neighbours = LocalCluster(
            replace(world.sound, maps=MemoryPartitionMaps(), leases=MemoryLeases()),
            [LedgerKind()],
            settings=world.settings,
            clock=world.clock,
            pool="ledgers",
            shards=1,
        )
        await neighbours.start()
        (stranger,) = neighbours.shards.values()
        await asyncio.sleep(5)
        work = protocol.WorkRequest(runner="r", credits=EMAIL, wait_ms=2000, returned=[], reports=[])
        offered = protocol.decode_work_result(await stranger.work(protocol.encode(work)))
        assert (offered.offers, offered.levels) == ([], {})
        for one in await documents(world):
            assert await stranger.retry_activity(one.id) is None
        await asyncio.sleep(10)  # one of them is late by now, which is its own shard's to tell
        assert await stranger.activities(None, None, 9) == []
        assert [outcome for _, outcome in await answers(world)] == ["expired"]
        await neighbours.stop()

    play(scenario)


def test_who_makes_more_than_can_be_put_off_waits_and_others_do_not() -> None:
    async def scenario(world: World) -> None:
        put, written = world.sound.activities.put, asyncio.Event()

        async def slow_put(activities: Sequence[ActivityRecord]) -> None:
            await written.wait()
            await put(activities)

        world.sound.activities.put = slow_put  # type: ignore[method-assign]
        await a_new_life(world)
        many = MOST_WAITING + MOST_UNWRITTEN + 1000
        made = asyncio.ensure_future(send(world, "many", copies=many))
        more = asyncio.ensure_future(send(world, "more", "errand:b"))
        await asyncio.sleep(3)
        assert not made.done()
        assert not more.done()
        assert await answers(world, "errand:c") == []  # who owes nothing is answered
        written.set()
        await asyncio.gather(made, more)
        assert len(await documents(world)) >= many - MOST_WAITING

    play(scenario)
