"""The registry of processes on a real database."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pymongo.errors import ConnectionFailure
from typing_extensions import override

from store.mongo.client import Database
from store.mongo.processes import COLLECTION, Process, ProcessRegistry, keep_registered
from store.mongo.secrets import shared_secret


def a_gateway(start: str = "s1", pid: int = 1) -> Process:
    return Process("gateway-0", "gateway", pid, "n1", start, "127.0.0.1:9", "key")


async def test_the_living_are_found_and_those_who_left_are_not(mongo: Database) -> None:
    registry = ProcessRegistry(mongo)
    await registry.prepare()
    await registry.prepare()
    api = Process("api-0", "api", 2, "n1", "s2", "127.0.0.1:10", "key")
    await registry.register(a_gateway())
    await registry.register(api)
    assert await registry.alive() == [api, a_gateway()]
    assert [await registry.count(kind) for kind in ("api", "gateway", "predictor")] == [1, 1, 0]
    await registry.remove(api)
    assert await registry.alive() == [a_gateway()]


async def test_a_successor_takes_the_name_and_the_old_one_cannot_take_it_back(mongo: Database) -> None:
    registry = ProcessRegistry(mongo)
    old, new = a_gateway("old", 1), a_gateway("new", 2)
    await registry.register(old)
    await registry.register(new)
    assert not await registry.renew(old)
    await registry.remove(old)
    assert await registry.alive() == [new]
    assert await registry.renew(new)


async def test_a_name_is_taken_by_one_and_from_the_dead_only(mongo: Database) -> None:
    registry = ProcessRegistry(mongo)
    first, second, third = (Process("gateway-0", "gateway", pid, "n1", f"s{pid}") for pid in (1, 2, 3))
    assert await registry.holder("gateway-0") is None
    assert await registry.claim(first, None)
    assert not await registry.claim(second, None)
    assert await registry.holder("gateway-0") == first
    assert await registry.alive() == []  # it has not said yet where it answers
    quicker, slower = await registry.claim(second, first), await registry.claim(third, first)
    assert (quicker, slower) == (True, False)  # both saw the first one dead
    assert await registry.holder("gateway-0") == second


async def test_who_has_not_been_heard_of_for_a_while_is_not_among_the_living(mongo: Database) -> None:
    registry = ProcessRegistry(mongo)
    await registry.register(a_gateway())
    seen = {"$set": {"seen": datetime.now(UTC) - timedelta(seconds=9)}}
    await mongo[COLLECTION].update_one({"_id": "gateway-0"}, seen)
    assert await registry.alive() == []
    assert await registry.count("gateway") == 0
    assert await registry.renew(a_gateway())
    assert await registry.alive() == [a_gateway()]


async def test_whoever_the_database_has_lost_says_it_again(mongo: Database) -> None:
    registry = ProcessRegistry(mongo)
    beats = 0

    async def no_sleep(_: float) -> None:
        nonlocal beats
        beats += 1
        if beats == 2:
            await mongo[COLLECTION].delete_many({})
        if beats == 4:
            raise asyncio.CancelledError

    with suppress(asyncio.CancelledError):
        await keep_registered(registry, a_gateway(), no_sleep)
    assert await registry.alive() == [a_gateway()]


class Forgetful(ProcessRegistry):
    """A database that is away for the first two beats."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.failures = 2
        self.registered = asyncio.Event()

    @override
    async def register(self, process: Process) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionFailure("away")
        await super().register(process)
        self.registered.set()


async def test_a_database_that_is_away_is_waited_for(mongo: Database) -> None:
    registry = Forgetful(mongo)
    keeping = asyncio.create_task(keep_registered(registry, a_gateway(), lambda _: asyncio.sleep(0)))
    await asyncio.wait_for(registry.registered.wait(), 10)
    keeping.cancel()
    assert await registry.alive() == [a_gateway()]


async def test_everybody_who_asks_at_once_gets_the_same_secret(mongo: Database) -> None:
    asked = await asyncio.gather(*(shared_secret(mongo, "gateways") for _ in range(20)))
    assert len(set(asked)) == 1
    assert len(asked[0]) == 32
    assert await shared_secret(mongo, "others") != asked[0]
