"""Partition maps in MongoDB: `{_id: pool, epoch, owners: [name of a shard for each partition]}`."""

from typing import Final

from pymongo.errors import DuplicateKeyError

from store.mongo.client import Database, Document, database_errors
from store.ports.maps import PartitionMap

MAPS: Final = "partition_maps"


class MongoPartitionMaps:
    """`PartitionMaps` over one collection."""

    def __init__(self, database: Database) -> None:
        self._maps = database[MAPS]

    async def read(self, pool: str) -> PartitionMap | None:
        with database_errors():
            found: Document | None = await self._maps.find_one({"_id": pool})
        return PartitionMap(pool, found["epoch"], tuple(found["owners"])) if found is not None else None

    async def write(self, new: PartitionMap) -> PartitionMap:
        document = {"_id": new.pool, "epoch": new.epoch, "owners": list(new.owners)}
        with database_errors():
            if new.epoch == 1:
                await self._insert(document)
            else:
                await self._maps.replace_one({"_id": new.pool, "epoch": new.epoch - 1}, document)
        now = await self.read(new.pool)
        if now is None:
            raise ValueError("the first map of a pool has epoch 1")
        return now

    async def _insert(self, document: Document) -> None:
        try:
            await self._maps.insert_one(document)
        except DuplicateKeyError:
            return  # there is a map already; the caller is told which
