"""Bodies that stream in while their answers stream out (NDJSON), and those that are files."""

import re
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

MEDIA_TYPE: Final = "application/x-ndjson"
STREAMED_PATHS: Final = frozenset({"/api/notifications/bulk"})
"""Where such a body may be as long as the operation lets it be."""

UPLOADS_PATH: Final = "/api/files/uploads"
UPLOAD_PATH: Final = "/api/files"
_CONTENT: Final = re.compile(r"/api/files/[^/]+/content|/f/[^/]+")


def is_upload(scope: Scope) -> bool:
    """Are the bytes of a file the body of this request? Whoever takes them bounds them."""
    path: str = scope["path"]
    if path == UPLOADS_PATH or path.startswith(f"{UPLOADS_PATH}/"):
        return scope["method"] in ("POST", "PATCH")
    return path == UPLOAD_PATH and scope["method"] == "POST"


def is_resumable(scope: Scope) -> bool:
    """Is this a request of tus, which knows repeats by itself?"""
    path: str = scope["path"]
    return path == UPLOADS_PATH or path.startswith(f"{UPLOADS_PATH}/")


def is_content(path: str) -> bool:
    """Are the bytes of a file the answer?"""
    return _CONTENT.fullmatch(path) is not None


def is_ndjson(scope: Scope) -> bool:
    """Is the body of this request NDJSON?"""
    told = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return bool(told.partition(b";")[0].strip().lower() == MEDIA_TYPE.encode())


class Streamed(Response):
    """An answer that is sent as it comes, while the request is still read: nobody else may read from it meanwhile, so
    it does not listen for the end of the connection. A client that has gone is noticed by what is read or sent."""

    media_type = MEDIA_TYPE

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        super().__init__(headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._chunks = chunks

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
