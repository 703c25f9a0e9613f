"""What is known of each blob: `{_id, owner, key, length, writer, state, at: ms}`.

`key` is the blob's key, sealed under its owner's. `length` counts the bytes that are stored. `writer` is the number of
the newest writer, and the fence: whoever is not it can neither move `length` nor finish. `state` goes from "open" over
"closing" (no more bytes) and "closed" (readable; not cleared up yet) to "kept"; "gone" is what stays of a deleted blob
for a while, so that a writer that lingered finds it, and a sweep what it left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound
from store.mongo.client import Database, Document, database_errors

RECORDS: Final = "blob_records"
_UNFINISHED: Final = {"$in": ["open", "closing"]}
_UNSETTLED: Final = {"$in": ["open", "closing", "closed", "gone"]}
INDEXES: Final = (IndexModel([("at", ASCENDING)], name="unsettled", partialFilterExpression={"state": _UNSETTLED}),)


@dataclass(frozen=True, slots=True)
class BlobRecord:
    """One blob."""

    id: str
    key: bytes
    length: int
    writer: int
    state: str

    @property
    def finished(self) -> bool:
        """Can it be read?"""
        return self.state in ("closed", "kept")


class Records:
    """The collection. Each change is one atomic step of the database, majority-committed when it returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._all, self._clock = database[RECORDS], clock

    async def prepare(self) -> None:
        """Make the indexes. Idempotent."""
        with database_errors():
            await self._all.create_indexes(list(INDEXES))

    async def create(self, blob: str, owner: str, key: bytes) -> None:
        """Raises AlreadyExists: the id was used before."""
        document = {"_id": blob, "owner": owner, "key": key, "length": 0, "writer": 0, "state": "open"}
        try:
            with database_errors():
                await self._all.insert_one(document | {"at": self._clock.now_ms()})
        except DuplicateKeyError:
            raise AlreadyExists("There is a blob of this id.", blob=blob) from None

    async def get(self, blob: str) -> BlobRecord:
        """Raises NotFound: there is none, or none any more."""
        with database_errors():
            found = await self._all.find_one({"_id": blob, "state": {"$ne": "gone"}})
        return _record(found, blob)

    async def claim(self, blob: str, offset: int) -> BlobRecord:
        """Become the writer, to go on at `offset`; whoever it was until now is fenced off.

        Raises:
            NotFound: there is no such blob.
            FailedPrecondition: it takes no more bytes.
            Conflict: it has another length.
        """
        found = await self._step({"_id": blob, "state": "open", "length": offset}, {"$inc": {"writer": 1}})
        if found is not None:
            return _record(found, blob)
        record = await self.get(blob)
        if record.state != "open":
            raise FailedPrecondition("This blob is finished.", blob=blob)
        raise Conflict(f"Go on at {record.length}.", details={"offset": record.length}, blob=blob)

    async def advance(self, record: BlobRecord, length: int) -> None:
        """So many bytes are stored. Raises Conflict: there is a newer writer, or the blob was deleted."""
        mine = {"_id": record.id, "writer": record.writer, "state": "open"}
        if await self._step(mine, {"$set": {"length": length}}) is None:
            raise Conflict("Somebody else goes on with this blob.", blob=record.id)

    async def close(self, blob: str) -> BlobRecord:
        """No more bytes: become the writer who finishes it, unless it is finished. Raises NotFound."""
        query = {"_id": blob, "state": _UNFINISHED}
        found = await self._step(query, {"$inc": {"writer": 1}, "$set": {"state": "closing"}})
        return _record(found, blob) if found is not None else await self.get(blob)

    async def finished(self, record: BlobRecord) -> None:
        """It can be read. Raises NotFound: it was deleted meanwhile."""
        if await self._step({"_id": record.id, "state": "closing"}, {"$set": {"state": "closed"}}) is None:
            await self.get(record.id)

    async def tidied(self, blob: str) -> None:
        """All that was needed for writing is gone."""
        await self._step({"_id": blob, "state": "closed"}, {"$set": {"state": "kept"}})

    async def drop(self, blob: str, unfinished_since_ms: int | None = None) -> bool:
        """Destroy its key: was there one? With a time: only if it was not finished, nor touched since."""
        query: Document = {"_id": blob, "state": {"$ne": "gone"}}
        if unfinished_since_ms is not None:
            query |= {"state": _UNFINISHED, "at": {"$lt": unfinished_since_ms}}
        gone = {"$set": {"state": "gone", "key": b"", "owner": ""}}
        return await self._step(query, gone) is not None

    async def forget(self, blob: str) -> None:
        """What stayed of a deleted blob goes too."""
        with database_errors():
            await self._all.delete_one({"_id": blob, "state": "gone"})

    async def stale(self, before_ms: int, limit: int) -> Sequence[BlobRecord]:
        """Blobs that were not finished, not cleared up, or deleted, and not touched since; the oldest first."""
        query = {"state": _UNSETTLED, "at": {"$lt": before_ms}}
        with database_errors():
            found = await self._all.find(query, sort=[("at", 1)], limit=limit).to_list(None)
        return [_record(one, one["_id"]) for one in found]

    async def _step(self, query: Document, change: Document) -> Document | None:
        """One change, with the time of it; the record afterwards."""
        touched = change | {"$set": change.get("$set", {}) | {"at": self._clock.now_ms()}}
        with database_errors():
            found: Document | None = await self._all.find_one_and_update(
                query, touched, return_document=ReturnDocument.AFTER
            )
        return found


def _record(found: Document | None, blob: str) -> BlobRecord:
    if found is None:
        raise NotFound("There is no such blob.", blob=blob)
    return BlobRecord(
        id=found["_id"], key=found["key"], length=int(found["length"]), writer=found["writer"], state=found["state"]
    )
