"""Answers to idempotent requests in MongoDB: `{_id, fingerprint, until, status?, headers?, body?, expires}`."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from serve_app.edge.conventions.repeats.idempotency import HEADER, StoredAnswer, at_work, in_use
from store.mongo.client import Database, Document, database_errors
from store.ports.vault import Vault

COLLECTION: Final = "idempotency"
INDEXES: Final = (IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),)
_NOBODY: Final = "@anonymous"  # no user can have this id


class MongoIdempotency:
    """`IdempotencyStore` over one collection. Bodies are sealed under the caller's key."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, *, ttl_h: float, named: str = HEADER) -> None:
        """`named`: where clients write the key, for errors."""
        self._named = named
        self._answers = database[COLLECTION]
        self._vault = vault
        self._clock = clock
        self._ttl = timedelta(hours=ttl_h)

    async def begin(self, key: str, fingerprint: str, subject: str, *, lease_s: float) -> StoredAnswer | None:
        """See `IdempotencyStore`."""
        now_ms = self._clock.now_ms()
        until = now_ms + int(lease_s * 1000)
        expires = datetime.fromtimestamp(now_ms / 1000, UTC) + self._ttl
        with database_errors():
            try:
                await self._answers.insert_one(
                    {"_id": key, "fingerprint": fingerprint, "until": until, "expires": expires}
                )
            except DuplicateKeyError:
                return await self._present(key, fingerprint, now_ms, until)
        return None

    async def finish(self, key: str, subject: str, answer: StoredAnswer) -> None:
        """See `IdempotencyStore`."""
        owner = subject or _NOBODY
        await self._vault.ensure([owner])
        sealed = self._vault.seal(owner, msgspec.msgpack.encode((answer.headers, answer.body)), key.encode())
        with database_errors():
            await self._answers.update_one({"_id": key}, {"$set": {"status": answer.status, "answer": sealed}})

    async def release(self, key: str) -> None:
        """See `IdempotencyStore`."""
        with database_errors():
            await self._answers.delete_one({"_id": key, "status": {"$exists": False}})

    async def _present(self, key: str, fingerprint: str, now_ms: int, until: int) -> StoredAnswer | None:
        found: Document | None = await self._answers.find_one({"_id": key})
        if found is None:
            raise at_work(self._named)  # just released: the next repeat will find out
        if found["fingerprint"] != fingerprint:
            raise in_use(self._named)
        if "status" in found:
            return await self._opened(key, found)
        stale = {"_id": key, "until": found["until"], "status": {"$exists": False}}
        if (
            found["until"] > now_ms
            or not (await self._answers.update_one(stale, {"$set": {"until": until}})).modified_count
        ):
            raise at_work(self._named)
        return None

    async def _opened(self, key: str, found: Document) -> StoredAnswer:
        await self._vault.unlock([found["answer"]])
        plain = self._vault.open(found["answer"], key.encode())
        if plain is None:
            raise in_use(self._named)  # it went with the person whose it was
        headers, body = msgspec.msgpack.decode(plain, type=tuple[tuple[tuple[bytes, bytes], ...], bytes])
        return StoredAnswer(found["status"], headers, body)
