"""What is noted of an index that is being made, so that the next life goes on with it: `{_id: "making", ...}` in the
collection `search`."""

from dataclasses import asdict, dataclass
from typing import Final

from serve_app.capabilities.search.process.keys import COLLECTION
from store.mongo.client import Database, Document, database_errors

_ID: Final = "making"


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """An index that is being made, and for which work. `place`: the last entity that is wholly in it. `recent`: the
    newest are in it, of one that serves already."""

    number: int
    kind: str
    job: str = ""
    place: str = ""
    done: int = 0
    total: int = 0
    recent: bool = False


class Notes:
    """One a process. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._all = database[COLLECTION]

    async def read(self) -> Making | None:
        """None: none is being made."""
        with database_errors():
            found: Document | None = await self._all.find_one({"_id": _ID}, {"_id": 0})
        return None if found is None else Making(**found)

    async def write(self, making: Making) -> None:
        """It has come as far as this."""
        with database_errors():
            await self._all.replace_one({"_id": _ID}, asdict(making), upsert=True)

    async def forget(self) -> None:
        """It is made, or given up."""
        with database_errors():
            await self._all.delete_one({"_id": _ID})
