"""Ranges of bytes (RFC 9110, 14). Pure."""

import re
from dataclasses import dataclass
from typing import Final

_ONE: Final = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*")


@dataclass(frozen=True, slots=True)
class Range:
    """The bytes [start, end)."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """It begins behind the end."""


def range_of(header: str | None, length: int) -> Range | None:
    """The range that is asked for; None: all of it, as for a header that says nothing, or names several ranges.

    Raises:
        Unsatisfiable: nothing of it is there.
    """
    match = _ONE.fullmatch(header) if header is not None else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        last = int(match[2])
        if not last or not length:
            raise Unsatisfiable
        return Range(max(0, length - last), length)
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    if start >= length:
        raise Unsatisfiable
    return Range(start, min(int(match[2]) + 1, length) if match[2] else length)
