"""The record of a case: lines, each hashed over the one before, so that none can be changed or left out. Pure."""

import hashlib
import json
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from actors.moderation.records import MOST_LINES, Case, ChainLine

GENESIS: Final = "0" * 64


def digest(words: bytes | None) -> str:
    """Of what somebody wrote, or of a piece of evidence."""
    return "" if words is None else hashlib.sha256(words).hexdigest()


def added(case: Case, at_ms: int, by: str, what: str, *, details: str = "", words: int = 0, of: str = "") -> Case:
    """The case with a line more. `of`: the digest of what the event `words` holds. The first line is kept, and the
    newest; a line that was left out is still in the hash of the next."""
    last = case.chain[-1].hash if case.chain else GENESIS
    line = ChainLine(
        at=at_ms,
        by=by,
        what=what,
        hash=_hash(last=last, at_ms=at_ms, by=by, what=what, details=details, of=of),
        details=details,
        words=words,
    )
    lines = (*case.chain, line)
    return replace(case, chain=lines if len(lines) <= MOST_LINES else (lines[0], *lines[2:]))


def holds(lines: Iterable[ChainLine], digests: dict[int, str]) -> bool:
    """Does each line follow from the one before? `digests`: of what the events of lines hold, by number."""
    last = GENESIS
    for line in lines:
        if line.hash != _hash(
            last=last, at_ms=line.at, by=line.by, what=line.what, details=line.details, of=digests.get(line.words, "")
        ):
            return False
        last = line.hash
    return True


def _hash(last: str, at_ms: int, by: str, what: str, details: str, of: str) -> str:
    return hashlib.sha256(json.dumps([last, at_ms, by, what, details, of]).encode()).hexdigest()
