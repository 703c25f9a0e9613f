"""A blob as a file, for what knows only files: read in a thread, while the loop fetches its bytes."""

import asyncio
import io
from typing import Final

from typing_extensions import override

from store.ports.blobs import Blobs

_AHEAD: Final = 256 * 1024


class BlobFile(io.RawIOBase):
    """Reads in a thread; what it fetches, `loop` fetches. Not for the loop's own thread."""

    def __init__(self, blobs: Blobs, blob: str, length: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._blobs, self._blob, self._length, self._loop = blobs, blob, length, loop
        self._at = 0
        self._from, self._kept = 0, b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._at

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    @override
    def read(self, size: int = -1) -> bytes:
        end = self._length if size < 0 else min(self._at + size, self._length)
        if end <= self._at:
            return b""
        if not (self._from <= self._at and end <= self._from + len(self._kept)):
            upto = min(max(end, self._at + _AHEAD), self._length)
            self._kept = asyncio.run_coroutine_threadsafe(self._fetch(self._at, upto), self._loop).result()
            self._from = self._at
        piece = self._kept[self._at - self._from : end - self._from]
        self._at = end
        return piece

    @override
    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override] # what a buffer is
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    async def _fetch(self, start: int, end: int) -> bytes:
        return b"".join([piece async for piece in await self._blobs.read(self._blob, start, end)])
