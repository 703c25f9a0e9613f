"""From what happened to what changes in the index, and who tells of it: the journal, and people's accounts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from common.errors import CarewireError
from serve_app.capabilities.identity.accounts.account_records import COLLECTION as ACCOUNTS
from serve_app.capabilities.identity.accounts.roles import COLLECTION as SEEN
from serve_app.capabilities.search.port import Delete
from serve_app.capabilities.search.sources.conversations import EXCLUDED
from serve_app.capabilities.search.sources.entry import Entry, Fed, Feeder, UnjournaledSource
from serve_app.capabilities.search.sources.messages import TYPE as MESSAGES
from serve_app.capabilities.search.sources.messages import room_of
from serve_app.capabilities.search.sources.people import PeopleFeeder
from serve_app.follower.consumer import Turned
from store.mongo.client import Database, Document
from store.mongo.following import Following

_GATHER_S: Final = 0.1
_AT_ONCE: Final = 500
_AGAIN_S: Final = 1.0


class Excluded:
    """The rooms that nobody can search, as far as the journal was read: nothing that is said in them is taken in."""

    def __init__(self) -> None:
        self.rooms: set[str] = set()

    def kept(self, fed: Sequence[Fed]) -> tuple[list[Fed], list[str], list[str]]:
        """Of what a turn changes, what goes into the index; rooms that are searched no more; rooms that are again."""
        kept: list[Fed] = []
        hidden, shown = [], []
        for one in fed:
            if one.key.type == EXCLUDED:
                if isinstance(one, Entry):
                    self.rooms.add(one.key.id)
                    hidden.append(one.key.id)
                elif isinstance(one, Delete) and one.key.id in self.rooms:
                    self.rooms.discard(one.key.id)
                    shown.append(one.key.id)
            if one.key.type == MESSAGES and room_of(one.key) in self.rooms:
                continue
            kept.append(one)
        return kept, hidden, shown


async def read_all(turned: Turned, feeders: Sequence[Feeder]) -> list[Fed]:
    """What a turn changes, in the order of the feeders. Raises Unavailable."""
    kind = turned.entity.partition(":")[0]
    return [fed for one in feeders if kind in one.kinds for fed in await one.read(turned)]


class PeopleFollowing:
    """Hears of accounts that change, and of people who were here for the first time."""

    def __init__(
        self,
        database: Database,
        feeder: PeopleFeeder,
        standing: Sequence[UnjournaledSource],
        take: Callable[[Sequence[Fed]], Awaitable[None]],
        *,
        changed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`standing`: what is read as a whole at the beginning, people among it. `take`: what is done with what
        changes; it may raise Unavailable. `changed`: told at once who is not as they were; "" of all."""
        self._feeder, self._standing, self._take, self._told = feeder, standing, take, changed
        self._streams = [Following(database[name], self._tell, self._catch_up) for name in (ACCOUNTS, SEEN)]
        self._changed: dict[str, None] = {}
        self._wants_all = True
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Everything is read, in the background, and whoever changes meanwhile."""
        self._running = asyncio.create_task(self._run())
        for one in self._streams:
            await one.start()

    async def stop(self) -> None:
        """Idempotent."""
        for one in self._streams:
            await one.stop()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def _tell(self, document: Document) -> None:
        self._told(str(document["_id"]))
        self._changed[str(document["_id"])] = None
        self._news.set()

    async def _catch_up(self) -> None:
        self.read_all()

    def read_all(self) -> None:
        """Read everything once more: nobody knows what was missed."""
        self._told("")
        self._wants_all = True
        self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(_GATHER_S)
            self._news.clear()
            if self._wants_all and not await self._all_taken():
                self._news.set()
                continue
            some = list(self._changed)[:_AT_ONCE]
            if not some or await self._taken(some):
                for user in some:
                    self._changed.pop(user, None)
            if self._changed:
                self._news.set()

    async def _all_taken(self) -> bool:
        self._wants_all = False
        try:
            for one in self._standing:
                async for page in one.all():
                    await self._take(page)
        except CarewireError:
            self._wants_all = True
            await asyncio.sleep(_AGAIN_S)
        return not self._wants_all

    async def _taken(self, users: Sequence[str]) -> bool:
        try:
            await self._take(await self._feeder.of(users))
        except CarewireError:
            await asyncio.sleep(_AGAIN_S)
            return False
        return True
