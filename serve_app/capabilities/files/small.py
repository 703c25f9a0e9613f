"""`POST /api/files?name=`: a small file in one request."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from actors.kernel.contract.entity import Principal
from common.clock import Clock
from common.errors import PayloadTooLarge
from common.ids import ID_PATTERN, new_id
from serve_app.capabilities.files.metrics import FilesMetrics
from serve_app.capabilities.files.quota import FileQuota
from serve_app.capabilities.files.requests import FileReply
from serve_app.capabilities.files.service import Files, UploadMetadata
from serve_app.capabilities.files.tus.headers import clean_name
from serve_app.edge.conventions.permits import permit
from serve_app.edge.conventions.readings import tells
from store.ports.blobs import Blobs

PATH: Final = "/api/files"
LARGEST: Final = 8 << 20
_ROOM: Final = f"^({ID_PATTERN.strip('^$')})?$"  # or none


class SmallFiles:
    """One a process."""

    def __init__(self, files: Files, blobs: Blobs, quota: FileQuota, metrics: FilesMetrics, clock: Clock) -> None:
        self._files, self._blobs, self._quota = files, blobs, quota
        self._metrics, self._clock = metrics, clock

    async def take(self, request: Request, by: Principal, name: str, told: UploadMetadata) -> FileReply:
        """Store the body, and begin a file of it. Raises InvalidArgument, PayloadTooLarge."""
        name, most = clean_name(name), min(LARGEST, self._quota.settings.max_bytes)
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > most:
            raise _too_large(most)
        await self._quota.check(by.user, int(declared) if declared.isdigit() else 0)
        file_id = new_id("file", self._clock.now_ms())
        await self._blobs.create(file_id, by.user)
        try:
            size = await self._blobs.append(file_id, 0, self._metrics.coming(_bounded(request, most)))
            await self._blobs.finish(file_id)
        except BaseException:
            await self._blobs.delete(file_id)
            raise
        trace = request.scope.get("request_id", "")
        begun = await self._files.begin(file_id, file_id, owner=by.user, name=name, size=size, told=told, trace=trace)
        return FileReply(file=begun)


def small_routes(small: SmallFiles) -> APIRouter:
    """The route."""
    router = APIRouter(tags=["files"])

    @router.post(
        PATH,
        operation_id="upload_file",
        status_code=201,
        openapi_extra={
            "requestBody": {
                "required": False,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
        response_class=Response,
        responses={201: {"description": "The file."}, 413: {}},
    )
    @tells(FileReply)
    async def upload(
        request: Request,
        by: Annotated[Principal, permit("file.upload")],
        name: Annotated[str, Query(max_length=1024)] = "",
        room_id: Annotated[str, Query(pattern=_ROOM)] = "",
        sha256: Annotated[str, Query(pattern="^([0-9a-fA-F]{64})?$")] = "",
    ) -> Response:
        """A small file, at most 8 MiB, as the body. Larger ones by tus, at `/api/files/uploads`."""
        told = UploadMetadata(type=_type_of(request), sha256=sha256.lower(), room=room_id)
        made = await small.take(request, by, name, told)
        return Response(msgspec.json.encode(made), 201, media_type="application/json")

    return router


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()[:128]


async def _bounded(request: Request, most: int) -> AsyncIterator[bytes]:
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if taken > most:
            raise _too_large(most)
        yield piece


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"This is for files of at most {most} bytes. Send larger ones by tus.", details={"limit": most}
    )
