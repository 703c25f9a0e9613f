"""The storage in MongoDB. A finished blob lies there as a GridFS file (bucket `blobs`), a chunk a sealed frame.

GridFS's own drivers cannot append, so the layout is written here:
https://github.com/mongodb/specifications/blob/master/source/gridfs/gridfs-spec.md
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pymongo import ASCENDING, IndexModel

from common.clock import Clock
from store.blobs.chunks import Chunks
from store.blobs.sealing import SEALED_BYTES
from store.mongo.client import Database, database_errors

FILES: Final = "blobs.files"
INDEXES: Final = (IndexModel([("filename", ASCENDING), ("uploadDate", ASCENDING)], name="filename_1_uploadDate_1"),)


class GridFsStorage:
    """`FrameStorage` over the two collections of the bucket."""

    run = 64

    def __init__(self, database: Database, clock: Clock) -> None:
        self._files, self._chunks, self._clock = database[FILES], Chunks(database), clock

    async def prepare(self) -> None:
        """Make the indexes. Idempotent."""
        await self._chunks.prepare()
        with database_errors():
            await self._files.create_indexes(list(INDEXES))

    async def put(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
        await self._chunks.put(blob, writer, first, frames)

    async def settle(self, blob: str, frames: int) -> None:
        """Frames stay where they were put."""

    async def tail(self, blob: str, number: int) -> bytes | None:
        found = await self._chunks.read(blob, number, number)
        return found[0] if found else None

    async def finish(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
        await self._chunks.put(blob, writer, first, frames)
        file = {
            "filename": blob,
            "length": (first + len(frames) - 1) * SEALED_BYTES + len(frames[-1]),
            "chunkSize": SEALED_BYTES,
            "uploadDate": datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC),
        }
        with database_errors():
            await self._files.replace_one({"_id": blob}, file, upsert=True)

    async def tidy(self, blob: str, frames: int) -> None:
        await self._chunks.remove(blob, above=frames - 1)  # what a fenced writer put behind the end

    async def read(self, blob: str, first: int, last: int) -> list[bytes]:
        return await self._chunks.read(blob, first, last)

    async def remove(self, blob: str) -> None:
        with database_errors():
            await self._files.delete_one({"_id": blob})
        await self._chunks.remove(blob)

    async def sweep(self, before_ms: int) -> None:
        """All that lies here belongs to a record."""
