"""The twins of the race tests in tests/contract: the same races with the guard taken away. Each must be seen."""

import asyncio

from pymongo import ReplaceOne

from common.clock import SystemClock
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.holders import this_process
from store.mongo.client import Database
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.documents import JOURNAL, to_document
from store.mongo.kernel.journal import MongoJournal, outcomes_of
from store.mongo.kernel.leases import LEASES
from store.mongo.keys import KEYS, MongoKeyStore
from store.ports.journal import Outcome
from store.ports.leases import Holder
from tests.contract.kernel.turns import a_turn


async def test_without_the_fence_both_writers_of_a_turn_are_stored(mongo: Database) -> None:
    async def append_without_fence(text: bytes) -> Outcome:
        turn = a_turn("room:1", 1, text)
        document = {key: value for key, value in to_document(turn).items() if key != "_id"}
        return outcomes_of([turn], await mongo.command({"insert": JOURNAL, "documents": [document]}))["room:1"]

    outcomes = await asyncio.gather(append_without_fence(b"a"), append_without_fence(b"b"))
    assert set(outcomes) == {Outcome.STORED}


async def test_without_the_index_of_commands_a_repeated_command_is_stored_twice(mongo: Database) -> None:
    await ensure_indexes(mongo)
    await mongo[JOURNAL].drop_index("commands")
    journal = MongoJournal(mongo)
    outcomes = [await journal.append([a_turn("room:1", number, b"x", answers=("a",))]) for number in (1, 2)]
    assert outcomes == [{"room:1": Outcome.STORED}] * 2


async def test_without_one_atomic_step_both_take_the_lease(mongo: Database) -> None:
    both_have_looked = asyncio.Barrier(2)

    async def look_then_take(holder: Holder) -> bool:
        held = await mongo[LEASES].find_one({"_id": "rooms-0"})
        await both_have_looked.wait()
        if held is None:
            await mongo[LEASES].update_one({"_id": "rooms-0"}, {"$set": {"holder": holder.id}}, upsert=True)
        return held is None

    took = await asyncio.gather(look_then_take(this_process()), look_then_take(this_process()))
    assert set(took) == {True}


async def test_without_the_unique_index_a_person_ends_with_several_first_keys(mongo: Database) -> None:
    await ensure_indexes(mongo)
    await mongo[KEYS].drop_index("subject")
    masters = MasterKeys.generate()
    vaults = [KeyringVault(MongoKeyStore(mongo), masters, SystemClock()) for _ in range(8)]
    for number in range(20):
        await asyncio.gather(*(vault.ensure([f"user{number}"]) for vault in vaults))
        if await mongo[KEYS].count_documents({"s": f"user{number}"}) > 1:
            return
    raise AssertionError("the race never happened: the test in tests/contract proves nothing")


async def test_without_the_version_a_late_write_takes_a_view_back(mongo: Database) -> None:
    for version in (2, 1):
        await mongo["people"].bulk_write([ReplaceOne({"_id": "a"}, {"_id": "a", "v": version}, upsert=True)])
    assert (await mongo["people"].find_one({"_id": "a"}) or {})["v"] == 1
