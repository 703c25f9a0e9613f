"""Secrets that all processes of an installation share, made by whoever asks first."""

import os
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ReturnDocument

COLLECTION: Final = "shared_secrets"
_BYTES: Final = 32


async def shared_secret(database: AsyncIOMotorDatabase[dict[str, Any]], name: str) -> bytes:
    """The secret of this name: 256 random bits, the same for everybody who can read the database.

    Raises:
        pymongo.errors.PyMongoError: the database does not answer.
    """
    found = await database[COLLECTION].find_one_and_update(
        {"_id": name},
        {"$setOnInsert": {"secret": os.urandom(_BYTES)}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    secret: bytes = found["secret"]
    return secret
