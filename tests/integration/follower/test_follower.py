"""The follower misses nothing: not what is said while it is away, not what its place in the log was lost for."""

import asyncio

import pytest

from serve_app.follower import line
from serve_app.follower.positions import COLLECTION
from store.mongo.client import Database
from tests.integration.follower.rig import Reader, journaled, until
from tests.waiting import eventually


async def test_what_is_said_comes_once_opened_and_in_the_order_of_its_room(mongo: Database, mongo_url: str) -> None:
    house, reader = await journaled(mongo, mongo_url), Reader()
    async with house.following(reader) as follower:
        await eventually(_has_a_place(mongo), "the follower has no place in the log")
        await asyncio.gather(*(house.say(f"room:{name}", *(f"{name}{n}" for n in range(40))) for name in "ab"))
        await until(reader, "a39", "b39")
        assert follower.stats()["serving"] is True
    for name in "ab":
        assert [turn for entity, turn, _ in reader.seen if entity == f"room:{name}"] == list(range(1, 41))


async def test_what_is_said_while_it_is_away_comes_when_it_is_back(mongo: Database, mongo_url: str) -> None:
    house, before, after = await journaled(mongo, mongo_url), Reader(), Reader()
    async with house.following(before):
        await eventually(_has_a_place(mongo), "the follower has no place in the log")
        await house.say("room:a", "first")
        await until(before, "first")
    await house.say("room:a", "second")
    async with house.following(after):
        await house.say("room:a", "third")
        await until(after, "second", "third")
    assert [turn for _, turn, _ in after.seen] == [2, 3]


async def test_a_place_that_the_log_has_rolled_over_is_made_up_for(mongo: Database, mongo_url: str) -> None:
    house, before, after = await journaled(mongo, mongo_url), Reader(), Reader()
    await house.say("room:old", "ancient", at_ms=house.clock.now_ms() - 86_400_000)
    async with house.following(before):
        await eventually(_has_a_place(mongo), "the follower has no place in the log")
        await house.say("room:a", "first")
        await until(before, "first")
    await house.say("room:a", "second")
    await house.say("room:b", "third")
    stale = "a token of another log"
    await mongo[COLLECTION].update_one({"_id": before.name}, {"$set": {"token": stale}})
    async with house.following(after):
        await until(after, "second", "third")
        await house.say("room:a", "fourth")
        await until(after, "fourth")
    assert not any("ancient" in text for text in after.texts())


async def test_who_reads_for_the_first_time_is_shown_as_much_of_the_past_as_it_wants(
    mongo: Database, mongo_url: str
) -> None:
    house, reader = await journaled(mongo, mongo_url), Reader(look_back_ms=3_600_000)
    hour_ms = 3_600_000
    await house.say("room:a", "ancient", at_ms=house.clock.now_ms() - 3 * hour_ms)
    await house.say("room:a", "recent")
    async with house.following(reader):
        await until(reader, "recent")
    assert not any("ancient" in text for text in reader.texts())


async def test_one_that_takes_nothing_holds_up_nobody_and_gets_all_of_it_later(
    mongo: Database, mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "MOST_WAITING", 20)
    house, well, ill = await journaled(mongo, mongo_url), Reader(), Reader("search", away=True)
    async with house.following(well, ill) as follower:
        await eventually(_has_a_place(mongo), "the follower has no place in the log")
        await house.say("room:a", *(f"text{n:03}" for n in range(100)))
        await until(well, "text099")
        assert ill.seen == []
        assert "'waiting': 0" not in str(follower.stats()["consumers"]["search"])  # type: ignore[index]
        ill.away = False
        await until(ill, "text099")
    assert list(dict.fromkeys(turn for _, turn, _ in ill.seen)) == list(range(1, 101))


async def test_a_turn_that_a_consumer_cannot_take_is_left_out_and_named(
    mongo: Database, mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "_PAUSES_S", (0.01, 0.02))
    house, reader = await journaled(mongo, mongo_url), Reader(broken="room:bad")
    async with house.following(reader):
        await eventually(_has_a_place(mongo), "the follower has no place in the log")
        await house.say("room:a", "one")
        await house.say("room:bad", "two")
        await house.say("room:a", "three")
        await until(reader, "one", "three")
    assert not any("two" in text for text in reader.texts())


async def test_of_two_followers_one_reads_and_the_other_goes_on_when_it_ends(mongo: Database, mongo_url: str) -> None:
    house, first, second = await journaled(mongo, mongo_url), Reader(), Reader()
    async with house.following(second) as heir:
        await eventually(_has_a_place(mongo), "the follower has no place in the log")
        async with house.following(first) as waiting:
            await house.say("room:a", "one")
            await until(second, "one")
            assert waiting.stats()["serving"] is False
            await heir.stop()
            await house.say("room:a", "two")
            await until(first, "two")
    assert not any("two" in text for text in second.texts())


def _has_a_place(mongo: Database):  # type: ignore[no-untyped-def] # a closure
    async def placed() -> bool:
        found = await mongo[COLLECTION].find_one({"token": {"$ne": None}})
        return found is not None

    return placed
