"""How much a person has, in files and in uploads under way. Counted anew each time, so nothing drifts."""

from collections.abc import Awaitable, Callable
from typing import Final

from actors.files.views import FILES
from common.errors import PayloadTooLarge, PermissionDenied
from config.files import FilesSettings
from store.mongo.client import Database, Document, database_errors

Restricted = Callable[[str], Awaitable[bool]]
"""May this person send no files for a while?"""
_UPLOADS: Final = "uploads"


class FileQuota:
    """One a process."""

    def __init__(self, database: Database, settings: FilesSettings, restricted: Restricted) -> None:
        """`restricted`: may they send no files for a while?"""
        self._files, self._uploads = database[FILES], database[_UPLOADS]
        self.settings, self._restricted = settings, restricted

    async def used(self, user: str) -> int:
        """Bytes. An upload counts with all that it declared."""
        files: list[Document] = [
            {"$match": {"f.owner": user, "f.gone": False, "f.state": {"$ne": "rejected"}}},
            {"$group": {"_id": None, "bytes": {"$sum": "$f.size"}}},
        ]
        uploads: list[Document] = [
            {"$match": {"owner": user, "done": False}},
            {"$group": {"_id": None, "bytes": {"$sum": "$length"}}},
        ]
        with database_errors():
            found = [
                *await self._files.aggregate(files).to_list(1),
                *await self._uploads.aggregate(uploads).to_list(1),
            ]
        return sum(int(one["bytes"]) for one in found)

    async def check(self, user: str, more: int = 0) -> None:
        """Raises PayloadTooLarge: it is more than they may have. PermissionDenied: they may send none for now."""
        if await self._restricted(user):
            raise PermissionDenied("You may not do this for now.", details={"reason": "restricted", "scope": "file"})
        if await self.used(user) + more > self.settings.quota_bytes:
            raise PayloadTooLarge(
                "Your files come to more than you may have. Delete some first.",
                details={"reason": "quota", "limit": self.settings.quota_bytes},
            )

    def check_size(self, size: int) -> None:
        """Raises PayloadTooLarge: no file may be so large."""
        limit = self.settings.max_bytes
        if size > limit:
            raise PayloadTooLarge(f"A file has at most {limit} bytes.", details={"limit": limit})
