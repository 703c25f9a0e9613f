"""What people send about recordings, and what they get: one Struct each, at both doors."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from common.decoding import Id, Request
from common.persons import UserId
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE
from serve_app.edge.operation import Repeatable

MeetingId = Id
RecordingId = Id
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\A[^\0]*\Z")]
TextVersion = Annotated[str, Meta(min_length=1, max_length=64)]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]


class StartRecordingRequest(Request, Repeatable, frozen=True, kw_only=True):
    """Ask everybody in a meeting whether it may be recorded."""

    meeting_id: MeetingId
    audio_only: bool = False


class AnswerRecordingConsent(Request, Repeatable, frozen=True, kw_only=True):
    """One's own answer."""

    recording_id: RecordingId
    granted: bool
    text_version: TextVersion


class OfRunningRecording(Request, Repeatable, frozen=True, kw_only=True):
    """The recording that runs in a meeting."""

    meeting_id: MeetingId


class ListRecordings(Request, frozen=True, kw_only=True):
    """Those of a meeting."""

    meeting_id: MeetingId
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE


class OfRecording(Request, frozen=True, kw_only=True):
    """One recording."""

    recording_id: RecordingId


class HoldRecording(Request, Repeatable, frozen=True, kw_only=True):
    """Keep it, whatever becomes due; or not any more."""

    recording_id: RecordingId
    held: bool
    reason: Reason


class DeleteRecording(Request, frozen=True, kw_only=True):
    """Destroy it."""

    recording_id: RecordingId
    reason: Reason | None = None


class ShownLook(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has looked at it, or changed what becomes of it."""

    at: str
    by: UserId
    action: str
    track_id: str | UnsetType = UNSET
    from_byte: int | UnsetType = UNSET
    to_byte: int | UnsetType = UNSET


class AccessReply(msgspec.Struct, frozen=True, kw_only=True):
    """All looks, the newest first."""

    access: list[ShownLook]
