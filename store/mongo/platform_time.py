"""How far the platform's time is ahead of the wall's, in MongoDB: `{_id: "platform", ahead_ms}`."""

from collections.abc import Awaitable, Callable
from typing import Final

from pymongo import ReturnDocument

from store.mongo.client import Database, Document, database_errors
from store.mongo.following import Following

PLATFORM_TIME: Final = "platform_time"
_ONE: Final = {"_id": "platform"}


class MongoPlatformTime:
    """`PlatformTime` over one document."""

    def __init__(self, database: Database) -> None:
        self._all = database[PLATFORM_TIME]

    async def ahead_ms(self) -> int:
        with database_errors():
            found: Document | None = await self._all.find_one(_ONE)
        return 0 if found is None else int(found["ahead_ms"])

    async def advance(self, by_ms: int) -> int:
        with database_errors():
            found: Document = await self._all.find_one_and_update(
                _ONE, {"$inc": {"ahead_ms": by_ms}}, upsert=True, return_document=ReturnDocument.AFTER
            )
        return int(found["ahead_ms"])

    async def follow(self, tell: Callable[[int], None]) -> Callable[[], Awaitable[None]]:
        async def catch_up() -> None:
            tell(await self.ahead_ms())

        following = Following(self._all, lambda document: tell(int(document["ahead_ms"])), catch_up)
        await following.start()
        return following.stop
