"""A recording as people see it."""

import msgspec
from msgspec import UNSET, UnsetType

from actors.recordings.state import Answer, Integrity, RecordingState, Source, Status, StreamGap, Track
from common.clock import to_rfc3339


class RecordingConsent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said to it."""

    participant_id: str
    answer: Answer
    text_version: str
    at: str | UnsetType = UNSET


class RecordingGap(msgspec.Struct, frozen=True, kw_only=True, rename={"begin": "from", "end": "to"}):
    """Something is missing."""

    begin: str
    end: str
    reason: str


class RecordingTrack(msgspec.Struct, frozen=True, kw_only=True, rename={"begin": "from", "end": "to"}):
    """A microphone, a camera or a screen of somebody. `readable` is false once they were erased."""

    track_id: str
    participant_id: str
    source: Source
    codec: str
    container: str
    begin: str
    end: str
    bytes: int
    sha256: str
    gaps: list[RecordingGap]
    readable: bool


class WholeRecording(msgspec.Struct, frozen=True, kw_only=True):
    """A recording, whole."""

    id: str
    meeting_id: str
    status: Status
    by: str
    audio_only: bool
    consents: list[RecordingConsent]
    tracks: list[RecordingTrack]
    integrity: Integrity
    held: bool
    reason: str | UnsetType = UNSET
    started_at: str | UnsetType = UNSET
    stopped_at: str | UnsetType = UNSET
    duration_s: float | UnsetType = UNSET
    keep_until: str | UnsetType = UNSET


class RecordingReply(msgspec.Struct, frozen=True, kw_only=True):
    """A recording, as it is by now."""

    recording: WholeRecording


class RecordingPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Recordings, the newest first."""

    recordings: list[WholeRecording]
    next_cursor: str | None = None


def shown(record: RecordingState, unreadable: frozenset[str] = frozenset()) -> WholeRecording:
    """As it is shown; `unreadable` are the ids of tracks whose key is gone."""
    lasted = record.stopped - record.started if record.started and record.stopped else 0
    return WholeRecording(
        id=record.id,
        meeting_id=record.meeting,
        status=record.status,
        by=record.by,
        audio_only=record.audio_only,
        consents=[
            RecordingConsent(
                participant_id=each.participant, answer=each.answer, text_version=each.text_version, at=_at(each.at)
            )
            for each in record.consents
        ],
        tracks=[_track(track, readable=track.id not in unreadable) for track in record.tracks],
        integrity=record.integrity,
        held=record.held,
        reason=record.reason or UNSET,
        started_at=_at(record.started),
        stopped_at=_at(record.stopped),
        duration_s=lasted / 1000 if lasted else UNSET,
        keep_until=_at(record.keep_until),
    )


def _track(track: Track, *, readable: bool) -> RecordingTrack:
    return RecordingTrack(
        track_id=track.id,
        participant_id=track.participant,
        source=track.source,
        codec=track.codec,
        container="webm",
        begin=to_rfc3339(track.begin),
        end=to_rfc3339(track.end),
        bytes=track.bytes,
        sha256=track.sha256,
        gaps=[_gap(gap) for gap in track.gaps],
        readable=readable,
    )


def _gap(gap: StreamGap) -> RecordingGap:
    return RecordingGap(begin=to_rfc3339(gap.begin), end=to_rfc3339(gap.end), reason=gap.reason)


def _at(ms: int) -> str | UnsetType:
    return to_rfc3339(ms) if ms else UNSET
