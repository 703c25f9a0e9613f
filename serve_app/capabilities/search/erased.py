"""Who was erased, until the index holds nothing of them: their words are gone from answers at once, but hashes of them
lie in its files until it is made anew. `{_id: "erased <user>", sealed}` in the collection `search`: what is sealed
under their own key can be opened until that is destroyed."""

from collections.abc import Collection
from typing import Final

from serve_app.capabilities.search.process.keys import COLLECTION
from store.mongo.client import Database, Document, database_errors
from store.ports.vault import Vault

_PREFIX: Final = "erased "
_NOTED: Final = {"_id": {"$gte": _PREFIX, "$lt": f"{_PREFIX[:-1]}!"}}


class ErasedPeople:
    """One a process. Raises Unavailable."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._all, self._vault = database[COLLECTION], vault

    async def note(self, user: str) -> None:
        """They are being erased: their key is destroyed soon, or already."""
        place = f"{_PREFIX}{user}"
        await self._vault.ensure([user])
        sealed = self._vault.seal(user, b"", place.encode())
        with database_errors():
            await self._all.replace_one({"_id": place}, {"sealed": sealed}, upsert=True)

    async def any(self) -> bool:
        """Is anybody being erased, or was, whose words the index may hold still?"""
        with database_errors():
            return await self._all.find_one(_NOTED, {"_id": 1}) is not None

    async def gone(self) -> list[str]:
        """Those whose key is destroyed. This process knows of it from now on, and reads no word of theirs any more."""
        with database_errors():
            noted: list[Document] = [one async for one in self._all.find(_NOTED)]
        if not noted:
            return []
        await self._vault.unlock([one["sealed"] for one in noted], anew=True)
        return [str(one["_id"]) for one in noted if self._vault.open(one["sealed"], one["_id"].encode()) is None]

    async def forget(self, gone: Collection[str]) -> None:
        """The index was made anew since: nothing of them is in it."""
        with database_errors():
            await self._all.delete_many({"_id": {"$in": list(gone)}})
