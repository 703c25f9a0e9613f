"""Meetings as people see them. What doors answer with it: `replies.py`."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from actors.meetings.state import (
    Answer,
    Config,
    Integrity,
    MeetingKindName,
    Provider,
    Record,
    Recording,
    RecordingStatus,
    Role,
    Seat,
    SeatState,
    Source,
    Status,
)
from common.clock import to_rfc3339
from common.persons import OtherId, UserId

Shows = Literal["on", "off", "muted", "stalled"]


class ShownConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How it is held."""

    provider: Literal["auto", "mesh", "sfu", "jitsi", "livekit"]
    lobby: Literal["off", "until_host", "always"]
    locked: bool
    screen_sharing: Literal["host", "granted", "everyone"]
    unmute: Literal["self", "ask"]
    names: Literal["names", "aliases"]
    max_participants: int
    relay_only: bool
    e2ee: bool
    recording: Literal["off", "consent"]
    recording_access: Literal["host", "participants"]
    fallback: bool


class ShownConsent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said to a recording."""

    participant_id: str
    answer: Answer
    text_version: str
    at: str | UnsetType = UNSET


class ShownGap(msgspec.Struct, frozen=True, kw_only=True):
    """Of this span nothing was kept."""

    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    reason: str


class ShownTrack(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of one source. `readable` false: whom it showed is erased."""

    track_id: OtherId
    participant_id: str
    source: Source
    codec: Literal["opus", "VP8"]
    container: Literal["webm"]
    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    bytes: int
    sha256: str
    gaps: list[ShownGap]
    readable: bool


class ShownRecording(msgspec.Struct, frozen=True, kw_only=True):
    """A recording, as everybody in it sees it while it runs. What was kept is told by `get_recording`."""

    id: str
    meeting_id: str
    status: RecordingStatus
    by: str
    audio_only: bool
    consents: list[ShownConsent]
    tracks: list[ShownTrack]
    integrity: Integrity
    held: bool
    reason: str | UnsetType = UNSET
    started_at: str | UnsetType = UNSET
    stopped_at: str | UnsetType = UNSET
    duration_s: int | UnsetType = UNSET


class ShownMeeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting, for one who may see it. `people` is missing for those who are not to know who else comes."""

    id: str
    kind: MeetingKindName
    host_id: UserId
    start: str
    end: str
    opens_at: str
    closes_at: str
    status: Status
    provider: Provider | None
    epoch: int
    config: ShownConfig
    elapsed_s: int
    recording: ShownRecording | None
    seq: int
    version: int
    created_at: str
    updated_at: str
    title: str | UnsetType = UNSET
    booking_id: str | UnsetType = UNSET
    people: list[UserId] | UnsetType = UNSET
    started_at: str | UnsetType = UNSET
    ended_at: str | UnsetType = UNSET
    end_reason: str | UnsetType = UNSET


class ShownQuality(msgspec.Struct, frozen=True):
    """How it is for somebody."""

    score: int
    level: Literal["excellent", "good", "poor", "lost"]
    cause: Literal["none", "uplink", "downlink", "cpu", "relay"]


class ShownParticipant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's place. `user_id` is missing where guests do not know each other."""

    participant_id: str
    display_name: str
    role: Role
    state: SeatState
    microphone: Shows
    camera: Shows
    screen: Literal["on", "off"]
    may_share: bool
    connected_s: int
    user_id: UserId | UnsetType = UNSET
    quality: ShownQuality | UnsetType = UNSET
    joined_at: str | UnsetType = UNSET


def at_of(ms: int) -> str | UnsetType:
    """A moment; none where there was none."""
    return to_rfc3339(ms) if ms else UNSET


def _or_unset(text: str) -> str | UnsetType:
    return text or UNSET


def shown_meeting(record: Record, seq: int, now_ms: int, *, people: tuple[str, ...] | None) -> ShownMeeting:
    """`people`: those whom the reader may know; None: nobody."""
    window = record.window
    return ShownMeeting(
        id=record.id,
        kind=record.kind,
        host_id=record.host,
        start=to_rfc3339(window.start),
        end=to_rfc3339(window.end),
        opens_at=to_rfc3339(window.opens_at),
        closes_at=to_rfc3339(window.closes_at),
        status=record.status,
        provider=record.media.provider,
        epoch=record.media.epoch,
        config=config_shown(record.config),
        elapsed_s=elapsed_s(record, now_ms),
        recording=None if record.recording is None else shown_recording(record.id, record.recording),
        seq=seq,
        version=seq,
        created_at=to_rfc3339(record.created),
        updated_at=to_rfc3339(record.updated or record.created),
        title=_or_unset(record.title),
        booking_id=_or_unset(record.booking),
        people=UNSET if people is None else list(people),
        started_at=at_of(record.started),
        ended_at=at_of(record.ended),
        end_reason=_or_unset(record.end_reason),
    )


def config_shown(config: Config) -> ShownConfig:
    """With the names of its members."""
    return ShownConfig(**msgspec.structs.asdict(config))


def elapsed_s(record: Record, now_ms: int) -> int:
    """Since it began, or how long it was."""
    return ((record.ended or now_ms) - record.started) // 1000 if record.started else 0


def shown_recording(meeting: str, recording: Recording) -> ShownRecording:
    """What everybody in it may know."""
    lasted = recording.stopped - recording.started if recording.started and recording.stopped else 0
    return ShownRecording(
        id=recording.id,
        meeting_id=meeting,
        status=recording.status,
        by=recording.by,
        audio_only=recording.audio_only,
        consents=[
            ShownConsent(
                participant_id=each.participant, answer=each.answer, text_version=each.text_version, at=at_of(each.at)
            )
            for each in recording.consents
        ],
        tracks=[],
        integrity=recording.integrity,
        held=False,
        reason=_or_unset(recording.reason),
        started_at=at_of(recording.started),
        stopped_at=at_of(recording.stopped),
        duration_s=lasted // 1000 if lasted else UNSET,
    )


def shown_participant(
    seat: Seat,
    name: str,
    connected_ms: int,
    *,
    may_share: bool,
    hidden: bool,
    quality: ShownQuality | UnsetType = UNSET,
) -> ShownParticipant:
    """`hidden`: who they are is nothing to the reader."""
    return ShownParticipant(
        participant_id=seat.participant,
        user_id=UNSET if hidden else seat.user,
        display_name=f"Guest {seat.alias}" if hidden else name or seat.user,
        role=seat.role,
        state=seat.state,
        microphone=_shows(seat, "microphone"),
        camera=_shows(seat, "camera"),
        screen="on" if "screen" in seat.on and "screen" not in seat.muted else "off",
        may_share=may_share,
        connected_s=connected_ms // 1000,
        quality=quality,
        joined_at=at_of(seat.joined),
    )


def _shows(seat: Seat, source: Source) -> Shows:
    if source in seat.muted:
        return "muted"
    if source not in seat.on:
        return "off"
    return "stalled" if source in seat.stalled and seat.state == "connected" else "on"
