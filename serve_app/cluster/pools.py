"""The pools of shards: who is in them, and how many there should be, while everything runs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from actors.kernel.cluster.remote.calls import RemoteShard
from actors.kernel.cluster.remote.shards import ensure_shards, present_shards
from common.errors import NotFound, Unavailable
from common.logs import get_logger
from serve_app.cluster.spec import CarewireSpec
from store.ports.stores import Stores

_log = get_logger(__name__)
_READ_S: Final = 0.4  # with asking the shards, less than the time limit of a health probe


class Pools:
    """The shards of this system (`census.Shards`), asked through Ray. Which there are is written in the partition maps;
    while the database is away, those heard of last are."""

    def __init__(self, recipe: CarewireSpec, stores: Stores) -> None:
        self._recipe, self._stores = recipe, stores
        self._known: dict[str, list[str]] = {pool: recipe.shards_of(pool) for pool in recipe.pools}
        self._handles: dict[str, RemoteShard] = {}
        self._resizing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def names(self) -> Sequence[str]:
        """See `census.Shards`."""
        known = await self._read()
        return [*(name for names in known.values() for name in names), *self._recipe.volatile_shards]

    async def of(self, pool: str) -> Sequence[str]:
        """Those of one pool."""
        return (await self._read())[pool]

    async def entity_shards(self) -> Sequence[str]:
        """Those that host entities."""
        return [name for names in (await self._read()).values() for name in names]

    async def stats(self, shard: str) -> Mapping[str, object]:
        """See `census.Shards`."""
        return await self.shard(shard).stats()

    async def metrics(self, shard: str) -> bytes:
        """See `census.Shards`."""
        return await self.shard(shard).metrics()

    async def resize(self, pool: str, shards: int) -> Sequence[str]:
        """Give the pool so many shards, and move partitions until each has its share. Who is in it afterwards. It goes
        on when the caller has gone; a second one waits for the first.

        Raises:
            NotFound: there is no such pool, or its number is fixed while it runs.
            Unavailable: the database does not answer. What was moved until then stays moved; ask again.
        """
        if pool not in self._recipe.pools:
            raise NotFound(f"There is no such pool; there are {', '.join(self._recipe.pools)}.")
        task = asyncio.create_task(self._resize(pool, shards))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)
        return await self.of(pool)

    async def _resize(self, pool: str, shards: int) -> None:
        async with self._resizing:
            _log.info("pool.resizing", pool=pool, shards=shards)
            await ensure_shards(self._recipe, self._stores, resize={pool: shards})

    async def _read(self) -> Mapping[str, list[str]]:
        try:
            async with asyncio.timeout(_READ_S):
                self._known = await present_shards(self._recipe, self._stores)
        except (TimeoutError, Unavailable):
            _log.warning("pools.not_read")
        return self._known

    def shard(self, name: str) -> RemoteShard:
        """The client of one of them."""
        return self._handles.setdefault(name, RemoteShard(name))
