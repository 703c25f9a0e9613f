"""Frames in a collection, as GridFS keeps chunks: `{_id, files_id: blob, n: number, w: writer, data}`.

The unique key (files_id, n) is a fence: a writer replaces what it or an older one wrote; where a newer one was, it
collides.
"""

from collections.abc import Sequence
from typing import Final

from pymongo import ASCENDING, IndexModel, ReplaceOne
from pymongo.errors import BulkWriteError

from common.errors import Conflict
from store.mongo.client import DUPLICATE_KEY, Database, database_errors

CHUNKS: Final = "blobs.chunks"
INDEXES: Final = (IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], name="files_id_1_n_1", unique=True),)


class Chunks:
    """The collection."""

    def __init__(self, database: Database) -> None:
        self._all = database[CHUNKS]

    async def prepare(self) -> None:
        """Make the indexes. Idempotent."""
        with database_errors():
            await self._all.create_indexes(list(INDEXES))

    async def put(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
        """Store these, numbered from `first`. Raises Conflict: a newer writer was here."""
        changes = [
            ReplaceOne(
                {"files_id": blob, "n": number, "w": {"$lte": writer}},
                {"files_id": blob, "n": number, "w": writer, "data": frame},
                upsert=True,
            )
            for number, frame in enumerate(frames, first)
        ]
        try:
            with database_errors():
                await self._all.bulk_write(changes, ordered=False)
        except BulkWriteError as exc:
            if any(error["code"] != DUPLICATE_KEY for error in exc.details["writeErrors"]):
                raise
            raise Conflict("Somebody else goes on with this blob.", blob=blob) from None

    async def read(self, blob: str, first: int, last: int) -> list[bytes]:
        """Those of first..last that are there, in order, up to the first that is missing."""
        query = {"files_id": blob, "n": {"$gte": first, "$lte": last}}
        with database_errors():
            found = await self._all.find(query, {"_id": 0, "n": 1, "data": 1}, sort=[("n", 1)]).to_list(None)
        return [one["data"] for place, one in enumerate(found) if one["n"] == first + place]

    async def remove(self, blob: str, *, below: int | None = None, above: int | None = None) -> None:
        """Delete those numbered below the one and above the other; without either, all."""
        bounds = {name: number for name, number in (("$lt", below), ("$gt", above)) if number is not None}
        with database_errors():
            await self._all.delete_many({"files_id": blob} | ({"n": bounds} if bounds else {}))
