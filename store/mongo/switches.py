"""Since when features are off: `{_id: feature, since: ms since 1970}`. Kept so that switching one on can say so."""

from collections.abc import Iterable, Mapping
from typing import Final

from pymongo import UpdateOne

from store.mongo.client import Database, database_errors

SWITCHES: Final = "features_off"


class MongoSwitches:
    """One collection. Raises `Unavailable` when the database does not answer in time."""

    def __init__(self, database: Database) -> None:
        self._switches = database[SWITCHES]

    async def off(self) -> Mapping[str, int]:
        """The features that are off, as far as was noted, and since when: milliseconds since 1970."""
        with database_errors():
            return {document["_id"]: int(document["since"]) async for document in self._switches.find()}

    async def note(self, features: Iterable[str], *, now_ms: int) -> None:
        """These are off now. What was noted before stands."""
        changes = [UpdateOne({"_id": name}, {"$setOnInsert": {"since": now_ms}}, upsert=True) for name in features]
        if changes:
            with database_errors():
                await self._switches.bulk_write(changes, ordered=False)

    async def forget(self, features: Iterable[str]) -> None:
        """These are on."""
        with database_errors():
            await self._switches.delete_many({"_id": {"$in": list(features)}})
