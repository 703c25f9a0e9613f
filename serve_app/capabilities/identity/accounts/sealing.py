"""Personal fields of documents: sealed under the key of the person, and found again by keyed hashes.

Erasing the person drops the key; the hash goes with the document.
"""

import hashlib
import hmac
from typing import Final, TypeVar

import msgspec

from store.ports.vault import Vault

T = TypeVar("T", bound=msgspec.Struct)
_AAD: Final = b"identity"


class Sealing:
    """Seals small structs. `key` makes the hashes."""

    def __init__(self, vault: Vault, key: bytes) -> None:
        self._vault = vault
        self._key = key

    async def seal(self, user: str, value: msgspec.Struct, place: str) -> bytes:
        """`value`, sealed under the key of `user` and bound to `place` (the id of the document that holds it)."""
        await self._vault.ensure([user])
        return self._vault.seal(user, msgspec.msgpack.encode(value), _AAD + place.encode())

    async def open(self, blob: bytes | None, kind: type[T], place: str) -> T | None:
        """What was sealed there; None when there is nothing, or its person was erased."""
        if blob is None:
            return None
        await self._vault.unlock([blob])
        plain = self._vault.open(blob, _AAD + place.encode())
        return None if plain is None else msgspec.msgpack.decode(plain, type=kind)

    async def shred(self, user: str) -> None:
        """Destroy the key of `user`: whatever was sealed under it, anywhere, is unreadable from now on."""
        await self._vault.erase(user)

    def index(self, purpose: str, text: str) -> str:
        """A keyed hash of `text`, to find it by, or to check a secret against."""
        return hmac.new(self._key, f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()

    def matches(self, purpose: str, text: str, index: str) -> bool:
        """Was `index` made of `text`? In constant time."""
        return hmac.compare_digest(self.index(purpose, text), index)
