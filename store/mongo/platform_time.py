"""How far the platform's time is ahead of the wall's, in MongoDB: `{_id: "platform", ahead_ms, deeds}`.

A move and its name are written together, so a move that was made is known however its maker ended.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from store.mongo.client import Database, Document, database_errors
from store.mongo.following import Following

PLATFORM_TIME: Final = "platform_time"
_REMEMBERED: Final = 1000
_ONE: Final = {"_id": "platform"}


class MongoPlatformTime:
    """`PlatformTime` over one document."""

    def __init__(self, database: Database) -> None:
        self._all = database[PLATFORM_TIME]

    async def ahead_ms(self) -> int:
        with database_errors():
            found: Document | None = await self._all.find_one(_ONE)
        return 0 if found is None else int(found["ahead_ms"])

    async def advance(self, by_ms: int, *, deed: str = "") -> int:
        move: Document = {"$inc": {"ahead_ms": by_ms}}
        named: Document = {}
        if deed:
            named = {"deeds": {"$ne": deed}}
            move["$push"] = {"deeds": {"$each": [deed], "$slice": -_REMEMBERED}}
        with database_errors():
            try:
                found: Document = await self._all.find_one_and_update(
                    _ONE | named, move, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:  # it has been made: the document is there, and not one without its name
                return await self.ahead_ms()
        return int(found["ahead_ms"])

    async def follow(self, tell: Callable[[int], None]) -> Callable[[], Awaitable[None]]:
        async def catch_up() -> None:
            tell(await self.ahead_ms())

        following = Following(self._all, lambda document: tell(int(document["ahead_ms"])), catch_up)
        await following.start()
        return following.stop
