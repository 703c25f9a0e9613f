"""Documents that many ask for and that seldom change: encoded once, compressed once, not sent to who has them.

ETags and `If-None-Match` as in RFC 9110, 8.8.3 and 13.1.2: each encoding has a tag of its own.
"""

import gzip
import hashlib
from functools import cached_property
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_WORTH_IT: Final = 1024  # bytes below which compression saves nothing
_LEVEL: Final = 6


class DescribedDocument:
    """Bytes of one type. `max_age_s`: how long a client may use them without asking again."""

    def __init__(self, body: bytes, media_type: str, *, max_age_s: int = 0) -> None:
        self.body = body
        self._media_type = media_type
        self._cache = f"public, max-age={max_age_s}" if max_age_s else "no-cache"
        self._digest = hashlib.sha256(body).hexdigest()[:32]

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self.body, _LEVEL, mtime=0)

    def answer(self, request: Request) -> Response:
        """The document as the client wants it, or 304 when it has it."""
        zipped = len(self.body) >= _WORTH_IT and takes_gzip(request.headers.get("accept-encoding", ""))
        etag = f'"{self._digest}-gzip"' if zipped else f'"{self._digest}"'
        headers = {"ETag": etag, "Cache-Control": self._cache, "Vary": "Accept-Encoding"}
        if _has(request, etag):
            return Response(status_code=304, headers=headers)
        if zipped:
            headers["Content-Encoding"] = "gzip"
        return Response(self._compressed if zipped else self.body, headers=headers, media_type=self._media_type)


def takes_gzip(accept_encoding: str) -> bool:
    """Does this `Accept-Encoding` allow gzip (RFC 9110, 12.5.3)?"""
    for coding, _, parameters in (part.strip().lower().partition(";") for part in accept_encoding.split(",")):
        if coding.strip() in ("gzip", "x-gzip"):
            name, _, weight = parameters.replace(" ", "").partition("=")
            return not (name == "q" and weight.rstrip("0") in ("0.", "0", ""))
    return False


def _has(request: Request, etag: str) -> bool:
    given = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in given or given == ["*"]
