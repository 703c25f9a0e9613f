"""The data keys of persons, wrapped: what the vault asks of whoever keeps them."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A person's data key as the store keeps it. `version` counts the keys that the person has had. With nothing
    wrapped it is a tombstone."""

    id: bytes
    subject: str
    version: int
    master: str
    wrapped: bytes

    @property
    def aad(self) -> bytes:
        """Binds the wrapped key to its id and its person."""
        return self.id + self.subject.encode()

    @property
    def is_tombstone(self) -> bool:
        """Was the person erased?"""
        return not self.wrapped


def tombstone(subject: str) -> WrappedKey:
    """What stands in the place of an erased person's first key, so that none can be made there."""
    return WrappedKey(id=secrets.token_bytes(ID_BYTES), subject=subject, version=1, master="", wrapped=b"")


def newest_of(keys: Iterable[WrappedKey]) -> dict[str, WrappedKey]:
    """The key of each subject that counts: the tombstone, or the highest version."""
    return {key.subject: key for key in sorted(keys, key=lambda key: (key.is_tombstone, key.version))}


class KeyStore(Protocol):
    """Where wrapped keys live. Raises `Unavailable` when the database does not answer in time."""

    async def newest(self, subjects: Sequence[str]) -> Mapping[str, WrappedKey]:
        """The key of the highest version of each subject that has one, or the tombstone of who was erased."""

    async def by_id(self, ids: Sequence[bytes]) -> Mapping[bytes, WrappedKey]:
        """Those of these keys that exist."""

    async def add(self, keys: Sequence[WrappedKey]) -> None:
        """Store each, unless its id or its (subject, version) is taken: the first one stands."""

    async def not_under(self, master: str, *, limit: int) -> list[WrappedKey]:
        """Some of the keys that are wrapped under another master key."""

    async def rewrap(self, old: WrappedKey, new: WrappedKey) -> None:
        """Replace `old` if it is still there as it was."""

    async def samples(self) -> list[WrappedKey]:
        """One key for each master key in use."""

    async def erase(self, subject: str) -> Sequence[bytes]:
        """Put a tombstone in the place of every key of this subject, and count the erasure, all or nothing. The ids of
        the keys."""

    async def erasures(self) -> int:
        """How many erasures there have been."""
