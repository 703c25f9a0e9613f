"""The few messages of STUN and TURN that a look at a relay takes (RFC 8489, RFC 8656). Pure."""

import hashlib
import hmac
import struct
from typing import Final

ALLOCATE: Final = 0x0003
REFRESH: Final = 0x0004
SUCCESS: Final = 0x0100
ERROR: Final = 0x0110
_COOKIE: Final = 0x2112A442
_HEADER: Final = struct.Struct("!HHI12s")
HEAD_BYTES: Final = _HEADER.size
_ATTRIBUTE: Final = struct.Struct("!HH")
USERNAME: Final = 0x0006
INTEGRITY: Final = 0x0008
ERROR_CODE: Final = 0x0009
LIFETIME: Final = 0x000D
REALM: Final = 0x0014
NONCE: Final = 0x0015
TRANSPORT: Final = 0x0019
UDP: Final = b"\x11\x00\x00\x00"
_MAC_BYTES: Final = 20


def message(kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], key: bytes = b"") -> bytes:
    """A request. With a `key`, its integrity is in it."""
    body = b"".join(_attribute(name, value) for name, value in attributes)
    if not key:
        return _HEADER.pack(kind, len(body), _COOKIE, transaction) + body
    signed = _HEADER.pack(kind, len(body) + _ATTRIBUTE.size + _MAC_BYTES, _COOKIE, transaction) + body
    return signed + _attribute(INTEGRITY, hmac.digest(key, signed, hashlib.sha1))


def _attribute(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(name, len(value)) + value + b"\0" * (-len(value) % 4)


def parsed(data: bytes, transaction: bytes) -> tuple[int, dict[int, bytes]]:
    """The kind of an answer, and its attributes.

    Raises:
        ValueError: it is no answer to this.
    """
    if len(data) < _HEADER.size:
        raise ValueError("too short")
    kind, length, cookie, answered = _HEADER.unpack_from(data)
    if cookie != _COOKIE or answered != transaction or len(data) < _HEADER.size + length:
        raise ValueError("not an answer to what was asked")
    found: dict[int, bytes] = {}
    at, end = _HEADER.size, _HEADER.size + length
    while at + _ATTRIBUTE.size <= end:
        name, size = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        found[name] = data[at : at + size]
        at += size + (-size % 4)
    return kind, found


def body_bytes(head: bytes) -> int:
    """How many bytes follow the head of a message, as it says."""
    return int.from_bytes(head[2:4], "big")


def long_term_key(username: str, realm: bytes, password: str) -> bytes:
    """Of RFC 8489, section 9.2.2."""
    return hashlib.md5(b":".join((username.encode(), realm, password.encode())), usedforsecurity=False).digest()
