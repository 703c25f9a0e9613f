"""ETags: answers that need not be sent again (`If-None-Match`), and changes that must not overwrite another's
(`If-Match`). RFC 9110, 8.8.3 and 13.1."""

import hashlib
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from config.errors import FailedPrecondition


def etag_of(body: bytes) -> str:
    """A strong tag of these bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def version_tag(version: int) -> str:
    """The tag of something that counts its versions."""
    return f'"v{version}"'


def tagged(request: Request, body: bytes, *, etag: str | None = None, media_type: str = "application/json") -> Response:
    """The answer, or 304 when the client has it. It may be kept, but must be asked for each time."""
    etag = etag or etag_of(body)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if any(_weak(etag) == _weak(given) or given == "*" for given in _tags(request, "if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def require_match(request: Request, etag: str) -> None:
    """Refuse a change that was made for another version than `etag`. Without `If-Match`, anything goes.

    Raises:
        FailedPrecondition: it has changed meanwhile.
    """
    given = list(_tags(request, "if-match"))
    if given and etag not in given and "*" not in given:
        raise FailedPrecondition("It has changed meanwhile. Read it again, then send your change.")


def _tags(request: Request, header: str) -> Iterator[str]:
    return (tag.strip() for tag in request.headers.get(header, "").split(",") if tag.strip())


def _weak(tag: str) -> str:
    return tag.removeprefix("W/")
