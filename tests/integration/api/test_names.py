"""Names of replicas, on a real database and with real listeners."""

import asyncio

from serve_app.processes.names import take_name
from serve_app.processes.peers import PeerProcess
from store.mongo.client import Database
from store.mongo.processes import ProcessRegistry


def a_peer() -> PeerProcess:
    return PeerProcess("gateway-0", "gateway", host="127.0.0.1", metrics=lambda: b"", stats=lambda: {})


async def test_a_name_is_taken_over_from_the_dead_and_not_from_the_living(mongo: Database) -> None:
    registry = ProcessRegistry(mongo)
    living = a_peer()
    await registry.register(await living.start())
    assert await take_name(registry, "gateway", 0, "second") == "gateway-1"  # with the same rank
    await living.close()
    assert await take_name(registry, "gateway", 0, "third") == "gateway-0"


async def test_who_only_begins_holds_its_name_already(mongo: Database) -> None:
    registry = ProcessRegistry(mongo)
    names = await asyncio.gather(*(take_name(registry, "gateway", 0, f"s{number}") for number in range(5)))
    assert sorted(names) == [f"gateway-{number}" for number in range(5)]
