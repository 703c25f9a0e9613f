"""Tokens of feeds in MongoDB: `{_id, feed, user, role, digest, created: ms, expires: a date}`."""

from datetime import UTC, datetime
from typing import Final

from pymongo import ASCENDING, IndexModel

from common.clock import Clock
from store.mongo.client import Database, Document, database_errors
from store.ports.feed_tokens import FeedToken

FEED_TOKENS: Final = "feed_tokens"
INDEXES: Final = (
    IndexModel([("feed", ASCENDING), ("_id", ASCENDING)], name="feed"),
    IndexModel([("user", ASCENDING), ("_id", ASCENDING)], name="user"),
    IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),
)


class MongoFeedTokens:
    """`FeedTokens` over one collection. The database removes what is over within a minute or so; until then, `clock`
    tells."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._all = database[FEED_TOKENS]
        self._clock = clock

    async def add(self, token: FeedToken) -> None:
        document = {
            "_id": token.id,
            "feed": token.feed,
            "user": token.user,
            "role": token.role,
            "digest": token.digest,
            "created": token.created,
            "expires": _date(token.expires),
        }
        with database_errors():
            await self._all.insert_one(document)

    async def find(self, token_id: str) -> FeedToken | None:
        found = await self._find({"_id": token_id})
        return found[0] if found else None

    async def of_feed(self, feed: str) -> list[FeedToken]:
        return await self._find({"feed": feed})

    async def of_user(self, user: str) -> list[FeedToken]:
        return await self._find({"user": user})

    async def remove(self, token_id: str, feed: str) -> bool:
        with database_errors():
            gone = await self._all.delete_one({"_id": token_id, "feed": feed})
        return gone.deleted_count == 1

    async def forget(self, user: str) -> None:
        with database_errors():
            await self._all.delete_many({"user": user})

    async def _find(self, query: Document) -> list[FeedToken]:
        live = query | {"expires": {"$gt": _date(self._clock.now_ms())}}
        with database_errors():
            return [_from(one) async for one in self._all.find(live, sort=[("_id", ASCENDING)])]


def _date(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _from(document: Document) -> FeedToken:
    expires = document["expires"].replace(tzinfo=UTC)
    return FeedToken(
        id=document["_id"],
        feed=document["feed"],
        user=document["user"],
        role=document["role"],
        digest=document["digest"],
        created=document["created"],
        expires=round(expires.timestamp() * 1000),
    )
