"""Files that a legal hold keeps: whoever exports it gets addresses of their bytes. Each request is judged anew: an
address is good while the hold lies over the file, and for a quarter of an hour."""

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from actors.files.commands import KnowFile
from actors.files.records import FileRecord
from actors.files.views import UNDER_HOLDS
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from common.clock import Clock, to_rfc3339
from common.errors import NotFound
from serve_app.capabilities.files.reading.links import FileLinks, Granted
from serve_app.capabilities.holding import HoldsOver
from store.ports.views import ViewQuery, Views

TTL_MS: Final = 900_000
MOST: Final = 500
"""Files that were deleted under one hold, and are listed."""
_UNDER: Final = "hold:"


class HeldFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and where its bytes are until `expires_at`. Of one that was deleted nothing else is known."""

    file_id: str
    type: str
    url: str
    expires_at: str


class HeldFiles:
    """One a process."""

    def __init__(self, entities: EntityClient, views: Views, over: HoldsOver, links: FileLinks, clock: Clock) -> None:
        self._entities, self._views, self._over = entities, views, over
        self._links, self._clock = links, clock

    async def deleted(self, hold: str) -> list[str]:
        """Those that were deleted while it lay over them, and whose bytes it keeps."""
        query = ViewQuery(collection=UNDER_HOLDS, equal={"hold": hold}, order_by="file", limit=MOST)
        return [str(view.fields["file"]) for view in await self._views.find(query)]

    async def shown(self, hold: str, files: Iterable[str], by: Principal) -> list[HeldFile]:
        """Addresses of those of these files that lie under it."""
        found = await asyncio.gather(*(self._kept(one, hold) for one in dict.fromkeys(files)))
        return [self._address(one, hold, by) for one in found if one is not None]

    async def under(self, granted: Granted) -> FileRecord | None:
        """The file that an address of an export is good for; None: it is another address.

        Raises:
            NotFound: the hold lies over it no more.
        """
        if not granted.variant.startswith(_UNDER):
            return None
        kept = await self._kept(granted.file, granted.variant.removeprefix(_UNDER))
        if kept is None:
            raise NotFound("There is no such link, or it is not good any more.")
        return kept

    async def _kept(self, file_id: str, hold: str) -> FileRecord | None:
        try:
            one = (await self._entities.ask(f"file:{file_id}", KnowFile(), by=SYSTEM)).record
        except NotFound:
            return None
        if not one.blob:
            return None
        return one if hold in await self._over.over(one.owner, [place.room for place in one.places]) else None

    def _address(self, one: FileRecord, hold: str, by: Principal) -> HeldFile:
        until_ms = self._clock.now_ms() + TTL_MS
        granted = Granted(
            file=one.id, variant=f"{_UNDER}{hold}", user=by.user, role=by.role, until_ms=until_ms, attached=True
        )
        return HeldFile(
            file_id=one.id,
            type=one.type or "application/octet-stream",
            url=self._links.address(granted),
            expires_at=to_rfc3339(until_ms),
        )
