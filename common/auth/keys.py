"""Keys for the several uses of the one secret, so that none can stand in for another (HKDF, RFC 5869)."""

from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES: Final = 32


def derive(secret: str, purpose: str) -> bytes:
    """32 bytes for this purpose.

    Raises:
        ValueError: there is no secret: whoever reads this could tell the key.
    """
    if not secret:
        raise ValueError("keys are derived from a secret")
    return HKDF(SHA256(), _BYTES, salt=None, info=f"carewire {purpose}".encode()).derive(secret.encode())


def link_keys(secret: str, generation: int) -> Sequence[bytes]:
    """The keys of action links: of this generation, and of the one before."""
    return [derive(secret, f"action links {number}") for number in (generation, generation - 1)]
