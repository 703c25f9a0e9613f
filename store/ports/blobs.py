"""Large pieces of bytes (files, recordings, documents): written from front to back, then read in ranges."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BlobState:
    """How far a blob has come. `length`: bytes that are stored, which outlive whatever dies."""

    length: int
    finished: bool


class Blobs(Protocol):
    """Blobs, each sealed under the key of its owner. Raises `Unavailable` when the storage does not answer.

    A blob has one writer at a time, and the newest is it: an append ends the one before, whose connection may have died
    without anybody's knowing. Nothing is locked, so nobody waits for a lock.
    """

    async def create(self, blob: str, owner: str) -> None:
        """Begin a blob of `owner` (a subject of the vault) that has no bytes yet. `blob` is an id that was never used.

        Raises:
            AlreadyExists: it was.
        """

    async def append(self, blob: str, offset: int, source: AsyncIterable[bytes]) -> int:
        """Store what `source` yields behind the first `offset` bytes; the length afterwards. Where `source` breaks off
        (raises), what it had yielded is stored, and its error raised.

        Raises:
            Conflict: the blob has another length (`details.offset`), or another append has taken over.
            FailedPrecondition: it is finished.
            NotFound: there is no such blob, or its owner's key is gone.
        """
        ...

    async def finish(self, blob: str) -> int:
        """From now on it can be read, and not be changed; its length. Idempotent.

        Raises:
            NotFound: there is no such blob, or its owner's key is gone.
        """
        ...

    async def state(self, blob: str) -> BlobState:
        """How far it has come.

        Raises:
            NotFound: there is no such blob.
        """
        ...

    async def read(self, blob: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end), in pieces; without `end`, to the last one. Only what is asked for is fetched and
        opened. An error of the storage, or bytes that were altered, end the pieces with a CarewireError.

        Raises:
            InvalidArgument: not 0 <= start <= end <= length.
            FailedPrecondition: it is not finished.
            NotFound: there is no such blob, or its owner's key is gone.
        """
        ...

    async def delete(self, blob: str) -> None:
        """Its key is destroyed first, so nothing can be read from then on; then its bytes go. Idempotent, final."""

    async def sweep(self, before_ms: int) -> int:
        """Delete what was not finished, and not touched since `before_ms`; finish deletions and clearing up that were
        interrupted. How many blobs went."""
        ...
