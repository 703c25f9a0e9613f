"""Durable timers in MongoDB: `{_id, e: entity, p: partition, due: ms since 1970, c: command}`."""

from collections.abc import Sequence
from typing import Final

from pymongo import ASCENDING, IndexModel, ReplaceOne

from store.mongo.client import Database, database_errors
from store.ports.timers import Timer

TIMERS: Final = "timers"
INDEXES: Final = (IndexModel([(key, ASCENDING) for key in ("due", "_id", "p")], name="due"),)
"""By due time first: what is due is little, whoever's it is; what is not yet due is never looked at."""


class MongoTimers:
    """`Timers` over one collection."""

    def __init__(self, database: Database) -> None:
        self._timers = database[TIMERS]

    async def put(self, timers: Sequence[Timer]) -> None:
        changes = [
            ReplaceOne(
                {"_id": timer.id},
                {"_id": timer.id, "e": timer.entity, "p": timer.partition, "due": timer.due_ms, "c": timer.command},
                upsert=True,
            )
            for timer in timers
        ]
        if changes:
            with database_errors():
                await self._timers.bulk_write(changes, ordered=True)  # the same timer twice: the last one stands

    async def drop(self, ids: Sequence[str]) -> None:
        if ids:
            with database_errors():
                await self._timers.delete_many({"_id": {"$in": list(ids)}})

    async def due(self, partitions: Sequence[int], *, before_ms: int, limit: int) -> list[Timer]:
        if limit <= 0:
            return []  # MongoDB takes 0 for "all"
        query = {"due": {"$lt": before_ms}, "p": {"$in": list(partitions)}}
        with database_errors():
            found = self._timers.find(query, sort=[("due", 1), ("_id", 1)], limit=limit)
            return [
                Timer(id=d["_id"], entity=d["e"], partition=d["p"], due_ms=int(d["due"]), command=d["c"])
                async for d in found
            ]
