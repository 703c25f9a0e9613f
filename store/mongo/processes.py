"""Who is there: every process of Carewire, on every node, says so in MongoDB and goes on saying so.

Status, health and metrics ask the processes themselves; this tells whom to ask, and where.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

COLLECTION: Final = "processes"
HEARTBEAT_S: Final = 2.0
ALIVE_S: Final = 8.0  # three heartbeats may be lost
_FORGET_S: Final = 60
_LATELY: Final = {"$expr": {"$gt": ["$seen", {"$subtract": ["$$NOW", int(ALIVE_S * 1000)]}]}}


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `address` (host:port) is where it answers questions of those who know `key`; `start` is unique
    to this start of it: a successor of the same name takes its place."""

    name: str
    kind: str
    pid: int
    node: str
    start: str
    address: str = ""
    key: str = ""


class ProcessRegistry:
    """The collection of processes. Raises `pymongo.errors.PyMongoError` when the database does not answer."""

    def __init__(self, database: AsyncIOMotorDatabase[dict[str, Any]]) -> None:
        self._processes = database[COLLECTION]

    async def prepare(self) -> None:
        """Make the index that forgets the dead."""
        await self._processes.create_index("seen", expireAfterSeconds=_FORGET_S, name="forget_the_dead")

    async def holder(self, name: str) -> Process | None:
        """Who had this name last: it may live, or have died without a word."""
        document = await self._processes.find_one({"_id": name}, {"_id": 0, "seen": 0})
        return None if document is None else Process(**document)

    async def claim(self, process: Process, predecessor: Process | None) -> bool:
        """Take the name of `process` for a start that has just begun, from nobody or from its dead `predecessor`.
        False: somebody else was quicker. Whoever has no `address` yet is not among the living."""
        before = process if predecessor is None else predecessor
        mine = {"$set": asdict(process), "$currentDate": {"seen": True}}
        try:
            await self._processes.update_one({"_id": process.name, "start": before.start}, mine, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    async def register(self, process: Process) -> None:
        """`process` is there, and whoever had its name before is not."""
        await self._processes.update_one(
            {"_id": process.name}, {"$set": asdict(process), "$currentDate": {"seen": True}}, upsert=True
        )

    async def renew(self, process: Process) -> bool:
        """It is still there. False: somebody else goes by its name now, or it was forgotten."""
        result = await self._processes.update_one(
            {"_id": process.name, "start": process.start}, {"$currentDate": {"seen": True}}
        )
        return result.matched_count == 1

    async def remove(self, process: Process) -> None:
        """It leaves."""
        await self._processes.delete_one({"_id": process.name, "start": process.start})

    async def alive(self) -> list[Process]:
        """Those heard of lately, by the database's clock, ordered by name."""
        cursor = self._processes.find({"address": {"$ne": ""}, **_LATELY}, {"_id": 0, "seen": 0}).sort("name", 1)
        return [Process(**document) async for document in cursor]

    async def count(self, kind: str) -> int:
        """How many of a kind were heard of lately."""
        return await self._processes.count_documents({"kind": kind, "address": {"$ne": ""}, **_LATELY})


async def keep_registered(
    registry: ProcessRegistry, process: Process, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Register `process`, and renew it until cancelled, whatever the database goes through meanwhile."""
    registered = False
    while True:
        try:
            if not registered or not await registry.renew(process):
                await registry.register(process)
            registered = True
        except PyMongoError:
            registered = False  # the database may have lost it: say it again
        await sleep(HEARTBEAT_S)
