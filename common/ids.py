"""Ids: the pattern that all of them match, and ids that sort by the time they were made."""

import hashlib
import os
import re
from hashlib import blake2b
from typing import Final

ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}")
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: sorts as its value does
_FOREIGN: Final = re.compile(r"ext_[0-9A-HJKMNP-TV-Z]{26}")
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}


def is_id(text: str) -> bool:
    """May `text` be the id of a user, a room, a message, ...?"""
    return _ID.fullmatch(text) is not None


def new_id(prefix: str, now_ms: int) -> str:
    """`new_id("room", now)` -> `"room_01KAFZ..."`: 48 bits of time, then 80 random bits (the ULID layout)."""
    return f"{prefix}_{to_base32(now_ms, 10)}{to_base32(int.from_bytes(os.urandom(10)), 16)}"


def derived_id(prefix: str, at_ms: int, name: str) -> str:
    """An id like that of `new_id` for what is named so: the same however often it is made."""
    digest = blake2b(name.encode(), digest_size=10).digest()
    return f"{prefix}_{to_base32(at_ms, 10)}{to_base32(int.from_bytes(digest), 16)}"


def foreign_id(issuer: str, subject: str) -> str:
    """The id here of a user of another issuer: `subject` itself where that is an id, otherwise `ext_` and 26
    characters, 130 bits of a hash of both. What looks like one of these is hashed as well: nobody can name themselves
    so as to be somebody else.

    Raises:
        ValueError: `subject` has half a surrogate pair, which no text has.
    """
    if is_id(subject) and _FOREIGN.fullmatch(subject) is None:
        return subject
    named = hashlib.sha256(issuer.encode()).digest() + subject.encode()  # the first part is of one length: no seams
    return "ext_" + to_base32(int.from_bytes(hashlib.sha256(named).digest()) >> 126, 26)


def to_base32(value: int, length: int) -> str:
    """`value` in `length` characters of Crockford's base 32; higher bits that do not fit are dropped."""
    letters = []
    for _ in range(length):
        letters.append(_ALPHABET[value & 31])
        value >>= 5
    return "".join(reversed(letters))


def from_base32(text: str) -> int:
    """The inverse of `to_base32`.

    Raises:
        ValueError: a character is not of the alphabet.
    """
    value = 0
    for letter in text:
        if letter not in _VALUE:
            raise ValueError("not base 32")
        value = value << 5 | _VALUE[letter]
    return value
