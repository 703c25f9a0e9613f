"""The two storages that the tests of blobs run on, and what their fixtures need."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from config.files import FilesSettings
from store.blobs.chunks import CHUNKS
from store.blobs.opening import open_blobs
from store.blobs.s3 import open_s3
from store.blobs.sealing import SEALED_BYTES
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.memory.keys import MemoryKeyStore
from store.mongo.client import Database
from store.ports.blobs import Blobs
from tests.contract.conftest import Dial

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client


@dataclass
class BlobRig:
    """A storage. Each `process()` is one more process that uses it."""

    settings: FilesSettings
    database: Database
    clock: Dial = field(default_factory=Dial)
    keys: MemoryKeyStore = field(default_factory=MemoryKeyStore)
    masters: MasterKeys = field(default_factory=MasterKeys.generate)
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    def vault(self) -> KeyringVault:
        return KeyringVault(self.keys, self.masters, self.clock)

    async def process(self, settings: FilesSettings | None = None) -> Blobs:
        opening = open_blobs(settings or self.settings, self.database, self.vault(), self.clock)
        return await self.opened.enter_async_context(opening)

    async def frames(self, blob: str) -> list[bytes]:
        """The sealed frames of a finished blob, as they lie there."""
        found = await self.database[CHUNKS].find({"files_id": blob}, sort=[("n", 1)]).to_list(None)
        return [one["data"] for one in found]

    async def tamper(self, blob: str, change: Callable[[list[bytes]], Sequence[bytes]]) -> None:
        """Lay other frames in their place."""
        frames = change(await self.frames(blob))
        await self.database[CHUNKS].delete_many({"files_id": blob})
        if frames:
            chunks = [{"files_id": blob, "n": number, "w": 0, "data": one} for number, one in enumerate(frames)]
            await self.database[CHUNKS].insert_many(chunks)

    async def everything(self) -> bytes:
        """All bytes that are stored, of all blobs."""
        names = await self.database.list_collection_names(filter={"name": {"$regex": "^blob"}})
        found = [str(one) for name in names async for one in self.database[name].find()]
        return "".join(found).encode()


@dataclass
class S3Rig(BlobRig):
    """S3, with a client beside that of the processes."""

    shared: "S3Client | None" = None

    async def client(self) -> "S3Client":
        if self.shared is None:
            self.shared = await self.opened.enter_async_context(open_s3(self.settings))
        return self.shared

    @property
    def bucket(self) -> str:
        assert self.settings.s3_bucket is not None
        return self.settings.s3_bucket

    @override
    async def frames(self, blob: str) -> list[bytes]:
        found = await (await self.client()).get_object(Bucket=self.bucket, Key=f"blobs/{blob}")
        async with found["Body"] as stream:
            body = await stream.read()
        return [body[at : at + SEALED_BYTES] for at in range(0, len(body), SEALED_BYTES)]

    @override
    async def tamper(self, blob: str, change: Callable[[list[bytes]], Sequence[bytes]]) -> None:
        body = b"".join(change(await self.frames(blob)))
        await (await self.client()).put_object(Bucket=self.bucket, Key=f"blobs/{blob}", Body=body)

    @override
    async def everything(self) -> bytes:
        client = await self.client()
        listed: Any = await client.list_objects_v2(Bucket=self.bucket)
        frames = [await self.frames(one["Key"].removeprefix("blobs/")) for one in listed.get("Contents", [])]
        return await BlobRig.everything(self) + b"".join(str(one).encode() for one in frames)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    """A source."""
    for part in parts:
        yield part


async def breaking(*parts: bytes) -> AsyncIterator[bytes]:
    """A source that breaks off at its end."""
    for part in parts:
        yield part
    raise ConnectionResetError


class Waiting:
    """A source that yields one piece, and the next when it is told to."""

    def __init__(self, first: bytes, second: bytes) -> None:
        self._first, self._second = first, second
        self.began, self.go_on = asyncio.Event(), asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._first
        self.began.set()
        await self.go_on.wait()
        yield self._second


async def whole(blobs: Blobs, blob: str, start: int = 0, end: int | None = None) -> bytes:
    """What is read, in one piece."""
    return b"".join([piece async for piece in await blobs.read(blob, start, end)])


async def written(blobs: Blobs, blob: str, *parts: bytes, owner: str = "alice") -> bytes:
    """A finished blob; what was written."""
    await blobs.create(blob, owner)
    await blobs.append(blob, 0, pieces(*parts))
    await blobs.finish(blob)
    return b"".join(parts)
