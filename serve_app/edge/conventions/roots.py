"""The secret that keys of indexes, refresh tokens and fingerprints are derived from."""

import secrets
from typing import Final

from pymongo import ReturnDocument

from config.settings import AuthSettings
from store.mongo.client import Database, Document, database_errors
from store.mongo.secrets import COLLECTION
from store.ports.vault import Vault

_NAME: Final = "keyed_hashes"
_OWNER: Final = "@keyed_hashes"  # no user can have this id, so nobody can be erased with it
_BYTES: Final = 32


async def root_of(auth: AuthSettings, database: Database, vault: Vault) -> str:
    """`auth.secret` where tokens are signed here: what was hashed with it in the first release is found by it still.

    Where only another issuer signs, 256 random bits of this installation, made by whoever asks first. They are in the
    database, sealed under the master keys: a copy of the database alone does not tell whose address a hash is of.

    Raises:
        Unavailable: the database does not answer.
    """
    if auth.secret is not None:
        return auth.secret.get_secret_value()
    with database_errors():
        found: Document | None = await database[COLLECTION].find_one({"_id": _NAME})
        if found is None:
            await vault.ensure([_OWNER])
            sealed = vault.seal(_OWNER, secrets.token_bytes(_BYTES), _NAME.encode())
            found = await database[COLLECTION].find_one_and_update(
                {"_id": _NAME},
                {"$setOnInsert": {"sealed": sealed}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
    await vault.unlock([found["sealed"]])
    root = vault.open(found["sealed"], _NAME.encode())
    assert root is not None, "the key of no user can be erased"
    return root.hex()
