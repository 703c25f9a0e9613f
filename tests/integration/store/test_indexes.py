import asyncio

import pytest
from pymongo import IndexModel

from common.errors import StartupError
from store.mongo.client import Database
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.documents import JOURNAL
from store.ports.views import Index

DECLARED = (Index("people", ("room", "joined")), Index("people", ("room", "version")), Index("names", ("name",), True))


async def test_indexes_can_be_made_again_and_by_many_at_once(mongo: Database) -> None:
    await asyncio.gather(*(ensure_indexes(mongo, DECLARED) for _ in range(4)))
    await ensure_indexes(mongo, DECLARED)
    people = await mongo["people"].index_information()
    assert people["room_joined"]["key"] == [("f.room", 1), ("f.joined", 1), ("_id", 1)]
    assert people["room_version"]["key"] == [("f.room", 1), ("v", 1), ("_id", 1)]
    names = await mongo["names"].index_information()
    assert names["name"]["key"] == [("f.name", 1)]
    assert names["name"]["unique"]
    journal = await mongo[JOURNAL].index_information()
    assert journal["commands"]["unique"]
    assert set(journal) == {"_id_", "commands", "events", "unsettled", "entities"}


async def test_a_changed_index_is_reported_and_not_replaced(mongo: Database) -> None:
    await mongo[JOURNAL].create_indexes([IndexModel([("ci", 1)], name="commands")])
    with pytest.raises(StartupError, match="collection 'journal'"):
        await ensure_indexes(mongo)
    assert "unique" not in (await mongo[JOURNAL].index_information())["commands"]


@pytest.mark.parametrize(
    "collection", ["journal", "snapshots", "timers", "activities", "leases", "partition_maps", "keys", "counters"]
)
async def test_a_kind_cannot_claim_a_collection_of_the_store(mongo: Database, collection: str) -> None:
    with pytest.raises(ValueError, match="belongs to the store"):
        await ensure_indexes(mongo, [Index(collection, ("x",))])
