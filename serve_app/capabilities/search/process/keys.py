"""Keys of indexes: `{_id: "key <id>", sealed}` in the collection `search`, under the master keys of the house. Whoever
has a copy of the database alone has none of them."""

import secrets
from collections.abc import Collection
from typing import Final

from serve_app.capabilities.search.blind import IndexKey
from store.mongo.client import Database, Document, database_errors
from store.ports.vault import Vault

COLLECTION: Final = "search"
_OWNER: Final = "@search"  # no user can have this id, so nobody can be erased with it
_BYTES: Final = 32
_PREFIX: Final = "key "


class IndexKeys:
    """One a process. Raises Unavailable."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._all, self._vault = database[COLLECTION], vault

    async def make(self) -> IndexKey:
        """A new one, kept before it is used."""
        key = IndexKey(f"k{secrets.token_hex(6)}", secrets.token_bytes(_BYTES))
        place = f"{_PREFIX}{key.id}"
        await self._vault.ensure([_OWNER])
        sealed = self._vault.seal(_OWNER, key.secret, place.encode())
        with database_errors():
            await self._all.insert_one({"_id": place, "sealed": sealed})
        return key

    async def get(self, key_id: str) -> IndexKey | None:
        """None: it was destroyed, or never kept."""
        place = f"{_PREFIX}{key_id}"
        with database_errors():
            found: Document | None = await self._all.find_one({"_id": place})
        if found is None:
            return None
        await self._vault.unlock([found["sealed"]])
        secret = self._vault.open(found["sealed"], place.encode())
        return None if secret is None else IndexKey(key_id, secret)

    async def destroy(self, key_id: str) -> None:
        """What was hashed under it tells nobody anything any more."""
        with database_errors():
            await self._all.delete_one({"_id": f"{_PREFIX}{key_id}"})

    async def keep_only(self, key_ids: Collection[str]) -> None:
        """Destroy all others."""
        kept = [f"{_PREFIX}{key_id}" for key_id in key_ids]
        with database_errors():
            await self._all.delete_many({"_id": {"$gte": _PREFIX, "$lt": f"{_PREFIX[:-1]}!", "$nin": kept}})
