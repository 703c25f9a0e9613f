"""A journal that grows, and a follower that reads it."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from actors.kernel.contract.partitions import partition_of
from actors.kernel.history.codec import Codec
from actors.rooms.messages.chat_message import Content, pack
from actors.rooms.room.events import Posted
from actors.rooms.room.kind import RoomKind
from common.clock import SystemClock
from common.errors import Unavailable
from config.settings import RoomSettings
from serve_app.follower.consumer import Turned
from serve_app.follower.follower import Follower
from serve_app.follower.metrics import FollowerMetrics
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.mongo.client import Database
from store.mongo.feed_tokens import MongoFeedTokens
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.activities import MongoActivities
from store.mongo.kernel.feed import JournalFeed
from store.mongo.kernel.journal import MongoJournal
from store.mongo.kernel.leases import MongoLeases
from store.mongo.kernel.maps import MongoPartitionMaps
from store.mongo.kernel.timers import MongoTimers
from store.mongo.kernel.views import MongoViews
from store.mongo.keys import MongoKeyStore
from store.mongo.platform_time import MongoPlatformTime
from store.ports.journal import Outcome, Turn
from store.ports.stores import Stores
from tests.waiting import eventually


@dataclass
class Reader:
    """A consumer that remembers what it was given. `away`: it takes nothing just now; `broken`: of whom it cannot."""

    name: str = "screening"
    kinds: frozenset[str] = frozenset({"room"})
    look_back_ms: int = 0
    away: bool = False
    broken: str = ""
    seen: list[tuple[str, int, str]] = field(default_factory=list)

    async def take(self, turns: Sequence[Turned]) -> None:
        """See `Consumer.take`."""
        if self.away:
            raise Unavailable("Not now.")
        for turned in turns:
            if self.broken and turned.entity == self.broken:
                raise ValueError("a fault of ours")
        self.seen += [(turned.entity, turned.turn, _text(turned)) for turned in turns]

    def texts(self) -> list[str]:
        """What was said, in the order in which it came."""
        return [text for _, _, text in self.seen]


def _text(turned: Turned) -> str:
    secret = turned.recorded[0].event.secret
    return "" if secret is None else bytes(secret).decode(errors="ignore")


class Journaled:
    """Rooms whose messages are put into the journal of a database."""

    def __init__(self, database: Database, url: str) -> None:
        self.database, self.url = database, url
        self.clock = SystemClock()
        self.stores = Stores(
            journal=MongoJournal(database),
            views=MongoViews(database),
            timers=MongoTimers(database),
            leases=MongoLeases(database),
            maps=MongoPartitionMaps(database),
            vault=KeyringVault(MongoKeyStore(database), MasterKeys.generate(), self.clock),
            feed_tokens=MongoFeedTokens(database, self.clock),
            activities=MongoActivities(database),
            platform_time=MongoPlatformTime(database),
        )
        self.kind = RoomKind(RoomSettings())
        self._codec = Codec(self.kind, self.stores.vault)
        self._turns: dict[str, int] = {}

    async def say(self, room: str, *texts: str, at_ms: int | None = None) -> None:
        """Each text in a turn of its own."""
        await self.stores.vault.ensure(["ann"])
        for text in texts:
            number = self._turns[room] = self._turns.get(room, 0) + 1
            at = self.clock.now_ms() if at_ms is None else at_ms
            event = Posted(author="ann", secret=pack(Content(text)), at=at, id=f"msg_{number}")
            blob = self._codec.encode(room, event, number)
            turn = Turn(room, number, number, at, partition_of(room), (blob,), primary=1)
            assert (await self.stores.journal.append([turn]))[room] is Outcome.STORED

    def follower(self, readers: Sequence[Reader]) -> Follower:
        """Another one, as a process would have it."""

        def feed(kinds: Iterable[str]) -> JournalFeed:
            return JournalFeed(self.url, self.database.name, kinds)

        return Follower(
            readers,
            [self.kind],
            self.database,
            self.stores,
            self.clock,
            feed=feed,
            metrics=FollowerMetrics(CollectorRegistry()),
        )

    @asynccontextmanager
    async def following(self, *readers: Reader) -> AsyncIterator[Follower]:
        """One that reads, until it is left."""
        follower = self.follower(readers)
        await follower.start()
        try:
            yield follower
        finally:
            await follower.stop()


async def journaled(database: Database, url: str) -> Journaled:
    """An empty one."""
    await ensure_indexes(database)
    return Journaled(database, url)


async def until(reader: Reader, *texts: str) -> None:
    """Wait until the reader has been given all of these."""

    async def given() -> bool:
        return _all_of(reader.texts(), texts)

    await eventually(given, f"{reader.name} was not given {texts}", timeout_s=20.0)


def _all_of(seen: Collection[str], texts: Iterable[str]) -> bool:
    return all(any(text in one for one in seen) for text in texts)
