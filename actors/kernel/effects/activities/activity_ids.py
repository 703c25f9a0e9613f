"""The ids of an activity: for the shard, by operators, and by partners, who must learn no id of ours.

A mark is a hash of entity and key (BLAKE2b, 128 bits). Partners take it in the form that they can keep: `atv_` and
base32, a UUID, or 32 characters of base64url.
"""

from base64 import b32decode, b32encode, urlsafe_b64encode
from binascii import Error as BadBase32
from hashlib import blake2b
from typing import Final
from uuid import UUID

from actors.kernel.contract.commands import command_id_of

_PREFIX: Final = "atv_"
_MARK_BYTES: Final = 16
_TOKEN_BYTES: Final = 24


def mark_of(entity: str, key: str) -> bytes:
    """16 bytes that stand for the activity of this key in this entity."""
    return blake2b(f"{entity}\0{key}".encode(), digest_size=_MARK_BYTES).digest()


def activity_id(entity: str, key: str) -> str:
    """`atv_` and 26 characters of base32, in lower case (RFC 4648, without padding)."""
    return text_of(mark_of(entity, key))


def text_of(mark: bytes) -> str:
    """The id in text: see `activity_id`."""
    return _PREFIX + b32encode(mark).decode().rstrip("=").lower()


def mark_from(text: str) -> bytes | None:
    """The inverse of `text_of`; None when this is no such id."""
    digits = text.removeprefix(_PREFIX)
    try:
        mark = b32decode(digits.upper() + "=" * (-len(digits) % 8))
    except (BadBase32, ValueError):
        return None
    return mark if len(mark) == _MARK_BYTES and text_of(mark) == text else None


def uuid_of(mark: bytes) -> UUID:
    """The id as a UUID of version 8, whose bits are the maker's to choose (RFC 9562, 5.8)."""
    bits = int.from_bytes(mark, "big")
    bits = bits & ~(0xF << 76) | 8 << 76
    return UUID(int=bits & ~(0x3 << 62) | 2 << 62)


def token_of(mark: bytes) -> str:
    """The id in 32 characters of base64url, for who takes exactly so many (RFC 8030, 5.4: a topic)."""
    return urlsafe_b64encode(blake2b(mark, digest_size=_TOKEN_BYTES).digest()).decode()


def answer_id(entity: str, key: str) -> bytes:
    """The id of the command that answers the activity: stored, it proves that it was answered."""
    return command_id_of(entity, "activity", key)
