"""The two kinds of storage that every test here runs on."""

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.memory import MemoryActivities, MemoryJournal, MemoryLeases, MemoryPartitionMaps, MemoryTimers, MemoryViews
from store.memory.keys import MemoryKeyStore
from store.memory.platform_time import MemoryPlatformTime
from store.mongo.client import open_client
from store.mongo.feed_tokens import MongoFeedTokens
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.activities import MongoActivities
from store.mongo.kernel.journal import MongoJournal
from store.mongo.kernel.leases import MongoLeases
from store.mongo.kernel.maps import MongoPartitionMaps
from store.mongo.kernel.timers import MongoTimers
from store.mongo.kernel.views import MongoViews
from store.mongo.keys import MongoKeyStore
from store.mongo.platform_time import MongoPlatformTime
from store.ports.feed_tokens import MemoryFeedTokens
from store.ports.keys import KeyStore
from store.ports.stores import Stores
from store.ports.views import Index

INDEXES = (Index("people", ("room", "joined")), Index("people", ("room", "version")), Index("names", ("name",), True))


@dataclass
class Dial:
    """A clock that stands still until it is turned."""

    now_s: float = 1000.0

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return self.now_s


@dataclass
class Backend:
    """One storage. Each `process()` is one more process that uses it: they share data, and nothing else."""

    keys: KeyStore
    make: Callable[[KeyringVault], Stores]
    masters: MasterKeys = field(default_factory=MasterKeys.generate)
    clock: Dial = field(default_factory=Dial)

    def process(self) -> Stores:
        return self.make(self.vault())

    def vault(self, masters: MasterKeys | None = None, max_keys: int = 1000) -> KeyringVault:
        return KeyringVault(self.keys, masters or self.masters, self.clock, max_keys=max_keys, recheck_s=15.0)


@pytest_asyncio.fixture(params=["memory", "mongo"])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    if request.param == "memory":
        parts = MemoryJournal(), MemoryViews(INDEXES), MemoryTimers(), MemoryLeases(), MemoryPartitionMaps()
        memory = Backend(MemoryKeyStore(), lambda vault: Stores(*parts, vault, *others))
        others = MemoryFeedTokens(memory.clock), MemoryActivities(), MemoryPlatformTime()
        yield memory
        return
    client = open_client(request.getfixturevalue("mongo_url"), timeout_s=10.0)
    database = client[f"contract_{uuid.uuid4().hex}"]
    await ensure_indexes(database, INDEXES)
    opened: list[MongoJournal] = []
    clock = Dial()

    def make(vault: KeyringVault) -> Stores:
        opened.append(journal := MongoJournal(database))
        views, timers = MongoViews(database), MongoTimers(database)
        leases, maps = MongoLeases(database), MongoPartitionMaps(database)
        others = MongoFeedTokens(database, clock), MongoActivities(database), MongoPlatformTime(database)
        return Stores(journal, views, timers, leases, maps, vault, *others)

    try:
        yield Backend(MongoKeyStore(database), make, clock=clock)
    finally:
        for journal in opened:
            journal.close()
        await client.drop_database(database.name)
        client.close()


@pytest.fixture
def stores(backend: Backend) -> Stores:
    """The storage as one process sees it."""
    return backend.process()
