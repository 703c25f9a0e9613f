"""The audit record as a chain: each entry holds the hash of the one before. Pure.

Nobody can change, remove or insert an entry without every later hash being wrong. Cutting off the end is seen by the
head that is kept beside the record, and by any head (`<number>:<hash>`) that somebody noted elsewhere.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from typing_extensions import override

GENESIS: Final = "0" * 64
_HASH: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. `actor` did `action` to data of `subject` (a user; "" when it is nobody's), at `at_ms`, from
    `address`, in `request`; `why` is the reason given; `details` are ids and codes, never content."""

    action: str
    actor: str
    subject: str = ""
    outcome: str = "ok"
    role: str = ""
    resource: str = ""
    address: str = ""
    request: str = ""
    why: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ChainLink:
    """An entry in its place. `number` counts from 1."""

    number: int
    entry: AuditEntry
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends. `str()` is what an operator notes down."""

    number: int = 0
    hash: str = GENESIS

    @override
    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


def parse_head(text: str) -> Head:
    """The inverse of `str(head)`. Raises ValueError."""
    number, _, hash_ = text.strip().partition(":")
    if not number.isdigit() or not _HASH.fullmatch(hash_):
        raise ValueError("not a head")
    return Head(int(number), hash_)


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """What verification found: the head, and the first number at which the chain is broken (0: nowhere) and why."""

    head: Head
    broken_at: int = 0
    why: str = ""


def link(head: Head, entry: AuditEntry) -> ChainLink:
    """The entry, next in the chain."""
    number = head.number + 1
    return ChainLink(number, entry, head.hash, _hash(number, entry, head.hash))


def verify(links: Iterable[ChainLink], *, start: Head | None = None) -> ChainVerdict:
    """Follow the chain from `start`."""
    head = start or Head()
    for one in links:
        if one.number != head.number + 1:
            return ChainVerdict(head, head.number + 1, "an entry is missing")
        if one.previous != head.hash:
            return ChainVerdict(head, one.number, "it does not follow from the one before")
        if one.hash != _hash(one.number, one.entry, one.previous):
            return ChainVerdict(head, one.number, "it was altered")
        head = Head(one.number, one.hash)
    return ChainVerdict(head)


def at(entry: AuditEntry, now_ms: int) -> AuditEntry:
    """The entry with its time."""
    return replace(entry, at_ms=now_ms)


def _hash(number: int, entry: AuditEntry, previous: str) -> str:
    said = msgspec.json.encode([number, previous, msgspec.to_builtins(entry)], order="sorted")
    return hashlib.sha256(said).hexdigest()
