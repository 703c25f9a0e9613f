"""How far each consumer has come: `{_id: consumer, token, at}` in the collection `follower`. Kept a moment late, so
what was done shortly before a crash is done again."""

from dataclasses import dataclass
from typing import Final

from store.mongo.client import Database, database_errors

COLLECTION: Final = "follower"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the database's log, and the time up to which everything was handed over (ms). No token: the place is
    unknown, and what lies behind the time must be looked for."""

    token: str | None
    at_ms: int


class Positions:
    """The collection. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._all = database[COLLECTION]

    async def read(self, consumer: str) -> Position | None:
        """None: it has never begun."""
        with database_errors():
            found = await self._all.find_one({"_id": consumer})
        return None if found is None else Position(found["token"], int(found["at"]))

    async def write(self, consumer: str, position: Position) -> None:
        """It has come as far as this."""
        change = {"$set": {"token": position.token, "at": position.at_ms}}
        with database_errors():
            await self._all.update_one({"_id": consumer}, change, upsert=True)

    async def forget(self, consumer: str) -> None:
        """It begins anew."""
        with database_errors():
            await self._all.delete_one({"_id": consumer})
