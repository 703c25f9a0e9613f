"""What was deleted is nowhere in the database any more, sealed or not."""

import bson

from common.clock import SystemClock
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.mongo.client import Database
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.journal import MongoJournal
from store.mongo.kernel.views import MongoViews
from store.mongo.keys import MongoKeyStore
from store.ports.views import View
from tests.contract.kernel.turns import a_turn

ROOM = "room:1"
TEXT = b"a text that nobody may read any more"


async def everything(database: Database) -> bytes:
    """All that the database holds, as bytes."""
    names = await database.list_collection_names()
    return b"".join([bson.encode(document) for name in names async for document in database[name].find()])


async def test_redaction_and_a_newer_view_leave_no_ciphertext(mongo: Database) -> None:
    await ensure_indexes(mongo)
    journal, views = MongoJournal(mongo), MongoViews(mongo)
    vault = KeyringVault(MongoKeyStore(mongo), MasterKeys.generate(), SystemClock())
    await vault.ensure(["alice"])
    blob, other = (vault.seal("alice", TEXT, f"{ROOM}#{seq}".encode()) for seq in (1, 2))
    await journal.append([a_turn(ROOM, 1, b"head " + blob, b"head " + other)])
    await views.write([View("messages", "m1", 1, {}, b"", blob)])
    before = await everything(mongo)
    assert before.count(blob) == 2
    assert TEXT not in before

    await journal.redact(ROOM, {1: b"head "})
    await views.write([View("messages", "m1", 3, {})])

    after = await everything(mongo)
    assert blob not in after
    assert blob[9:] not in after
    assert other in after


async def test_an_erased_key_is_nowhere_in_the_database(mongo: Database) -> None:
    await ensure_indexes(mongo)
    keys = MongoKeyStore(mongo)
    vault = KeyringVault(keys, MasterKeys.generate(), SystemClock())
    await vault.ensure(["alice", "bob"])
    wrapped = {subject: key.wrapped for subject, key in (await keys.newest(["alice", "bob"])).items()}
    await vault.erase("alice")
    after = await everything(mongo)
    assert wrapped["alice"] not in after
    assert wrapped["bob"] in after
