"""The connector `files`: says what bytes are, makes pictures anew, wipes what is not needed any more. Its partner is
Carewire itself."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from typing_extensions import override

from actors.files.activities import FILES, FileInspection, FilesWork, InspectFile, Wipe
from actors.files.records import BLURRED, Picture, Reason
from common.clock import Clock
from common.errors import CarewireError, NotFound
from common.ids import new_id
from config.files import FilesSettings
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Erased, Later, Unreadable
from serve_app.capabilities.files.looking import archives, claims, pictures, types
from serve_app.capabilities.files.looking.made import Made, NotMade
from serve_app.capabilities.files.looking.source import BlobFile
from store.ports.blobs import Blobs

_TAIL: Final = 65_557
_pack: Final = msgspec.msgpack.Encoder().encode
_work: Final = msgspec.msgpack.Decoder(FilesWork).decode


class FilesConnector(Connector):
    """One a runner. Looking is done anew after a crash; what an interrupted look had made is found by `files check`."""

    name = FILES
    capacity = Capacity(at_once=2, call_s=45.0)
    remembers_s = FOR_EVER_S

    def __init__(self, blobs: Blobs, settings: FilesSettings, clock: Clock) -> None:
        self._blobs, self._settings, self._clock = blobs, settings, clock

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            work = _work(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such work on files.") from error
        try:
            if isinstance(work, Wipe):
                for blob in work.blobs:
                    await self._blobs.delete(blob)
                return b""
            return _pack(await self._look(work))
        except NotFound as error:
            raise Erased from error
        except CarewireError as error:
            raise Later(error.code, error.message, retry_after_s=error.retry_after_s, only_this=True) from error

    @override
    async def find(self, call: Call) -> None:
        """It is looked at anew."""

    @override
    async def close(self) -> None:
        """There is nobody to hang up on."""

    async def _look(self, work: InspectFile) -> FileInspection:
        size = (await self._blobs.state(work.blob)).length
        digest, head, tail = await self._digest(work.blob, size)
        kind = types.type_of(head)
        reason: Reason | None = None
        if work.expected and digest != work.expected:
            reason = "checksum"
        elif types.is_two(head, tail, kind):
            reason = "type_mismatch"
        elif archives.is_archive(kind):
            kind, reason = await self._opened(work.blob, size, kind)
        if reason is None:
            reason = self._refusal(work, kind, size)
        if reason is None and kind in pictures.PICTURES:
            return await self._picture(work, kind, size, digest)
        return FileInspection(type=kind, size=size, sha256=digest, blob=work.blob, reason=reason)

    def _refusal(self, work: InspectFile, kind: str, size: int) -> Reason | None:
        if not claims.fits(kind, work.claimed, work.extension):
            return "type_mismatch"
        if kind not in self._settings.types or (kind in pictures.PICTURES and not pictures.can_open(kind)):
            return "type_not_allowed"
        return "too_many_pixels" if kind in pictures.PICTURES and size > pictures.LARGEST else None

    async def _digest(self, blob: str, size: int) -> tuple[str, bytes, bytes]:
        """SHA-256, the first bytes, and the last."""
        digest, head, tail = hashlib.sha256(), b"", b""
        async for piece in await self._blobs.read(blob):
            digest.update(piece)
            if len(head) < types.HEAD_BYTES:
                head = (head + piece)[: types.HEAD_BYTES]
            tail = (tail + piece)[-_TAIL:]
        return digest.hexdigest(), head, tail

    async def _opened(self, blob: str, size: int, kind: str) -> tuple[str, Reason | None]:
        source = BlobFile(self._blobs, blob, size, asyncio.get_running_loop())
        try:
            return await asyncio.to_thread(archives.inspect, source, size, kind), None  # type: ignore[arg-type] # a file
        except archives.Forbidden as refused:
            return kind, refused.reason

    async def _picture(self, work: InspectFile, kind: str, size: int, digest: str) -> FileInspection:
        text = b"".join([piece async for piece in await self._blobs.read(work.blob)])
        made = await pictures.make(text, kind)
        if isinstance(made, NotMade):
            return FileInspection(type=kind, size=size, sha256=digest, reason=made.reason)
        kept: list[str] = []
        try:
            return await self._stored(work, made, kept)
        except BaseException:
            for blob in kept:
                await self._blobs.delete(blob)
            raise

    async def _stored(self, work: InspectFile, made: Made, kept: list[str]) -> FileInspection:
        """Where its bytes are now."""
        variants = {name: await self._store(work.owner, small, kept) for name, small in made.small.items()}
        variants[BLURRED] = await self._store(work.owner, made.blurred, kept)
        whole = await self._store(work.owner, made.whole, kept)
        return FileInspection(
            type=made.type,
            size=len(made.whole),
            sha256=hashlib.sha256(made.whole).hexdigest(),
            blob=whole,
            picture=Picture(made.width, made.height, variants),
        )

    async def _store(self, owner: str, text: bytes, kept: list[str]) -> str:
        blob = new_id("file", self._clock.now_ms())
        await self._blobs.create(blob, owner)
        kept.append(blob)
        await self._blobs.append(blob, 0, _once(text))
        await self._blobs.finish(blob)
        return blob


async def _once(text: bytes) -> AsyncIterator[bytes]:
    yield text
