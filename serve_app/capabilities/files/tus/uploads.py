"""Uploads under way: `{_id, owner, blob, file, length, sealed, size, until, gone, done}`.

How far one has come is the length of its blob, and nothing else: an append of a newer request ends an older one by
compare-and-swap, and what was told is stored by a majority. `sealed` is what it says of its file, under its owner's
key. `until` (a date) is when it expires; a week later the database drops the document, till when its owner hears that
it has expired.
"""

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import msgspec
from pymongo import ASCENDING, IndexModel

from common.clock import Clock
from common.errors import Conflict, FailedPrecondition, NotFound
from common.ids import new_id
from serve_app.capabilities.files.quota import FileQuota
from serve_app.capabilities.files.service import Files, UploadMetadata
from serve_app.capabilities.files.tus.headers import Metadata
from serve_app.capabilities.files.tus.refusals import TusRefusal
from store.mongo.client import Database, Document, database_errors
from store.ports.blobs import Blobs
from store.ports.vault import Vault

UPLOADS: Final = "uploads"
_REMEMBERED_S: Final = 7 * 86_400
INDEXES: Final = (
    IndexModel([("owner", ASCENDING), ("done", ASCENDING)], name="owner"),
    IndexModel([("until", ASCENDING)], name="until", expireAfterSeconds=_REMEMBERED_S),
)


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    name: str
    type: str
    room: str
    sha256: str


_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(_Sealed).decode


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. `length` is None until it is declared, `file` "" until the last byte is there."""

    id: str
    owner: str
    blob: str
    file: str
    length: int | None
    until: datetime
    done: bool
    sealed: bytes

    @property
    def expires(self) -> str:
        """When it expires, as HTTP says it."""
        return self.until.strftime("%a, %d %b %Y %H:%M:%S GMT")


class Uploads:
    """One a process."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        vault: Vault,
        files: Files,
        quota: FileQuota,
        clock: Clock,
        *,
        ttl_h: float,
    ) -> None:
        self._all = database[UPLOADS]
        self._blobs, self._vault, self._files, self._quota = blobs, vault, files, quota
        self._clock, self._ttl = clock, timedelta(hours=ttl_h)

    async def create(self, owner: str, length: int | None, told: Metadata) -> Upload:
        """Begin one. Raises PayloadTooLarge: it is too large, or more than the owner has left."""
        now = self._clock.now_ms()
        upload = new_id("upl", now)
        blob = new_id("file", now)
        await self._vault.ensure([owner])
        secret = _pack(_Sealed(told.name, told.type, told.room, told.sha256))
        document: Document = {
            "_id": upload,
            "owner": owner,
            "blob": blob,
            "file": blob,
            "length": length,
            "sealed": self._vault.seal(owner, secret, _aad(upload)),
            "until": self._deadline(),
            "done": False,
        }
        await self._blobs.create(blob, owner)
        with database_errors():
            await self._all.insert_one(document)
        try:
            await self._quota.check(owner)
        except BaseException:
            await self.remove(_upload(document))
            raise
        return _upload(document)

    async def get(self, upload: str, owner: str) -> Upload:
        """Raises NotFound: there is none of theirs. Refused: it has expired."""
        with database_errors():
            found = await self._all.find_one({"_id": upload, "owner": owner})
        if found is None:
            raise NotFound("There is no such upload.", upload=upload)
        one = _upload(found)
        if not one.done and one.until <= self._now():
            await self._blobs.delete(one.blob)
            gone = NotFound("This upload was not gone on with in time. Begin anew.", details={"reason": "expired"})
            raise TusRefusal(gone, HTTPStatus.GONE)
        return one

    async def declare(self, one: Upload, length: int) -> Upload:
        """Say how long it will be. Raises Conflict: it was said already, otherwise."""
        with database_errors():
            await self._all.update_one({"_id": one.id, "length": None}, {"$set": {"length": length}})
            found = await self._all.find_one({"_id": one.id})
        if found is None or found["length"] != length:
            raise Conflict("This upload has another length.", upload=one.id)
        await self._quota.check(one.owner)
        return _upload(found)

    async def offset(self, one: Upload) -> int:
        """How far it has come."""
        if one.done:
            return one.length or 0
        return (await self._blobs.state(one.blob)).length

    async def append(self, one: Upload, offset: int, source: AsyncIterable[bytes]) -> int:
        """Store what comes, and put the end off. Raises as `Blobs.append`."""
        try:
            return await self._blobs.append(one.blob, offset, source)
        except FailedPrecondition:
            raise Conflict("This upload is complete.", details={"offset": one.length}) from None
        finally:
            with database_errors():
                await self._all.update_one({"_id": one.id}, {"$set": {"until": self._deadline()}})

    async def complete(self, one: Upload, trace: str) -> Upload:
        """All bytes are there: it becomes a file. May be repeated."""
        if one.done:
            return one
        size = await self._blobs.finish(one.blob)
        await self._vault.unlock([one.sealed])
        opened = self._vault.open(one.sealed, _aad(one.id))
        if opened is None:
            raise NotFound("There is no such upload.", upload=one.id)
        told = _unpack(opened)
        await self._files.begin(
            one.file,
            one.blob,
            owner=one.owner,
            name=told.name,
            size=size,
            told=UploadMetadata(type=told.type, sha256=told.sha256, room=told.room),
            trace=trace,
        )
        with database_errors():
            await self._all.update_one({"_id": one.id}, {"$set": {"done": True, "length": size}})
        return replace(one, done=True, length=size)

    async def remove(self, one: Upload) -> None:
        """It is not wanted any more: its bytes go. Of one that is complete, the file goes."""
        if one.done:
            await self._files.erase(one.file)
        else:
            await self._blobs.delete(one.blob)
        with database_errors():
            await self._all.delete_one({"_id": one.id})

    async def forget(self, owner: str) -> None:
        """They are being erased. Idempotent."""
        for one in await self._of(owner):
            await self.remove(one)

    async def _of(self, owner: str) -> Sequence[Upload]:
        with database_errors():
            found: list[Any] = await self._all.find({"owner": owner, "done": False}).to_list(None)
            await self._all.delete_many({"owner": owner, "done": True})
        return [_upload(one) for one in found]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)

    def _deadline(self) -> datetime:
        return self._now() + self._ttl


def _upload(found: Document) -> Upload:
    until = found["until"]
    return Upload(
        id=found["_id"],
        owner=found["owner"],
        blob=found["blob"],
        file=found["file"],
        length=None if found["length"] is None else int(found["length"]),
        until=until if until.tzinfo is not None else until.replace(tzinfo=UTC),
        done=found["done"],
        sealed=found["sealed"],
    )


def _aad(upload: str) -> bytes:
    return b"upload:" + upload.encode()
