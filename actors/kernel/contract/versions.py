"""Optimistic locking: a change may name the versions of what is there for which it is meant."""

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from common.errors import FailedPrecondition

Versions: TypeAlias = tuple[int, ...] | UnsetType
"""Those that a change is meant for; unset: whatever is there. A command without them travels as ever."""


def require_version(versions: Versions, version: int) -> None:
    """Raises FailedPrecondition: what is there is none of these versions any more."""
    if versions is not UNSET and version not in versions:
        raise FailedPrecondition(
            "It has changed meanwhile. Read it again, then decide.", details={"reason": "version", "version": version}
        )
