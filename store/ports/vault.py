"""The vault: data keys of persons, and what is sealed under them."""

from collections.abc import Iterable
from typing import Protocol


class Vault(Protocol):
    """Envelope encryption under one data key a person (AES-256-GCM; NIST SP 800-38D).

    `seal` and `open` are synchronous and do no I/O: load the keys first, each time; they stay good for some seconds.
    Losing a person's key (`erase`) makes all that was sealed under it unreadable, for good: crypto-shredding.
    """

    async def ensure(self, subjects: Iterable[str]) -> None:
        """Load, or make, the data key of each subject, so that `seal` works."""

    async def unlock(self, blobs: Iterable[bytes], *, anew: bool = False) -> None:
        """Load the keys that these blobs were sealed under, so that `open` works. `anew`: whoever has been erased by
        now is, whatever is remembered."""

    def has(self, subject: str) -> bool:
        """Is the data key of this subject at hand?"""

    def seal(self, subject: str, plaintext: bytes, aad: bytes) -> bytes:
        """Ciphertext that names its key. `aad` binds it to its place (e.g. `room:42#17`).

        Raises:
            LookupError: `ensure` was not awaited for this subject.
        """

    def open(self, blob: bytes, aad: bytes) -> bytes | None:
        """The plaintext; None when the key has been erased.

        Raises:
            LookupError: `unlock` was not awaited for this blob.
            ValueError: the blob was altered, or belongs elsewhere.
        """

    async def erase(self, subject: str) -> None:
        """Destroy every key of this subject."""
