"""The bytes of files: by token, or by link. Whoever asks is judged at each request, at each range too."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from actors.files.records import BLURRED, FileRecord
from actors.kernel.contract.entity import Principal
from common.errors import FailedPrecondition, NotFound
from common.lib.ranges import Range, Unsatisfiable, range_of
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.files.metrics import FilesMetrics
from serve_app.capabilities.files.reading.held import HeldFiles
from serve_app.capabilities.files.reading.links import PATH as LINKS
from serve_app.capabilities.files.reading.links import FileLinks
from serve_app.capabilities.files.reading.names import content_type, disposition
from serve_app.capabilities.files.sight import FileSight, VisibleFile
from serve_app.edge.api.problems import out_of_range
from serve_app.edge.conventions.permits import permit
from store.ports.blobs import Blobs

PATH: Final = "/api/files/{file_id}/content"
_HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Accept-Ranges": "bytes",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
ORIGINAL: Final = "original"
"""What was uploaded, with all that it tells: its owner gets it, where it is kept."""
Variant = Literal["256", "1280", "original"]


@dataclass(frozen=True, slots=True)
class ContentPart:
    """What somebody gets of a file. `length` in bytes, where its record tells; 0: its blob has to be asked."""

    blob: str
    type: str
    tag: str
    length: int = 0


class FileContent:
    """One a process. `blobs`: where the bytes are."""

    def __init__(
        self,
        sight: FileSight,
        held: HeldFiles,
        blobs: Blobs,
        links: FileLinks,
        audit: AuditRecord,
        metrics: FilesMetrics,
    ) -> None:
        self._sight, self._held, self._blobs, self._links = sight, held, blobs, links
        self._audit, self._metrics = audit, metrics

    async def by_token(self, request: Request, file_id: str, variant: str | None, by: Principal) -> Response:
        """Raises NotFound: none for them. FailedPrecondition: not ready."""
        seen = await self._sight.of(file_id, by, _trace(request))
        if by.role != "client" and by.user != seen.record.owner and request.headers.get("range") is None:
            entry = AuditEntry(
                "file.read", by.user, seen.record.owner, role=by.role, resource=file_id, request=_trace(request)
            )
            await self._audit.append(entry)
        return await self._answer(request, part_of(seen, variant or ""), seen.name, attached=False)

    async def by_link(self, request: Request, token: str) -> Response:
        """Raises NotFound: the link is not good, or whoever made it sees the file no more."""
        granted = self._links.read(token)
        if (kept := await self._held.under(granted)) is not None:
            part = ContentPart(kept.blob, kept.type or "application/octet-stream", f'"{kept.id}"')
            return await self._answer(request, part, kept.id, attached=True)
        seen = await self._sight.of(granted.file, Principal(granted.user, granted.role), _trace(request))
        return await self._answer(request, part_of(seen, granted.variant), seen.name, attached=granted.attached)

    async def _answer(self, request: Request, part: ContentPart, name: str, *, attached: bool) -> Response:
        headers = _HEADERS | {
            "ETag": part.tag,
            "Content-Disposition": disposition(name, part.type, attached=attached),
        }
        if request.headers.get("if-none-match") in (part.tag, "*"):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        length = part.length or (await self._blobs.state(part.blob)).length
        try:
            wanted = range_of(_asked(request, part.tag), length)
        except Unsatisfiable:
            return out_of_range(request, length)
        return await self._bytes(request=request, part=part, wanted=wanted, length=length, headers=headers)

    async def _bytes(
        self, request: Request, part: ContentPart, wanted: Range | None, length: int, headers: Mapping[str, str]
    ) -> Response:
        told, status = dict(headers), HTTPStatus.OK
        start, end = (0, length) if wanted is None else (wanted.start, wanted.end)
        if wanted is not None:
            told["Content-Range"], status = f"bytes {start}-{end - 1}/{length}", HTTPStatus.PARTIAL_CONTENT
        told["Content-Length"] = str(end - start)
        media_type = content_type(part.type)
        if request.method == "HEAD":
            return Response(status_code=status, headers=told, media_type=media_type)
        pieces = await self._blobs.read(part.blob, start, end)
        return StreamingResponse(self._metrics.going(pieces), status, told, media_type)


def part_of(seen: VisibleFile, variant: str) -> ContentPart:
    """What they get. Of a picture that they have not accepted: a blurred one, whatever they ask for.

    Raises:
        FailedPrecondition: the file is not ready.
        NotFound: there is no such variant.
    """
    record = seen.record
    if record.state != "ready":
        raise FailedPrecondition("This file is not ready.", details={"state": record.state})
    named = BLURRED if seen.blurred else variant
    if named == ORIGINAL:
        if not record.original or not seen.owned:
            raise NotFound("There is no such variant of this file.", file=record.id)
        return ContentPart(record.original, record.claimed or record.type, _tag(record, named))
    if not named:
        return ContentPart(record.blob, record.type, _tag(record, ""), record.size)
    blob = record.picture.variants.get(named) if record.picture is not None else None
    if blob is None:
        raise NotFound("There is no such variant of this file.", file=record.id)
    return ContentPart(blob, "image/jpeg" if named == BLURRED else _variant_type(record), _tag(record, named))


def content_routes(content: FileContent) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["files"])

    @router.get(
        PATH,
        operation_id="get_file_content",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}}, 206: {}, 304: {}, 404: {}, 412: {}, 416: {}},
    )
    @router.head(PATH, include_in_schema=False)
    async def by_token(
        request: Request,
        file_id: str,
        by: Annotated[Principal, permit("file.content")],
        variant: Annotated[Variant | None, Query(description="Of a picture: its longer side, at most.")] = None,
    ) -> Response:
        """The bytes, or a range of them."""
        return await content.by_token(request, file_id, variant, by)

    @router.get(LINKS + "{token}", include_in_schema=False)
    @router.head(LINKS + "{token}", include_in_schema=False)
    async def by_link(request: Request, token: str) -> Response:
        return await content.by_link(request, token)

    return router


def _asked(request: Request, tag: str) -> str | None:
    """The range that counts: with `If-Range`, only of the same bytes."""
    condition = request.headers.get("if-range")
    return request.headers.get("range") if condition in (None, tag) else None


def _variant_type(record: FileRecord) -> str:
    """Pictures that may be seen through stay so."""
    return "image/jpeg" if record.type == "image/jpeg" else "image/webp"


def _tag(record: FileRecord, variant: str) -> str:
    return f'"{record.sha256[:32]}{f"-{variant}" if variant else ""}"'


def _trace(request: Request) -> str:
    trace: str = request.scope.get("request_id", "")
    return trace
