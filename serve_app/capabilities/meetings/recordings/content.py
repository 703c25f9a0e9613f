"""The bytes of recordings. Whoever asks is judged at each request, and each look is on record before a byte leaves."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from actors.kernel.contract.entity import Principal
from actors.recordings.state import RecordingState, Track
from common.errors import NotFound
from common.lib.ranges import Range, Unsatisfiable, range_of
from serve_app.capabilities.meetings.recordings.manifests import blob_of
from serve_app.capabilities.meetings.recordings.service import Recordings
from serve_app.edge.api.problems import out_of_range
from serve_app.edge.conventions.permits import permit
from store.ports.blobs import Blobs

WHOLE: Final = "/api/recordings/{recording_id}/content"
TRACK: Final = "/api/recordings/{recording_id}/tracks/{track_id}/content"
MATROSKA: Final = "video/x-matroska"
_HEADERS: Final = {"Cache-Control": "private, no-store"}
Reader = Annotated[Principal, permit("recordings.content")]


class RecordingContent:
    """One a replica of the API."""

    def __init__(self, recordings: Recordings, blobs: Blobs) -> None:
        self._recordings, self._blobs = recordings, blobs

    async def track(self, request: Request, recording: str, track_id: str, by: Principal) -> Response:
        """One track, or a range of it.

        Raises:
            NotFound: there is none that they may read, or its key is gone.
            FailedPrecondition: it is not ready.
        """
        record = await self._recordings.readable(recording, by=by, trace=_trace(request))
        track = next((each for each in record.tracks if each.id == track_id), None)
        if track is None or not await self._recordings.is_readable(track):
            raise NotFound("There is no such track.")
        tag = f'"{track.sha256[:32]}"'
        headers = _HEADERS | {"ETag": tag, "Accept-Ranges": "bytes"}
        if request.headers.get("if-none-match") in (tag, "*"):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        try:
            wanted = range_of(_asked(request, tag), track.bytes)
        except Unsatisfiable:
            return out_of_range(request, track.bytes)
        return await self._bytes(request=request, record=record, track=track, wanted=wanted, headers=headers, by=by)

    async def _bytes(
        self,
        request: Request,
        record: RecordingState,
        track: Track,
        wanted: Range | None,
        headers: Mapping[str, str],
        by: Principal,
    ) -> Response:
        told, status = dict(headers), HTTPStatus.OK
        start, end = (0, track.bytes) if wanted is None else (wanted.start, wanted.end)
        if wanted is not None:
            told["Content-Range"], status = f"bytes {start}-{end - 1}/{track.bytes}", HTTPStatus.PARTIAL_CONTENT
        told["Content-Length"] = str(end - start)
        media_type = "audio/webm" if track.codec == "opus" else "video/webm"
        if request.method == "HEAD":
            return Response(status_code=status, headers=told, media_type=media_type)
        await self._recordings.looks.note(
            record.id,
            "read",
            by.user,
            by.role,
            track.user,
            trace=_trace(request),
            track=track.id,
            part=None if wanted is None else (start, end - 1),
        )
        return StreamingResponse(await self._blobs.read(blob_of(track.id), start, end), status, told, media_type)

    async def whole(self, request: Request, recording: str, by: Principal) -> Response:
        """All tracks that can still be read, in one file. Raises as `track` does."""
        record = await self._recordings.readable(recording, by=by, trace=_trace(request))
        tracks = [track for track in record.tracks if await self._recordings.is_readable(track)]
        if not tracks:
            raise NotFound("There is nothing to read in this recording.")
        if request.method == "HEAD":
            return Response(headers=_HEADERS, media_type=MATROSKA)
        await self._recordings.looks.note(record.id, "read", by.user, by.role, record.host, trace=_trace(request))
        from serve_app.capabilities.meetings.recordings.muxing import muxed  # who reads none pays for no PyAV

        pieces = await muxed(self._blobs, tracks, record.started or tracks[0].begin)
        return StreamingResponse(pieces, headers=_HEADERS, media_type=MATROSKA)


def content_routes(content: RecordingContent) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["recordings"])

    @router.get(
        TRACK,
        operation_id="get_recording_track_content",
        response_class=Response,
        responses={200: {"content": {"video/webm": {}}}, 206: {}, 304: {}, 404: {}, 412: {}, 416: {}},
    )
    @router.head(TRACK, include_in_schema=False)
    async def track(request: Request, recording_id: str, track_id: str, by: Reader) -> Response:
        """A track as WebM, or a range of it."""
        return await content.track(request, recording_id, track_id, by)

    @router.get(
        WHOLE,
        operation_id="get_recording_content",
        response_class=Response,
        responses={200: {"content": {MATROSKA: {}}}, 404: {}, 412: {}},
    )
    @router.head(WHOLE, include_in_schema=False)
    async def whole(request: Request, recording_id: str, by: Reader) -> Response:
        """All tracks on one clock in one Matroska file; nothing is transcoded."""
        return await content.whole(request, recording_id, by)

    return router


def _asked(request: Request, tag: str) -> str | None:
    """The range that counts: with `If-Range`, only of the same bytes."""
    condition = request.headers.get("if-range")
    return request.headers.get("range") if condition in (None, tag) else None


def _trace(request: Request) -> str:
    trace: str = request.scope.get("request_id", "")
    return trace
