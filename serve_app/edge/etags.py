"""Versions as entity tags (RFC 9110, 8.8.3), and the preconditions that a request makes with them (13.1)."""

import re
from typing import Final

from msgspec import UNSET, UnsetType

_STRONG: Final = re.compile(r'"([0-9]{1,18})"')  # a weak tag never matches If-Match
_OF_NOTHING: Final = -1  # a version that nothing has


def etag_of(version: int) -> str:
    """The tag of what has this version."""
    return f'"{version}"'


def has(if_none_match: str | None, version: int) -> bool:
    """Does whoever sends this `If-None-Match` have it already? Compared weakly, as the header says."""
    given = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return etag_of(version) in given or given == ["*"]


def versions_of(if_match: str | None) -> tuple[int, ...] | UnsetType:
    """The versions that an `If-Match` names; unset: without one, or with `*`, whatever is there may be changed."""
    if if_match is None or if_match.strip() == "*":
        return UNSET
    named = [match[1] for one in if_match.split(",") if (match := _STRONG.fullmatch(one.strip()))]
    return tuple(map(int, named)) or (_OF_NOTHING,)
