"""What happens to a recording. Events are stored for ever: new members stand at the end, with defaults."""

from typing import Literal

from msgspec.structs import replace

from actors.kernel.contract.entity import Event
from actors.recordings.state import Integrity, RecordingState, Track

Change = Literal["followed", "held", "released"]


class RecordingKept(Event, frozen=True, kw_only=True, array_like=True, tag="kept"):
    """How it stands now."""

    change: Change
    recording: RecordingState


class RecordingFiled(Event, frozen=True, kw_only=True, array_like=True, tag="filed"):
    """All of it is stored, and looked through: its manifest."""

    meeting: str
    tracks: tuple[Track, ...]
    integrity: Integrity
    keep_until: int
    failed: str = ""


class RecordingDeleted(Event, frozen=True, kw_only=True, array_like=True, tag="deleted"):
    """It is no more: what keys there were are destroyed. `tracks` are the ids of what goes."""

    reason: str
    by: str
    tracks: tuple[str, ...]


RecordingEvent = RecordingKept | RecordingFiled | RecordingDeleted


def folded(record: RecordingState | None, event: RecordingEvent) -> RecordingState | None:
    """The recording with this event folded in. Never refuses."""
    if isinstance(event, RecordingKept):
        return event.recording
    if record is None:
        return None
    if isinstance(event, RecordingFiled):
        status = "failed" if event.failed else "ready"
        return replace(
            record,
            status=status,
            reason=event.failed or record.reason,
            tracks=event.tracks,
            integrity=event.integrity,
            keep_until=event.keep_until,
        )
    return replace(record, status="deleted", reason=event.reason, tracks=(), keep_until=0)
