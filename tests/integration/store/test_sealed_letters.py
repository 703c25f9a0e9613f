"""What a letter quotes is nowhere in the database, neither while the letter is owed nor afterwards."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest_asyncio
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pydantic import SecretStr
from typing_extensions import override

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Library, Principal
from common.clock import SystemClock
from config.settings import KernelSettings, MongoSettings, Settings
from store.mongo.client import Database, open_client
from store.ports.stores import Stores
from store.stores import open_stores
from tests.unit.kernel.ledger import QUOTING, Entry, Ledger, LedgerKind, Write
from tests.waiting import eventually

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
CANARY = "what somebody told in confidence"


class Gated(LedgerKind):
    """Takes no quote before the gate is open: until then the letter is owed."""

    def __init__(self, gate: asyncio.Event) -> None:
        self._gate = gate

    @override
    def needs(self, entity: Ledger, command: Any) -> Sequence[str]:
        return ("gate",) if entity.key == "quotes" and isinstance(command, Write) else super().needs(entity, command)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Entry]:
        if "gate" in keys:
            await self._gate.wait()
            return {}
        return await super().fetch(entity_id, keys, library)


@dataclass
class Rig:
    """A shard over a real mongod."""

    stores: Stores
    region: Region
    database: Database
    oplog: Database
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, command: Write) -> None:
        await self.region.submit("ledger:a", command, by=Principal("ann"))

    async def owes_nothing(self) -> bool:
        return not await self.stores.journal.unsettled(range(256), limit=1)

    async def dump(self) -> bytes:
        """All that the database holds, and what its log of writes still has of it."""
        names = await self.database.list_collection_names()
        stored = [document.raw for name in names async for document in self.database[name].with_options(RAW).find()]
        mine = {"ns": {"$regex": f"^{self.database.name}\\."}}
        logged = [document.raw async for document in self.oplog["oplog.rs"].with_options(RAW).find(mine)]
        assert stored
        assert logged
        return b"".join((*stored, *logged))


@pytest_asyncio.fixture
async def rig(mongo: Database, mongo_url: str, tmp_path: Any) -> AsyncIterator[Rig]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings adds it
        data_dir=tmp_path,
        mongo=MongoSettings(url=SecretStr(mongo_url), database=mongo.name, timeout_s=10),
    )
    gate = asyncio.Event()
    kind = Gated(gate)
    stores = await open_stores(settings, kind.indexes)
    client = open_client(mongo_url, timeout_s=10)
    cluster = LocalCluster(
        stores, [kind], settings=KernelSettings(linger_ms=0), clock=SystemClock(), shards=1, reactions=[QUOTING]
    )
    await cluster.start()
    yield Rig(stores, await cluster.region("test"), mongo, client["local"], gate)
    gate.set()
    await cluster.stop()
    stores.close()
    client.close()


async def test_a_sealed_text_is_nowhere_before_and_after_its_letter_is_sent(rig: Rig) -> None:
    await rig.write(Write(CANARY, quote="ledger:quotes"))
    assert not await rig.owes_nothing()
    assert CANARY.encode() not in await rig.dump()
    rig.gate.set()
    await eventually(rig.owes_nothing, "the turn is not settled")
    assert CANARY.encode() not in await rig.dump()
    [quote] = await rig.stores.journal.turns("ledger:quotes", after=0, limit=2)
    assert len(quote.events) == 1


async def test_the_twin_without_a_seal_shows_it(rig: Rig) -> None:
    await rig.write(Write(CANARY, tell="ledger:quotes"))
    assert CANARY.encode() in await rig.dump()
