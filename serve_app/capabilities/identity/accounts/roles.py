"""Who has a role: whoever has an account of that role, and of those without an account here (another issuer vouches for
them) whoever showed a token of it lately.

`seen_roles`: `{_id: user, role, at}`, a document for each of the latter, renewed once a day.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo import ASCENDING, IndexModel, UpdateOne

from common.auth.tokens import Verified
from common.clock import Clock
from common.errors import CarewireError
from common.lib.batching import Batcher, without_results
from common.lib.tasks import Tasks
from common.logs import get_logger
from serve_app.capabilities.identity.accounts.account_records import COLLECTION as ACCOUNTS
from store.mongo.client import Cursor, Database, Document, database_errors

COLLECTION: Final = "seen_roles"
LATELY: Final = timedelta(days=30)
INDEXES: Final = (
    IndexModel([("role", ASCENDING), ("_id", ASCENDING)], name="role"),
    IndexModel([("at", ASCENDING)], name="at", expireAfterSeconds=int(LATELY.total_seconds())),
)
_DAY_MS: Final = 86_400_000
_MOST_REMEMBERED: Final = 50_000
_BATCH: Final = 500
log = get_logger(__name__)


class Roles:
    """Reads who has a role, in the order of their ids."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._accounts = database[ACCOUNTS]
        self._seen = database[COLLECTION]
        self._clock = clock

    async def page(self, role: str | None, *, after: str = "", limit: int) -> list[str]:
        """The first `limit` users above `after` that have the role; None: any. Raises Unavailable."""
        of_role: Document = {} if role is None else {"role": role}
        above: Document = {"_id": {"$gt": after}}
        since = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC) - LATELY
        with database_errors():
            accounts = await _ids(self._accounts.find({**above, **of_role, "status": "active"}, {"_id": 1}), limit)
            seen = await _ids(self._seen.find({**above, **of_role, "at": {"$gte": since}}, {"_id": 1}), limit)
            strangers = await self._without_account(seen)
        found = sorted({*accounts, *strangers})
        # Beyond the end of a page that is full, the other source has not been read.
        ends = [ids[-1] for ids in (accounts, seen) if len(ids) == limit]
        upto = min(ends, default=None)
        page = [user for user in found if upto is None or user <= upto][:limit]
        if page or upto is None:
            return page
        return await self.page(role, after=upto, limit=limit)

    async def count(self, role: str | None) -> int:
        """How many have the role; None: any. Raises Unavailable."""
        of_role: Document = {} if role is None else {"role": role}
        stranger: list[Document] = [
            {"$match": {**of_role, "at": {"$gte": self._lately()}}},
            {"$lookup": {"from": ACCOUNTS, "localField": "_id", "foreignField": "_id", "as": "account"}},
            {"$match": {"account": []}},
            {"$count": "users"},
        ]
        with database_errors():
            accounts = await self._accounts.count_documents({**of_role, "status": "active"})
            strangers: list[Document] = await self._seen.aggregate(stranger).to_list(1)
        return accounts + (int(strangers[0]["users"]) if strangers else 0)

    async def role_of(self, user: str) -> str | None:
        """The role of a user; None: nobody whom we know. Raises Unavailable."""
        with database_errors():
            account: Document | None = await self._accounts.find_one({"_id": user}, {"role": 1, "status": 1})
            if account is not None:
                return str(account["role"]) if account["status"] == "active" else None
            seen: Document | None = await self._seen.find_one({"_id": user}, {"role": 1})
        return None if seen is None else str(seen["role"])

    async def users(self, after: str, limit: int) -> list[str]:
        """Who was seen lately: the first ones above this id, in order. Raises Unavailable."""
        with database_errors():
            return await _ids(self._seen.find({"_id": {"$gt": after}}, {"_id": 1}), limit)

    async def seen(self, users: Sequence[str]) -> dict[str, str]:
        """The roles of those of these who were seen lately, without an account here or with one. Raises Unavailable."""
        query = {"_id": {"$in": list(users)}}
        with database_errors():
            return {str(one["_id"]): str(one["role"]) async for one in self._seen.find(query, {"role": 1})}

    async def forget(self, user: str) -> None:
        """They were never seen. Raises Unavailable."""
        with database_errors():
            await self._seen.delete_one({"_id": user})

    def _lately(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC) - LATELY

    async def _without_account(self, users: Sequence[str]) -> list[str]:
        if not users:
            return []
        known = await _ids(self._accounts.find({"_id": {"$in": list(users)}}, {"_id": 1}), len(users))
        return [user for user in users if user not in set(known)]


class Sightings:
    """Notes whose token was seen in this process, once a day for each user and role. Nobody waits for it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._seen = database[COLLECTION]
        self._clock = clock
        self._noted: dict[tuple[str, str], int] = {}
        self._tasks = Tasks("sightings")
        self._writes: Batcher[UpdateOne, None] = Batcher(without_results(self._write), most=_BATCH)

    def note(self, verified: Verified) -> None:
        """This token was good. Tokens of our own sessions belong to accounts, which say their role themselves."""
        if verified.session:
            return
        now_ms, key = self._clock.now_ms(), (verified.user, verified.role)
        if now_ms - self._noted.get(key, -_DAY_MS) < _DAY_MS:
            return
        if len(self._noted) >= _MOST_REMEMBERED:
            self._noted.clear()
        self._noted[key] = now_ms
        at = datetime.fromtimestamp(now_ms / 1000, UTC)
        update = UpdateOne({"_id": verified.user}, {"$set": {"role": verified.role, "at": at}}, upsert=True)
        self._tasks.spawn(self._store(key, update))

    async def settled(self) -> None:
        """Everything noted so far is stored."""
        for task in self._tasks:
            await task

    async def _store(self, key: tuple[str, str], update: UpdateOne) -> None:
        try:
            await self._writes.put(update)
        except CarewireError as error:
            self._noted.pop(key, None)
            log.warning("sighting.lost", code=error.code)

    async def _write(self, updates: Sequence[UpdateOne]) -> None:
        with database_errors():
            await self._seen.bulk_write(list(updates), ordered=False)


async def _ids(cursor: Cursor, limit: int) -> list[str]:
    found: list[Document] = await cursor.sort("_id", ASCENDING).limit(limit).to_list(limit)
    return [str(one["_id"]) for one in found]
