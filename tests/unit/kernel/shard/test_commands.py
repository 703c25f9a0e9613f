"""What becomes of a command: once, in order, and with an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import Principal
from common.errors import CarewireError, NotFound, Overloaded, PayloadTooLarge, Unavailable
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import Amend, Break, Hum, Pages, Seen, Strike, Write

Play = Callable[[Callable[[World], Awaitable[Any]]], Any]
ROOM = "ledger:a"
ANN = Principal("ann")


async def submit(world: World, command: msgspec.Struct, room: str = ROOM, **options: Any) -> Any:
    reply = await world.regions["g1"].submit(room, command, by=ANN, **options)
    return msgspec.json.decode(reply.data)


def test_the_same_command_id_is_carried_out_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        region = world.regions["g1"]
        first = await region.submit(ROOM, Write("hi"), by=ANN, command_id="c1")
        again = await region.submit(ROOM, Write("hi"), by=ANN, command_id="c1")
        assert (first.duplicate, again.duplicate) == (False, True)
        assert first.data == again.data
        assert await submit(world, Pages()) == [[1, "hi"]]

    play(scenario)


def test_a_command_is_recognised_after_its_shard_has_died_and_been_passivated(play: Play) -> None:
    async def scenario(world: World) -> None:
        first = await submit(world, Write("hi"), command_id="c1")
        for number in range(20):  # beyond a snapshot, so that replaying the journal does not show it again
            await submit(world, Write(f"{number}"))
        for name in list(world.shards):
            await world.kill(name)
            await world.start_shard(name)
        await submit(world, Pages(), timeout_s=60)
        reply = await world.regions["g1"].submit(ROOM, Write("hi"), by=ANN, command_id="c1")
        assert reply.duplicate
        assert msgspec.json.decode(reply.data) == first

    play(scenario)


def test_a_repeated_command_gets_its_first_reply_even_where_it_would_be_refused_now(play: Play) -> None:
    async def scenario(world: World) -> None:
        await submit(world, Write("hi"))
        struck = await submit(world, Strike(1), command_id="c1")
        for number in range(20):
            await submit(world, Write(f"{number}"))
        await asyncio.sleep(10)  # passivated
        assert await submit(world, Strike(1), command_id="c1") == struck
        with pytest.raises(CarewireError, match="deleted"):
            await submit(world, Strike(1), command_id="another")

    play(scenario)


def test_the_same_id_in_another_entity_is_another_command(play: Play) -> None:
    async def scenario(world: World) -> None:
        await submit(world, Write("hi"), command_id="c1")
        reply = await world.regions["g1"].submit("ledger:b", Write("ho"), by=ANN, command_id="c1")
        assert not reply.duplicate
        assert await submit(world, Pages(), "ledger:b") == [[1, "ho"]]

    play(scenario)


def test_a_refusal_changes_nothing_and_names_its_code(play: Play) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(NotFound):
            await submit(world, Amend(1, "nothing there"))
        assert await submit(world, Pages()) == []

    play(scenario)


def test_a_bug_costs_its_caller_an_answer_and_nobody_else(play: Play) -> None:
    async def scenario(world: World) -> None:
        results = await asyncio.gather(
            submit(world, Write("before")),
            submit(world, Break()),
            submit(world, Write("after")),
            return_exceptions=True,
        )
        assert [type(one) for one in results] == [dict, CarewireError, dict]
        assert await submit(world, Pages()) == [[1, "before"], [2, "after"]]

    play(scenario)


def test_commands_of_one_turn_see_each_other(play: Play) -> None:
    async def scenario(world: World) -> None:
        await asyncio.gather(
            submit(world, Write("first")),
            submit(world, Amend(1, "second")),
            submit(world, Amend(1, "third")),
        )
        assert await submit(world, Pages()) == [[1, "third"]]

    play(scenario)


def test_a_note_takes_no_number(play: Play) -> None:
    async def scenario(world: World) -> None:
        await submit(world, Write("one"))
        await submit(world, Seen(1))
        assert (await submit(world, Write("two")))["seq"] == 2

    play(scenario)


def test_a_full_mailbox_refuses_the_newest_at_once_and_completes_the_rest(world: World, play: Play) -> None:
    world.settings = SETTINGS.model_copy(update={"max_queued_per_entity": 10, "max_batch_bytes": 90_000})

    async def scenario(world: World) -> None:
        await submit(world, Write("warm"))
        results = await asyncio.gather(*(submit(world, Write(f"{n}")) for n in range(50)), return_exceptions=True)
        refused = [one for one in results if isinstance(one, Overloaded)]
        assert refused
        assert all(one.retry_after_s for one in refused)
        assert len(await submit(world, Pages())) == 51 - len(refused)

    play(scenario)


def test_a_region_refuses_at_once_when_too_much_waits_for_a_shard(world: World, play: Play) -> None:
    world.settings = SETTINGS.model_copy(update={"max_queued": 5})

    async def scenario(world: World) -> None:
        for name in list(world.shards):
            await world.kill(name)
        waiting = [asyncio.ensure_future(submit(world, Write(f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await submit(world, Write("one too many"))
        assert {type(one) for one in await asyncio.gather(*waiting, return_exceptions=True)} == {Unavailable}

    play(scenario)


def test_no_answer_in_time_is_unavailable_and_a_retry_with_the_same_id_is_safe(play: Play) -> None:
    async def scenario(world: World) -> None:
        for name in list(world.shards):
            await world.kill(name)
        started_s = world.clock.monotonic_s()
        with pytest.raises(Unavailable, match="client_id"):
            await submit(world, Write("hi"), command_id="c1")
        assert world.clock.monotonic_s() - started_s == pytest.approx(SETTINGS.retry_deadline_s, abs=0.2)
        for number in range(2):
            await world.start_shard(f"rooms-{number}")
        await submit(world, Write("hi"), command_id="c1", timeout_s=60)
        assert await submit(world, Pages()) == [[1, "hi"]]

    play(scenario)


def test_more_than_a_turn_holds_is_refused_and_many_that_fill_it_are_spread(world: World, play: Play) -> None:
    world.settings = SETTINGS.model_copy(update={"max_turn_bytes": 100_000, "max_batch_bytes": 100_000})

    async def scenario(world: World) -> None:
        with pytest.raises(PayloadTooLarge):
            await submit(world, Write("x" * 100_001))
        await asyncio.gather(*(submit(world, Write("x" * 30_000)) for _ in range(10)))
        turns = await world.sound.journal.turns(ROOM, after=0, limit=100)
        assert sum(len(turn.events) for turn in turns) == 10
        assert max(sum(map(len, turn.events)) for turn in turns) <= 100_000

    play(scenario)


def test_a_signal_reaches_listeners_but_not_the_journal(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.attach("g1", ROOM)
        await submit(world, Hum())
        await asyncio.sleep(0.1)
        (heard,) = world.heard["g1"]
        assert (heard.version, heard.packet, heard.skip) == (0, b'["hum",{}]', "ann")
        assert await world.sound.journal.turns(ROOM, after=0, limit=10) == []

    play(scenario)
