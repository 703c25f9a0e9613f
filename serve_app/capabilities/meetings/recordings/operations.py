"""Every operation of recordings."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import UNSET

from actors.recordings.shown import RecordingPage, RecordingReply
from actors.recordings.state import RecordingState
from common.clock import to_rfc3339
from common.errors import CarewireError, Conflict, FailedPrecondition, NotFound
from serve_app.capabilities.meetings.recordings import requests
from serve_app.capabilities.meetings.recordings.service import Recordings
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result
from store.mongo.client import Document

_TAG: Final = "recordings"
_OF_MEETING: Final = "/api/meetings/{meeting_id}/recordings"
_ONE: Final = "/api/recordings/{recording_id}"
_REFUSES: Final[tuple[type[CarewireError], ...]] = (Conflict, FailedPrecondition, NotFound)
_MEETING: Final = "mtg_01KAFZ00000000000000000000"
_RECORDING: Final = "rec_01KAFZ00000000000000000000"
_AT: Final = "2026-11-20T09:30:00.000Z"
RECORDING: Final[dict[str, Any]] = {
    "id": _RECORDING,
    "meeting_id": _MEETING,
    "status": "ready",
    "by": "prt_01KAFZ00000000000000000000",
    "audio_only": False,
    "consents": [
        {
            "participant_id": "prt_01KAFZ00000000000000000000",
            "answer": "granted",
            "text_version": "1",
            "at": _AT,
        }
    ],
    "tracks": [
        {
            "track_id": "trk_01KAFZ00000000000000000000",
            "participant_id": "prt_01KAFZ00000000000000000000",
            "source": "microphone",
            "codec": "opus",
            "container": "webm",
            "from": _AT,
            "to": "2026-11-20T10:20:00.000Z",
            "bytes": 12_000_000,
            "sha256": "9f" * 32,
            "gaps": [],
            "readable": True,
        }
    ],
    "integrity": "verified",
    "held": False,
    "started_at": _AT,
    "stopped_at": "2026-11-20T10:20:00.000Z",
    "duration_s": 3000.0,
    "keep_until": "2026-12-20T10:20:00.000Z",
}
_CONSENTING: Final = {
    "recording": {
        **{name: RECORDING[name] for name in ("id", "meeting_id", "by", "audio_only", "held")},
        "status": "consenting",
        "consents": [{"participant_id": "prt_01KAFZ00000000000000000000", "answer": "pending", "text_version": "1"}],
        "tracks": [],
        "integrity": "pending",
    }
}


class RecordingOperations:
    """One a process."""

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._during()
        yield from self._reading()
        yield from self._keeping()

    async def _said(self, record: RecordingState) -> Result:
        """Of its people it names the places that they had in the meeting, so they are told beside it."""
        return Result(RecordingReply(recording=await self._recordings.shown(record)), persons=_people(record))

    def _during(self) -> Iterator[Operation[Any]]:
        async def start(request: requests.StartRecordingRequest, caller: Caller) -> Result:
            made = await self._recordings.start(
                request.meeting_id, audio_only=request.audio_only, by=caller.by, trace=caller.trace
            )
            return await self._said(made)

        async def answer(request: requests.AnswerRecordingConsent, caller: Caller) -> Result:
            made = await self._recordings.answer(
                request.recording_id,
                granted=request.granted,
                text_version=request.text_version,
                by=caller.by,
                trace=caller.trace,
            )
            return await self._said(made)

        async def stop(request: requests.OfRunningRecording, caller: Caller) -> Result:
            return await self._said(await self._recordings.stop(request.meeting_id, by=caller.by, trace=caller.trace))

        yield Operation(
            name="start_recording",
            action="recording.start",
            request=requests.StartRecordingRequest,
            call=start,
            rest=Rest("POST", _OF_MEETING, status=201, tag=_TAG),
            limit="write",
            response=RecordingReply,
            resource=("meeting_id",),
            refuses=_REFUSES,
            example=Example({"meeting_id": _MEETING}, _CONSENTING),
            description="Ask everybody in the meeting whether it may be recorded. Nothing is kept before all who are "
            "connected have agreed; one refusal, or silence, and nothing is. For host and cohosts.",
        )
        yield Operation(
            name="answer_recording_consent",
            action="recording.consent",
            request=requests.AnswerRecordingConsent,
            call=answer,
            rest=Rest("POST", f"{_ONE}/consent", tag=_TAG),
            limit="write",
            response=RecordingReply,
            resource=("recording_id",),
            refuses=_REFUSES,
            example=Example({"recording_id": _RECORDING, "granted": True, "text_version": "1"}, _CONSENTING),
            description="Answer for oneself, to the words that were shown. `granted: false` while it runs takes a "
            "consent back, and ends the recording at once.",
        )
        yield Operation(
            name="stop_recording",
            action="recording.stop",
            request=requests.OfRunningRecording,
            call=stop,
            rest=Rest("POST", f"{_OF_MEETING}/stop", tag=_TAG),
            limit="write",
            response=RecordingReply,
            resource=("meeting_id",),
            refuses=_REFUSES,
            example=Example({"meeting_id": _MEETING}, {"recording": RECORDING}),
            description="Keep nothing more. What there is becomes `ready` within seconds. For host and cohosts.",
        )

    def _reading(self) -> Iterator[Operation[Any]]:
        async def page(request: requests.ListRecordings, caller: Caller) -> Result:
            after = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
            found = await self._recordings.page(
                request.meeting_id, after=after, limit=request.limit, by=caller.by, trace=caller.trace
            )
            body = RecordingPage(
                recordings=[await self._recordings.shown(one) for one in found.recordings],
                next_cursor=None if found.next is None else encode_cursor(found.next),
            )
            return Result(body, persons=sorted({user for one in found.recordings for user in _people(one)}))

        async def get(request: requests.OfRecording, caller: Caller) -> Result:
            return await self._said(await self._recordings.look(request.recording_id, by=caller.by, trace=caller.trace))

        async def access(request: requests.OfRecording, caller: Caller) -> requests.AccessReply:
            looks = await self._recordings.access(request.recording_id, by=caller.by)
            return requests.AccessReply(access=[_look(each) for each in looks])

        for name in ("list_recordings", "get_recordings"):
            yield Operation(
                name=name,
                action="recording.read",
                request=requests.ListRecordings,
                call=page,
                rest=Rest("GET", _OF_MEETING, tag=_TAG) if name == "list_recordings" else None,
                limit="read",
                response=RecordingPage,
                resource=("meeting_id",),
                refuses=(NotFound,),
                example=Example({"meeting_id": _MEETING}, {"recordings": [RECORDING]}),
                description="Recordings of a meeting that the caller may read, the newest first."
                + (" Another name of `list_recordings`." if name != "list_recordings" else ""),
            )
        yield Operation(
            name="get_recording",
            action="recording.read",
            request=requests.OfRecording,
            call=get,
            rest=Rest("GET", _ONE, tag=_TAG),
            limit="read",
            response=RecordingReply,
            resource=("recording_id",),
            refuses=(NotFound,),
            example=Example({"recording_id": _RECORDING}, {"recording": RECORDING}),
            description="One recording with its tracks. For the host; where its meeting says so, for each who is in "
            "it; for administrators under a break-glass grant.",
        )
        yield Operation(
            name="recording_access",
            action="recording.access",
            request=requests.OfRecording,
            call=access,
            rest=Rest("GET", f"{_ONE}/access", tag=_TAG),
            limit="read",
            response=requests.AccessReply,
            resource=("recording_id",),
            refuses=(NotFound,),
            example=Example({"recording_id": _RECORDING}, {"access": [{"at": _AT, "by": "usr_ada", "action": "read"}]}),
            description="Who has looked at a recording, and when. For the host and each who is in it.",
        )

    def _keeping(self) -> Iterator[Operation[Any]]:
        async def hold(request: requests.HoldRecording, caller: Caller) -> Result:
            made = await self._recordings.hold(
                request.recording_id, held=request.held, reason=request.reason, by=caller.by, trace=caller.trace
            )
            return await self._said(made)

        async def delete(request: requests.DeleteRecording, caller: Caller) -> Result:
            made = await self._recordings.delete(
                request.recording_id, reason=request.reason or "", by=caller.by, trace=caller.trace
            )
            return await self._said(made)

        yield Operation(
            name="hold_recording",
            action="recording.hold",
            request=requests.HoldRecording,
            call=hold,
            rest=Rest("POST", f"{_ONE}/hold", tag=_TAG),
            limit="write",
            response=RecordingReply,
            resource=("recording_id",),
            refuses=_REFUSES,
            example=Example(
                {"recording_id": _RECORDING, "held": True, "reason": "A complaint."},
                {"recording": {**RECORDING, "held": True}},
            ),
            description="Keep a recording, whatever becomes due; or not any more. For the host and administrators.",
        )
        yield Operation(
            name="delete_recording",
            action="recording.delete",
            request=requests.DeleteRecording,
            call=delete,
            rest=Rest("DELETE", _ONE, tag=_TAG),
            limit="write",
            response=RecordingReply,
            resource=("recording_id",),
            refuses=_REFUSES,
            example=Example(
                {"recording_id": _RECORDING},
                {"recording": {**RECORDING, "status": "deleted", "reason": "deleted", "tracks": []}},
            ),
            description="Destroy a recording: its keys first. One that is held is refused. For the host and "
            "administrators.",
        )


def _people(record: RecordingState) -> list[str]:
    return sorted(record.shown | {record.host})


def _look(row: Document) -> requests.ShownLook:
    return requests.ShownLook(
        at=to_rfc3339(int(row["at"])),
        by=row["by"],
        action=row["action"],
        track_id=row.get("track", UNSET),
        from_byte=row.get("from", UNSET),
        to_byte=row.get("to", UNSET),
    )
