"""How entities come and go: snapshots, passivation, timers, letters, listeners, rebuilding."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.kernel.contract.entity import Attach, Principal
from actors.kernel.contract.partitions import partition_of
from actors.kernel.history.codec import StoredEffects, StoredLetter, StoredTimer, encode
from actors.kernel.history.rebuild import rebuild
from actors.kernel.shard.context import ShardBounds
from actors.kernel.shard.topics.replay_buffer import ReplayBuffer
from common.errors import NotFound, PermissionDenied
from store.memory import MemoryJournal, MemoryViews
from store.memory.keys import MemoryKeyStore
from store.ports.journal import Turn
from tests.simulation.loop import run
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import Amend, Leave, LedgerKind, Pages, Remind, Seen, Strike, Write
from tests.unit.kernel.shard.test_commands import ROOM, Play, submit


def versions(world: World, name: str = "g1", topic: str = ROOM) -> list[int]:
    return [one.version for one in world.heard[name] if one.topic == topic and one.version]


async def until(met: Callable[[], bool], what: str) -> None:
    """Wait (in virtual time) until it is so."""
    for _ in range(1000):
        if met():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never: {what}")


def test_an_idle_entity_leaves_memory_with_a_snapshot_and_comes_back_as_it_was(play: Play) -> None:
    async def scenario(world: World) -> None:
        for number in range(7):
            await submit(world, Write(f"{number}"))
        await submit(world, Seen(7))
        await asyncio.sleep(SETTINGS.passivate_after_s + 2)
        assert all(shard.stats()["entities"] == 0 for shard in world.shards.values())
        loaded = (await world.sound.journal.load([ROOM]))[ROOM]
        assert loaded.snapshot is not None
        assert loaded.snapshot.version == 7
        assert (await submit(world, Write("next")))["seq"] == 8
        assert await submit(world, Seen(7)) == {}

    play(scenario)


def test_a_timer_fires_once_though_its_shard_dies_before_it_is_due(play: Play) -> None:
    async def scenario(world: World) -> None:
        await submit(world, Remind("wake up", 5_000))
        for name in list(world.shards):
            await world.kill(name)
            await world.start_shard(name)
        await asyncio.sleep(30)
        assert await submit(world, Pages()) == [[1, "wake up"]]
        assert await world.sound.timers.due(range(256), before_ms=2**60, limit=10) == []

    play(scenario)


def test_timers_fire_once_though_their_entities_move_before_they_are_due(play: Play) -> None:
    async def scenario(world: World) -> None:
        rooms = [f"ledger:{number}" for number in range(20)]
        for room in rooms:
            await submit(world, Remind("wake up", 15_000), room)
        await world.scale(3)
        await asyncio.sleep(60)
        for room in rooms:
            assert await submit(world, Pages(), room) == [[1, "wake up"]]
        assert await world.sound.timers.due(range(256), before_ms=2**60, limit=10) == []
        assert await world.sound.journal.unsettled(range(256), limit=10) == []

    play(scenario)


class Hasty(LedgerKind):
    """Every ledger is taken for a new one."""

    @override
    def assume_new(self, command: object) -> bool:
        return True


def test_what_was_only_assumed_to_be_new_is_not_begun_again() -> None:
    world = World(1, rate=0.0, kinds=(Hasty(),))

    async def scenario() -> None:
        await world.start()
        await world.region("g1")

        async def forget() -> None:
            for name in list(world.shards):
                await world.kill(name)
                await world.start_shard(name)

        assert (await submit(world, Write("one")))["seq"] == 1
        await forget()
        assert (await submit(world, Write("two"), timeout_s=60))["seq"] == 2
        await forget()
        assert await submit(world, Seen(2), timeout_s=60) == {}
        await forget()
        with pytest.raises(NotFound):
            await submit(world, Strike(9), timeout_s=60)
        assert await submit(world, Pages()) == [[1, "one"], [2, "two"]]

    run(world.loop, scenario())


def test_what_a_turn_owes_that_arrives_after_everybody_has_given_it_up_is_done_all_the_same(play: Play) -> None:
    """The shard that sent it is dead, the next one has done what was owed, and nobody asks for the entity."""

    async def scenario(world: World) -> None:
        await asyncio.sleep(5)
        late = "ledger:late"
        remind = StoredTimer("late", world.clock.now_ms(), msgspec.msgpack.encode(Write("after all")))
        letter = StoredLetter("ledger:z", b"l" * 16, msgspec.msgpack.encode(Write("a letter")))
        owed = encode(StoredEffects(views=[], redact=[], letters=[letter], timers=[remind]))
        turn = Turn(late, 1, 1, world.clock.now_ms(), partition_of(late), commands=(), effects=(owed,))
        await world.sound.journal.append([turn])
        await asyncio.sleep(150)
        assert await world.sound.journal.unsettled(range(256), limit=10) == []
        assert await submit(world, Pages(), late) == [[1, "after all"]]
        assert await submit(world, Pages(), "ledger:z") == [[1, "a letter"]]

    play(scenario)


def test_letters_arrive_once_and_in_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        for number in range(5):
            await submit(world, Write(f"{number}", tell="ledger:z"))
        await asyncio.sleep(1)
        assert [text for _, text in await submit(world, Pages(), "ledger:z")] == [f"copy of {n}" for n in range(5)]
        assert await world.sound.journal.unsettled(range(256), limit=10) == []

    play(scenario)


def test_what_a_dead_shard_owed_is_done_by_its_next_life(play: Play) -> None:
    """The turn is stored; neither view nor redaction nor letter was done."""

    async def scenario(world: World) -> None:
        shard = next(iter(world.shards))
        rooms = [f"ledger:{n}" for n in range(20)]
        for room in rooms:
            await submit(world, Write("secret", tell="ledger:z"), room)

        async def nothing(turns: object, *, fresh: bool = False) -> None:
            await asyncio.Event().wait()

        for life in world.shards.values():
            life._effects.outbox.perform = nothing  # type: ignore[method-assign]  # dies before it does anything
        striking = [asyncio.ensure_future(submit(world, Strike(1), room, timeout_s=90)) for room in rooms]
        await asyncio.sleep(0.5)
        assert len(await world.sound.journal.unsettled(range(256), limit=100)) >= len(rooms)
        for name in list(world.shards):
            await world.kill(name)
            await world.start_shard(name)
        await asyncio.gather(*striking)
        await asyncio.sleep(1)
        assert await world.sound.journal.unsettled(range(256), limit=10) == []
        assert len(await submit(world, Pages(), "ledger:z")) == len(rooms)
        for room in rooms:
            assert await submit(world, Pages(), room) == [[1, ""]]
        assert shard

    play(scenario)


def test_a_listener_misses_nothing_when_a_shard_dies(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.attach("g1", ROOM)
        for number in range(3):
            await submit(world, Write(f"{number}"))
        for name in list(world.shards):
            await world.kill(name)
            await world.start_shard(name)
        for number in range(3):
            await submit(world, Write(f"more {number}"), timeout_s=60)
        await until(lambda: len(versions(world)) >= 6, "six events heard")
        assert versions(world) == [1, 2, 3, 4, 5, 6]

    play(scenario)


def test_a_subscriber_that_cannot_keep_up_catches_up_from_the_journal(world: World, play: Play) -> None:
    world.settings = SETTINGS.model_copy(update={"max_buffered_bytes": 3_000, "max_batch_bytes": 90_000})

    async def scenario(world: World) -> None:
        await world.attach("g1", ROOM)
        await asyncio.gather(*(submit(world, Write("x" * 100)) for _ in range(300)))
        await until(lambda: len(versions(world)) >= 300, "300 events heard")
        assert versions(world) == list(range(1, 301))

    play(scenario)


@pytest.mark.parametrize("later_s", [0.0, 30.0], ids=["from memory", "from the journal"])
def test_attach_replays_what_was_missed_and_says_what_it_cannot(play: Play, later_s: float) -> None:
    async def scenario(world: World) -> None:
        for number in range(10):
            await submit(world, Write(f"{number}"))
        await asyncio.sleep(later_s)
        missed = await submit(world, Attach(since=4))
        assert [packet[1]["seq"] for packet in missed["packets"]] == [5, 6, 7, 8, 9, 10]
        shortened = await submit(world, Attach(since=4, limit=2))
        assert shortened["packets"][0] == ["gap", {"from": 5, "to": 8}]
        assert [packet[1]["seq"] for packet in shortened["packets"][1:]] == [9, 10]
        assert (await submit(world, Attach(since=99)))["packets"] == []

    play(scenario)


@pytest.mark.parametrize("guarded", [True, False])
def test_what_was_struck_is_not_told_again_from_memory(
    play: Play, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Its twin, whose memory does not forget, must see the leak."""

    async def scenario(world: World) -> None:
        await submit(world, Write("secret"))
        await submit(world, Strike(1))
        missed = await submit(world, Attach(since=0))
        assert len(missed["packets"]) == 2
        assert ("secret" not in str(missed["packets"])) is guarded

    if not guarded:
        monkeypatch.setattr(ReplayBuffer, "forget", lambda self, name: None)
    play(scenario)


def test_many_that_come_at_once_cost_few_round_trips(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred cold entities, a hundred new people: loads, keys and read models go together."""
    trips: Counter[str] = Counter()
    for owner, name in ((MemoryJournal, "load"), (MemoryViews, "write"), (MemoryKeyStore, "add")):
        monkeypatch.setattr(owner, name, _counted(trips, name, getattr(owner, name)))

    async def scenario(world: World) -> None:
        region = world.regions["g1"]
        people = [(f"ledger:{number}", Principal(f"user-{number}")) for number in range(100)]
        await asyncio.gather(*(region.submit(room, Write("hi"), by=user) for room, user in people))
        await asyncio.gather(*(region.submit(room, Amend(1, "ho"), by=user) for room, user in people))

    play(scenario)
    assert 0 < trips["load"] <= 20
    assert 0 < trips["add"] <= 20
    assert 0 < trips["write"] <= 20


def _counted(trips: Counter[str], name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    async def counting(*arguments: Any, **named: Any) -> Any:
        trips[name] += 1
        return await method(*arguments, **named)

    return counting


def test_nobody_listens_who_is_not_admitted(play: Play) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(PermissionDenied):
            await world.regions["g1"].submit(ROOM, Attach(since=0), by=Principal("stranger"), listen=True)
        await submit(world, Write("private"))
        await asyncio.sleep(1)
        assert world.heard["g1"] == []

    play(scenario)


def test_unlisten_ends_the_deliveries(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.attach("g1", ROOM)
        await submit(world, Write("heard"))
        await until(lambda: versions(world) == [1], "the first event")
        world.regions["g1"].unlisten(ROOM)
        await submit(world, Write("not heard"))
        await asyncio.sleep(1)
        assert versions(world) == [1]
        await world.attach("g1", ROOM)
        await submit(world, Write("heard again"))
        await until(lambda: versions(world) == [1, 3], "the third event")

    play(scenario)


def test_an_eviction_travels_in_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.attach("g1", ROOM)
        await asyncio.gather(submit(world, Write("one")), submit(world, Leave()), submit(world, Write("two")))
        await until(lambda: len(versions(world)) == 3, "three events")
        assert [one.evict for one in world.heard["g1"]] == ["", "ann", ""]

    play(scenario)


def test_read_models_come_back_from_the_journal(play: Play) -> None:
    async def scenario(world: World) -> tuple[Any, Any]:
        for number in range(4):
            await submit(world, Write(f"{number}"))
        await submit(world, Amend(1, "amended"))
        await submit(world, Amend(1, "amended twice"))
        await submit(world, Strike(2))
        await asyncio.sleep(0.5)
        views = world.sound.views
        assert isinstance(views, MemoryViews)
        before = await views.get("entries", [f"{ROOM}#1", f"{ROOM}#2"])
        empty = MemoryViews(LedgerKind.indexes)
        object.__setattr__(world.sound, "views", empty)
        done = await rebuild(world.sound, [LedgerKind()])
        assert (done.entities, done.events, done.views) == (1, 7, 2)
        after = await empty.get("entries", [f"{ROOM}#1", f"{ROOM}#2"])
        assert {(one.id, one.version, one.data) for one in before.values()} == {
            (one.id, one.version, one.data) for one in after.values()
        }
        return msgspec.json.encode(await submit(world, Pages())), after

    pages, _ = play(scenario)
    assert pages == b'[[1,"amended twice"],[2,""],[3,"2"],[4,"3"]]'


def test_all_entities_together_keep_no_more_parts_than_they_may(play: Play, world: World) -> None:
    """Those that were dropped are fetched again when somebody asks for them."""
    world.bounds = ShardBounds(parts=40)
    world.settings = SETTINGS.model_copy(update={"passivate_after_s": 300.0})

    def parts() -> list[int]:
        everybody = (shard._residents._all.values() for shard in world.shards.values())
        return [sum(len(one.parts) for one in some) for some in everybody]

    async def scenario(world: World) -> None:
        rooms = [f"ledger:{number}" for number in range(40)]
        for text in ("a", "b", "c", "d"):
            await asyncio.gather(*(submit(world, Write(text), room) for room in rooms))
        assert max(parts()) > 40
        await until(lambda: max(parts()) <= 40, "fewer parts")
        assert sum(parts()) > 0
        for room in rooms:
            await submit(world, Amend(2, "B"), room)
            assert await submit(world, Pages(), room) == [[1, "a"], [2, "B"], [3, "c"], [4, "d"]]

    play(scenario)
