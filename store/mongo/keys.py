"""Wrapped data keys in MongoDB: `{_id: key id, s: subject, v: version, m: master key's id, w: wrapped key}`.

Erasing replaces keys by a tombstone (`m` and `w` are empty), where the unique index keeps a first key from being made
by whoever has not heard, and counts up `{_id: "erasures", n}`, in one transaction, so no process can miss it. Until
then what was deleted lingers in the oplog and in backups, as all that is deleted does.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError, OperationFailure

from store.mongo.client import DUPLICATE_KEY, Database, Document, database_errors
from store.ports.keys import WrappedKey, newest_of, tombstone

KEYS: Final = "keys"
COUNTERS: Final = "counters"
INDEXES: Final = (
    IndexModel([("s", ASCENDING), ("v", ASCENDING)], name="subject", unique=True),
    IndexModel([("m", ASCENDING)], name="master"),
)
_ERASURES: Final = {"_id": "erasures"}
_ATTEMPTS: Final = 5  # at a transaction that another one got in the way of


class MongoKeyStore:
    """`KeyStore` over two collections."""

    def __init__(self, database: Database) -> None:
        self._client = database.client
        self._keys = database[KEYS]
        self._counters = database[COUNTERS]

    async def newest(self, subjects: Sequence[str]) -> Mapping[str, WrappedKey]:
        return newest_of(await self._find({"s": {"$in": list(subjects)}}))

    async def by_id(self, ids: Sequence[bytes]) -> Mapping[bytes, WrappedKey]:
        return {key.id: key for key in await self._find({"_id": {"$in": list(ids)}})}

    async def add(self, keys: Sequence[WrappedKey]) -> None:
        if not keys:
            return
        with database_errors():
            try:
                await self._keys.insert_many(map(_to_document, keys), ordered=False)
            except BulkWriteError as exc:
                errors = exc.details.get("writeErrors", [])
                if exc.details.get("writeConcernErrors") or any(e["code"] != DUPLICATE_KEY for e in errors):
                    raise

    async def not_under(self, master: str, *, limit: int) -> list[WrappedKey]:
        return await self._find({"m": {"$nin": [master, ""]}}, limit=limit)

    async def rewrap(self, old: WrappedKey, new: WrappedKey) -> None:
        with database_errors():
            await self._keys.replace_one(_to_document(old), _to_document(new))

    async def samples(self) -> list[WrappedKey]:
        with database_errors():
            masters = await self._keys.distinct("m")
            return [key for master in masters if master for key in await self._find({"m": master}, limit=1)]

    async def erase(self, subject: str) -> Sequence[bytes]:
        with database_errors():
            async with await self._client.start_session() as session:
                for attempt in range(1, _ATTEMPTS + 1):
                    try:
                        async with session.start_transaction():
                            ids = await self._keys.distinct("_id", {"s": subject}, session=session)
                            await self._keys.delete_many({"s": subject}, session=session)
                            await self._keys.insert_one(_to_document(tombstone(subject)), session=session)
                            await self._counters.update_one(_ERASURES, {"$inc": {"n": 1}}, upsert=True, session=session)
                        return list(ids)
                    except OperationFailure as exc:
                        if attempt == _ATTEMPTS or not exc.has_error_label("TransientTransactionError"):
                            raise
        raise AssertionError("unreachable")

    async def erasures(self) -> int:
        with database_errors():
            found: Document | None = await self._counters.find_one(_ERASURES)
        return found["n"] if found is not None else 0

    async def _find(self, query: Document, *, limit: int = 0) -> list[WrappedKey]:
        with database_errors():
            found = self._keys.find(query, limit=limit)
            return [
                WrappedKey(id=d["_id"], subject=d["s"], version=d["v"], master=d["m"], wrapped=d["w"])
                async for d in found
            ]


def _to_document(key: WrappedKey) -> Document:
    return {"_id": key.id, "s": key.subject, "v": key.version, "m": key.master, "w": key.wrapped}
