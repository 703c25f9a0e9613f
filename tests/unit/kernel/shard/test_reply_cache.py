"""What a shard remembers of its replies: bounded over all its entities, and never needed for the right answer."""

import asyncio
from typing import Any

import pytest

from actors.kernel.shard.reply_cache import ReplyCache
from common.lib.cache import BoundedCache
from tests.simulation.world import World
from tests.unit.kernel.ledger import Seen, Strike, Write
from tests.unit.kernel.shard.test_commands import Play, submit
from tests.unit.kernel.shard.test_replay_buffer import HandClock

REPLY = b'{"seq":1}'


def test_a_reply_is_there_for_its_time_and_gone_after_twice_that() -> None:
    clock = HandClock()
    replies = ReplyCache(clock, kept_s=30.0)
    replies.add(b"c1", REPLY, 7)
    for clock.s in (10.0, 29.0, 30.0, 59.0):
        replies.trim()
        assert replies.get(b"c1") == (REPLY, 7)
    clock.s = 60.0
    replies.trim()
    assert replies.get(b"c1") is None
    assert replies.size == len(replies) == 0


def test_many_replies_take_no_more_than_they_may_and_the_newest_stay() -> None:
    replies = ReplyCache(HandClock(), most_bytes=100_000)
    for number in range(10_000):
        replies.add(number.to_bytes(16), REPLY, number)
        assert replies.size <= 100_000
    kept = [number for number in range(10_000) if replies.get(number.to_bytes(16)) is not None]
    assert kept == list(range(10_000 - len(kept), 10_000))
    assert replies.size > 45_000


def test_one_that_is_larger_than_all_may_be_does_no_harm() -> None:
    replies = ReplyCache(HandClock(), most_bytes=1000)
    replies.add(b"c1", b"x" * 5000, 1)
    replies.add(b"c2", REPLY, 2)
    assert replies.get(b"c2") == (REPLY, 2)
    assert replies.get(b"c1") is None
    replies.clear()
    assert replies.size == len(replies) == 0


def test_a_shard_with_many_entities_remembers_no_more_than_one_with_few(play: Play) -> None:
    async def scenario(world: World) -> None:
        for shard in world.shards.values():
            shard._publisher.replies._known = BoundedCache(20_000)
        rooms = [f"ledger:{number}" for number in range(60)]
        for text in range(10):
            await asyncio.gather(*(submit(world, Write(f"{text}"), room) for room in rooms))
        assert all(0 < shard._publisher.replies.size <= 20_000 for shard in world.shards.values())
        await asyncio.sleep(120)
        assert all(len(shard._publisher.replies) == 0 for shard in world.shards.values())

    play(scenario)


def test_a_repeat_gets_its_first_answer_though_its_shard_remembers_nothing(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReplyCache, "get", lambda self, command_id: None)

    async def scenario(world: World) -> None:
        asked: list[tuple[Any, str]] = [(Write("hi"), "c1"), (Seen(1), "c2"), (Strike(1), "c3")]
        first = [await submit(world, command, command_id=name) for command, name in asked]
        for _ in range(2):
            assert [await submit(world, command, command_id=name) for command, name in asked] == first
        assert (await submit(world, Write("next")))["seq"] == 3

    play(scenario)
