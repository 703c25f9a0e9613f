"""The requests of tus, answered. Each answer names the version, refusals too."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from actors.kernel.contract.entity import Principal
from common.errors import CarewireError, Conflict, FailedPrecondition, InvalidArgument, PayloadTooLarge
from serve_app.capabilities.files.metrics import FilesMetrics
from serve_app.capabilities.files.quota import FileQuota
from serve_app.capabilities.files.tus import headers as said
from serve_app.capabilities.files.tus.refusals import CHECKSUM_MISMATCH, TusRefusal
from serve_app.capabilities.files.tus.uploads import Upload, Uploads
from serve_app.edge.api.problems import problem
from serve_app.edge.conventions.permits import permit

PATH: Final = "/api/files/uploads"
ACTION: Final = "file.upload"
LARGEST_CHECKED: Final = 32 << 20
"""Bytes of a request with a checksum: they are held until it is known whether they count."""
Who = Annotated[Principal, permit(ACTION)]
Answering = Callable[[], Awaitable[Response]]


def tus_routes(uploads: Uploads, quota: FileQuota, metrics: FilesMetrics) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)
    server = TusServer(uploads, quota, metrics)

    @router.options(PATH)
    @router.options(PATH + "/{upload_id}")
    async def options(request: Request, by: Who) -> Response:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=_OFFERED | {"Tus-Max-Size": str(server.largest)})

    @router.post(PATH)
    async def create(request: Request, by: Who) -> Response:
        return await _answered(request, partial(server.create, request, by))

    @router.post(PATH + "/{upload_id}")
    async def overridden(request: Request, upload_id: str, by: Who) -> Response:
        method = request.headers.get("x-http-method-override", "").upper()
        return await _answered(request, partial(server.other, method, request, upload_id, by))

    @router.patch(PATH + "/{upload_id}")
    async def patch(request: Request, upload_id: str, by: Who) -> Response:
        return await _answered(request, partial(server.other, "PATCH", request, upload_id, by))

    @router.head(PATH + "/{upload_id}")
    async def head(request: Request, upload_id: str, by: Who) -> Response:
        return await _answered(request, partial(server.other, "HEAD", request, upload_id, by))

    @router.delete(PATH + "/{upload_id}")
    async def delete(request: Request, upload_id: str, by: Who) -> Response:
        return await _answered(request, partial(server.other, "DELETE", request, upload_id, by))

    return router


class TusServer:
    """One a process."""

    def __init__(self, uploads: Uploads, quota: FileQuota, metrics: FilesMetrics) -> None:
        self._uploads, self._quota, self._metrics = uploads, quota, metrics

    @property
    def largest(self) -> int:
        """Bytes of the largest file."""
        return self._quota.settings.max_bytes

    async def create(self, request: Request, by: Principal) -> Response:
        """A new upload, with bytes of it where the request has any."""
        _check_version(request)
        length = self._length(request)
        told = said.metadata(request.headers)
        comes = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        if comes:
            _check_media_type(request)
        checked = said.checksum(request.headers)
        one = await self._uploads.create(by.user, length, told)
        answer = {"Location": f"{str(request.base_url).rstrip('/')}{PATH}/{one.id}", "Upload-Expires": one.expires}
        offset = await self._append(request, one, 0, checked) if comes else 0
        if comes:
            answer["Upload-Offset"] = str(offset)
        return await self._told(one=one, offset=offset, status=HTTPStatus.CREATED, answer=answer, request=request)

    async def other(self, method: str, request: Request, upload_id: str, by: Principal) -> Response:
        """A request about an upload."""
        _check_version(request)
        if method == "HEAD":
            return await self._head(request, await self._uploads.get(upload_id, by.user))
        if method == "PATCH":
            return await self._patch(request, upload_id, by)
        if method == "DELETE":
            await self._uploads.remove(await self._uploads.get(upload_id, by.user))
            return Response(status_code=HTTPStatus.NO_CONTENT)
        raise said.malformed("X-HTTP-Method-Override")

    async def _head(self, request: Request, one: Upload) -> Response:
        offset = await self._uploads.offset(one)
        answer = {"Upload-Offset": str(offset), "Cache-Control": "no-store"}
        if one.length is None:
            answer["Upload-Defer-Length"] = "1"
        else:
            answer["Upload-Length"] = str(one.length)
        return await self._told(one=one, offset=offset, status=HTTPStatus.OK, answer=answer, request=request)

    async def _patch(self, request: Request, upload_id: str, by: Principal) -> Response:
        _check_media_type(request)
        offset = said.number(request.headers, "upload-offset")
        if offset is None:
            raise said.malformed("Upload-Offset")
        checked = said.checksum(request.headers)
        one = await self._uploads.get(upload_id, by.user)
        if (length := said.number(request.headers, "upload-length")) is not None and length != one.length:
            one = await self._declared(one, length, offset)
        stored = await self._uploads.offset(one)
        if offset != stored:
            raise Conflict(f"Go on at {stored}.", details={"offset": stored})
        if offset != one.length:
            offset = await self._append(request, one, offset, checked)
        return await self._told(
            one=one, offset=offset, status=HTTPStatus.NO_CONTENT, answer={"Upload-Offset": str(offset)}, request=request
        )

    async def _declared(self, one: Upload, length: int, offset: int) -> Upload:
        if one.length is not None or length < offset:
            raise said.malformed("Upload-Length")
        self._quota.check_size(length)
        return await self._uploads.declare(one, length)

    async def _append(self, request: Request, one: Upload, offset: int, checked: said.Checksum | None) -> int:
        most = (self.largest if one.length is None else one.length) - offset
        comes = said.number(request.headers, "content-length")
        if comes is not None and comes > most:
            raise _too_long(most)
        source = self._metrics.coming(_bounded(request, most))
        if checked is not None:
            source = _once(await _whole(source, checked))
        return await self._uploads.append(one, offset, source)

    async def _told(
        self, one: Upload, offset: int, status: HTTPStatus, answer: Mapping[str, str], request: Request
    ) -> Response:
        """The answer; to the last byte, with the file."""
        told = dict(answer)
        if offset == one.length:
            one = await self._uploads.complete(one, request.scope.get("request_id", ""))
            told["Carewire-File"] = one.file
        elif "Upload-Expires" not in told:
            told["Upload-Expires"] = one.expires
        return Response(status_code=status, headers=told)

    def _length(self, request: Request) -> int | None:
        """What it declares; None: later."""
        length, deferred = said.number(request.headers, "upload-length"), request.headers.get("upload-defer-length")
        if (length is None) is (deferred is None) or deferred not in (None, "1"):
            raise said.malformed("Upload-Length")
        if length is not None:
            self._quota.check_size(length)
        return length


_OFFERED: Final = {
    "Tus-Resumable": said.VERSION,
    "Tus-Version": said.VERSION,
    "Tus-Extension": said.EXTENSIONS,
    "Tus-Checksum-Algorithm": ",".join(said.ALGORITHMS),
}


async def _answered(request: Request, answer: Answering) -> Response:
    """The answer, or the refusal, with the version."""
    try:
        response = await answer()
    except TusRefusal as refused:
        response = problem(refused.error, request, status=refused.status)
        if refused.status == HTTPStatus.PRECONDITION_FAILED:
            response.headers["Tus-Version"] = said.VERSION
    except CarewireError as error:
        response = problem(error, request)
    except ClientDisconnect:
        response = Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it
    response.headers["Tus-Resumable"] = said.VERSION
    return response


def _check_version(request: Request) -> None:
    if request.headers.getlist("tus-resumable") != [said.VERSION]:
        error = FailedPrecondition("Send Tus-Resumable: 1.0.0.", details={"field": "Tus-Resumable"})
        raise TusRefusal(error, HTTPStatus.PRECONDITION_FAILED)


def _check_media_type(request: Request) -> None:
    if request.headers.get("content-type") != said.MEDIA_TYPE:
        error = InvalidArgument(f"Send Content-Type: {said.MEDIA_TYPE}.", details={"field": "Content-Type"})
        raise TusRefusal(error, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


async def _bounded(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body. Raises PayloadTooLarge: there is more of it."""
    taken = 0
    async for piece in request.stream():
        left, taken = most - taken, taken + len(piece)
        if taken > most:
            yield piece[:left]
            raise _too_long(most)
        yield piece


async def _whole(source: AsyncIterator[bytes], checked: said.Checksum) -> bytes:
    """All of it, if its checksum fits. Raises Refused, PayloadTooLarge."""
    held = bytearray()
    async for piece in source:
        held += piece
        if len(held) > LARGEST_CHECKED:
            raise _too_long(LARGEST_CHECKED)
    if not checked.fits(held):
        error = InvalidArgument("These bytes do not fit their checksum.", details={"reason": "checksum"})
        raise TusRefusal(error, CHECKSUM_MISMATCH)
    return bytes(held)


async def _once(text: bytes) -> AsyncIterator[bytes]:
    if text:
        yield text


def _too_long(most: int) -> CarewireError:
    return PayloadTooLarge(f"There are at most {most} bytes to come.", details={"limit": most})
