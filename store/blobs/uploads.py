"""Multipart uploads under way: `{_id: blob, upload: S3's id, next: number, parts: {index: {n, tag, w}}}`.

S3 takes parts of any number in any order, and the last one of a number wins; so a writer that was fenced off could
replace a part that counts. Here each attempt has a number of its own, and counts once its tag is noted: under the index
of the part in the blob, where a newer writer's note stands against an older one's. Numbers that are not noted are
dropped by S3 when the upload is completed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.errors import Conflict, NotFound
from store.mongo.client import Database, database_errors

UPLOADS: Final = "blob_uploads"
INDEXES: Final = (IndexModel([("upload", ASCENDING)], name="upload"),)


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part that S3 has: its number there, and the tag that S3 gave it."""

    number: int
    tag: str


class UploadCollection:
    """The collection."""

    def __init__(self, database: Database) -> None:
        self._all = database[UPLOADS]

    async def prepare(self) -> None:
        """Make the indexes. Idempotent."""
        with database_errors():
            await self._all.create_indexes(list(INDEXES))

    async def find(self, blob: str) -> str | None:
        """The id of the upload, if one was begun."""
        with database_errors():
            found = await self._all.find_one({"_id": blob}, {"upload": 1})
        return None if found is None else str(found["upload"])

    async def begin(self, blob: str, upload: str) -> bool:
        """Is this one the blob's? No: another was begun at the same moment."""
        try:
            with database_errors():
                await self._all.insert_one({"_id": blob, "upload": upload, "next": 0, "parts": {}})
        except DuplicateKeyError:
            return False
        return True

    async def number(self, blob: str) -> int:
        """A number that no part had. Raises NotFound: the blob was deleted."""
        with database_errors():
            found = await self._all.find_one_and_update(
                {"_id": blob}, {"$inc": {"next": 1}}, {"next": 1}, return_document=ReturnDocument.AFTER
            )
        if found is None:
            raise NotFound("There is no such blob.", blob=blob)
        return int(found["next"])

    async def note(self, blob: str, index: int, writer: int, part: UploadedPart) -> None:
        """This is the blob's part of that index. Raises Conflict: a newer writer noted another."""
        field = f"parts.{index}"
        query = {"_id": blob, "$or": [{field: {"$exists": False}}, {f"{field}.w": {"$lte": writer}}]}
        with database_errors():
            done = await self._all.update_one(
                query, {"$set": {field: {"n": part.number, "tag": part.tag, "w": writer}}}
            )
        if not done.matched_count:
            raise Conflict("Somebody else goes on with this blob.", blob=blob)

    async def parts(self, blob: str, count: int) -> Sequence[UploadedPart]:
        """The first `count` parts, in the order of the blob. Raises NotFound: one is missing."""
        with database_errors():
            found = await self._all.find_one({"_id": blob})
        try:
            noted = [(found or {})["parts"][str(index)] for index in range(count)]
        except KeyError:
            raise NotFound("There is no such blob.", blob=blob) from None
        return [UploadedPart(one["n"], one["tag"]) for one in noted]

    async def known(self, uploads: Sequence[str]) -> set[str]:
        """Which of these belong to a blob."""
        with database_errors():
            found = self._all.find({"upload": {"$in": list(uploads)}}, {"upload": 1})
            return {one["upload"] async for one in found}

    async def forget(self, blob: str) -> None:
        """The upload is over."""
        with database_errors():
            await self._all.delete_one({"_id": blob})
