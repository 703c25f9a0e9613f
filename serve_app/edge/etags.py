"""Versions as entity tags (RFC 9110, 8.8.3), and the preconditions that a request makes with them (13.1)."""

from common.errors import FailedPrecondition


def etag_of(version: int) -> str:
    """The tag of what has this version."""
    return f'"{version}"'


def has(if_none_match: str | None, version: int) -> bool:
    """Does whoever sends this `If-None-Match` have it already? Compared weakly, as the header says."""
    return if_none_match is not None and _names(if_none_match, etag_of(version), weak=True)


def require(if_match: str | None, version: int) -> None:
    """Hold what is there against `If-Match`.

    Raises:
        FailedPrecondition: it is another version than the one that the request was made for.
    """
    if if_match is not None and not _names(if_match, etag_of(version), weak=False):
        raise FailedPrecondition(
            "It has changed meanwhile. Read it again, then decide.", details={"reason": "version", "version": version}
        )


def _names(header: str, tag: str, *, weak: bool) -> bool:
    given = [one.strip() for one in header.split(",")]
    return given == ["*"] or tag in given or (weak and f"W/{tag}" in given)
