"""Where sealed frames lie, as the sealed blobs see it."""

from collections.abc import Sequence
from typing import Protocol


class FrameStorage(Protocol):
    """Frames by blob and number. `writer` grows with each writer of a blob: what an older one still does, after a newer
    one has begun, changes nothing that the newer one wrote. Raises `Unavailable` when nobody answers, and `Conflict`
    where a newer writer is noticed."""

    run: int
    """Frames that are best moved together. A writer ends its runs at multiples of it where it can; a reader asks for
    no more at once. It bounds the memory that a transfer takes."""

    async def put(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
        """Store these, numbered from `first`. All before them are there."""

    async def settle(self, blob: str, frames: int) -> None:
        """The blob's record says by now that all below number `frames` are stored: clear up what that made needless."""

    async def tail(self, blob: str, number: int) -> bytes | None:
        """A frame of a blob that is not finished, the last that was put."""
        ...

    async def finish(self, blob: str, writer: int, first: int, frames: Sequence[bytes]) -> None:
        """`put`, and these were the last: the blob can be read. May be repeated until `tidy` was called."""

    async def tidy(self, blob: str, frames: int) -> None:
        """The blob's record says that it is finished, with so many frames: clear up what was needed for writing."""

    async def read(self, blob: str, first: int, last: int) -> list[bytes]:
        """The frames first..last of a finished blob; fewer where some are missing."""
        ...

    async def remove(self, blob: str) -> None:
        """Delete all of it. Idempotent."""

    async def sweep(self, before_ms: int) -> None:
        """Clear up what belongs to no blob and was begun before then."""
