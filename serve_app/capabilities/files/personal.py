"""What files hold of one person: handed out, or ended when they are erased. Names and bytes are sealed under their
key."""

from collections.abc import AsyncIterator

from actors.files.records import ShownFile
from actors.kernel.contract.entity import Principal
from serve_app.capabilities.capability import Section
from serve_app.capabilities.files.service import Files
from serve_app.capabilities.files.tus.uploads import Uploads


class PersonalFiles:
    """One a replica of the API."""

    def __init__(self, files: Files, uploads: Uploads) -> None:
        self._files, self._uploads = files, uploads

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`. The bytes are had at `/api/files/{file_id}/content`."""
        yield "files", self._of(who.user)

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._uploads.forget(user)
        async for one in self._files.of(user):
            await self._files.erase(one.file_id)

    async def _of(self, user: str) -> AsyncIterator[ShownFile]:
        async for one in self._files.of(user):
            yield one
