"""Documents against blobs, both ways: files whose bytes are not there, and bytes that no file has. For `carewire files
check`; it reads, and with `repair` deletes bytes that belong to nothing any more."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from actors.files.views import FILES, blobs_in
from common.clock import Clock
from common.errors import NotFound
from store.mongo.client import Database, database_errors
from store.ports.blobs import Blobs
from store.ports.views import ViewQuery, Views

_RECORDS: Final = "blob_records"
_UPLOADS: Final = "uploads"
_OF_FILES: Final = "^file_"
_PAGE: Final = 500
_YOUNG_MS: Final = 3_600_000
"""What was touched so lately may be about to belong to something."""


@dataclass(slots=True)
class StorageFindings:
    """What was found. `missing`: files without bytes; `stray`: bytes without a file; `removed` of these."""

    files: int = 0
    blobs: int = 0
    missing: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    removed: int = 0


class FilesCheck:
    """One look."""

    def __init__(self, views: Views, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._views, self._database, self._blobs, self._clock = views, database, blobs, clock

    async def look(self, *, repair: bool) -> StorageFindings:
        """Go through all of it. Raises Unavailable."""
        found, owned = StorageFindings(), set[str]()
        async for file_id, blobs in self._files():
            found.files += 1
            owned |= set(blobs)
            if blobs and not all([await self._is_there(one) for one in blobs]):
                found.missing.append(file_id)
        owned |= await self._uploading()
        with database_errors():
            query = {"_id": {"$regex": _OF_FILES}, "state": {"$ne": "gone"}}
            async for one in self._database[_RECORDS].find(query, {"at": 1}):
                found.blobs += 1
                if one["_id"] not in owned and one["at"] < self._clock.now_ms() - _YOUNG_MS:
                    found.stray.append(one["_id"])
        if repair:
            for blob in found.stray:
                await self._blobs.delete(blob)
                found.removed += 1
        return found

    async def _files(self) -> AsyncIterator[tuple[str, tuple[str, ...]]]:
        """Those that are not erased, and those whose bytes a hold keeps."""
        last: str | None = None
        while True:
            query = ViewQuery(collection=FILES, equal={}, order_by="file", above=last, limit=_PAGE)
            page = await self._views.find(query)
            for view in page:
                yield str(view.fields["file"]), blobs_in(view)
            if len(page) < _PAGE:
                return
            last = str(page[-1].fields["file"])

    async def _is_there(self, blob: str) -> bool:
        try:
            await self._blobs.state(blob)
        except NotFound:
            return False
        return True

    async def _uploading(self) -> set[str]:
        with database_errors():
            return {one["blob"] async for one in self._database[_UPLOADS].find({"done": False}, {"blob": 1})}
