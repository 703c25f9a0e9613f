"""Files as doors serve them. The rules are the entity's (`actors.files`); who may see one is judged by `sight`."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec

from actors.files.commands import AcceptFile, BeginFile, EraseFile, HoldFile, KnowFile
from actors.files.records import ScanMode, ShownFile, shown
from actors.files.views import FILES, PLACES
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.rooms.room.commands import Post, Witness
from actors.rooms.service import Rooms
from common.errors import NotFound, PermissionDenied
from config.files import FilesSettings
from serve_app.capabilities.files.requests import SharedFile
from serve_app.capabilities.files.sight import FileSight, entity_of
from serve_app.capabilities.holding import HoldsOver
from serve_app.capabilities.rooms.filing import Filing
from store.ports.views import Scalar, ViewQuery, Views

_PAGE: Final = 200
_to_json: Final = msgspec.json.Encoder().encode


class Files:
    """One a process."""

    def __init__(
        self,
        entities: EntityClient,
        rooms: Rooms,
        filing: Filing,
        views: Views,
        sight: FileSight,
        settings: FilesSettings,
        holds: HoldsOver,
    ) -> None:
        self._entities, self._rooms, self._filing, self._views = entities, rooms, filing, views
        self.sight, self._settings, self._holds = sight, settings, holds

    async def begin(
        self, file_id: str, blob: str, *, owner: str, name: str, size: int, told: "UploadMetadata", trace: str
    ) -> ShownFile:
        """The bytes of a file are there: it begins. May be repeated.

        Raises:
            Unavailable: it may have begun.
        """
        command = BeginFile(
            owner=owner,
            blob=blob,
            size=size,
            mode=self._mode(),
            claimed=told.type,
            expected=told.sha256,
            room=told.room,
            keep=self._settings.keep_originals,
            secret=name.encode(),
        )
        begun = await self._entities.ask(
            entity_of(file_id), command, by=SYSTEM, command_id=f"begin\n{file_id}", trace=trace
        )
        return msgspec.structs.replace(begun, name=name)

    async def get(self, file_id: str, by: Principal, trace: str = "") -> ShownFile:
        """A file as the caller may see it. Raises NotFound."""
        return (await self.sight.of(file_id, by, trace)).shown()

    async def page(
        self, by: Principal, *, room: str | None, kind: str | None, before: str | None, limit: int, trace: str
    ) -> Sequence[ShownFile]:
        """The caller's own files, or those of a room that they may see, the newest first. `before`: the id of one."""
        shown_here: list[ShownFile] = []
        while len(shown_here) < limit:
            found = await self._ids(by.user, room, kind, before)
            for file_id in found:
                one = await self._shown(file_id, by, trace)
                if one is not None and _is_of(one, kind if room is not None else None):
                    shown_here.append(one)
                if len(shown_here) == limit:
                    return shown_here
            if len(found) < _PAGE:
                break
            before = found[-1]
        return shown_here

    async def of(self, user: str) -> AsyncIterator[ShownFile]:
        """All files of a user, the newest first."""
        before: str | None = None
        while found := await self._ids(user, None, None, before):
            for file_id in found:
                known = await self._entities.ask(entity_of(file_id), KnowFile(), by=SYSTEM)
                yield shown(known.record, known.name)
            before = found[-1]

    async def delete(self, file_id: str, by: Principal, trace: str) -> None:
        """Gone everywhere, from now on. Raises NotFound: there is none, or none of theirs."""
        known = await self._entities.ask(entity_of(file_id), KnowFile(), by=SYSTEM, trace=trace)
        if known.record.owner != by.user or known.record.state == "erased":
            await self.sight.of(file_id, by, trace)
            raise PermissionDenied("Only its owner may delete a file.", file=file_id)
        await self.erase(file_id, trace)

    async def erase(self, file_id: str, trace: str = "") -> None:
        """The same, asked by nobody. Under a hold its bytes stay, where nobody reads them."""
        one = (await self._entities.ask(entity_of(file_id), KnowFile(), by=SYSTEM, trace=trace)).record
        for hold in await self._holds.over(one.owner, [place.room for place in one.places]):
            await self._entities.ask(entity_of(file_id), HoldFile(hold=hold, on=True), by=SYSTEM, trace=trace)
        await self._entities.ask(entity_of(file_id), EraseFile(), by=SYSTEM, trace=trace)

    async def share(self, post: Post, room: str, file_id: str, by: Principal, trace: str) -> SharedFile:
        """Put a file into a room.

        Raises:
            NotFound: it is not theirs.
            FailedPrecondition: it is not ready; `details.state`.
            CarewireError: as the room does.
        """
        reply = await self._filing.post(room, post, by=by, trace=trace)
        told: dict[str, Any] = msgspec.json.decode(reply.data)
        file = await self.get(file_id, by, trace)
        return msgspec.convert(told | {"file": msgspec.to_builtins(file)}, SharedFile)

    async def accept(self, room: str, message_id: str, by: Principal, trace: str) -> ShownFile:
        """The caller wants to see the pictures of a message.

        Raises:
            NotFound, PermissionDenied: there is no such message for them, or no file in it.
        """
        seen = await self._rooms.ask(room, Witness(message_id), by=by, trace=trace)
        if not seen.files:
            raise NotFound("There is no file in this message.")
        for file_id in seen.files:
            await self._entities.ask(entity_of(file_id), AcceptFile(user=by.user), by=SYSTEM, trace=trace)
        return await self.get(seen.files[0], by, trace)

    def _mode(self) -> ScanMode:
        """Without a scanner there is none to be looked for, unless one is required."""
        scan = self._settings.scan
        return "off" if scan == "best_effort" and self._settings.clamd is None else scan

    async def _shown(self, file_id: str, by: Principal, trace: str) -> ShownFile | None:
        try:
            return await self.get(file_id, by, trace)
        except NotFound:
            return None

    async def _ids(self, user: str, room: str | None, kind: str | None, before: str | None) -> list[str]:
        equal: dict[str, Scalar] = {"room": room, "gone": False} if room is not None else {"owner": user, "gone": False}
        if kind is not None and room is None:
            equal["type" if "/" in kind else "family"] = kind
        query = ViewQuery(
            collection=FILES if room is None else PLACES,
            equal=equal,
            order_by="file",
            below=before,
            descending=True,
            limit=_PAGE,
        )
        return [str(view.fields["file"]) for view in await self._views.find(query)]


class UploadMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever sends a file says of it: type, SHA-256 in hexadecimal, and for which room it is ("": nothing)."""

    type: str = ""
    sha256: str = ""
    room: str = ""


def attachment(file_id: str, alt: str | None = None) -> bytes:
    """The attachments of a message that is one file."""
    return _to_json([{"file_id": file_id} if alt is None else {"file_id": file_id, "alt": alt}])


def _is_of(one: ShownFile, kind: str | None) -> bool:
    return kind is None or one.type == kind or one.type.partition("/")[0] == kind
