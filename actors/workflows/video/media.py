"""What follows from events of meetings and of recordings for one another: a recording hears from its meeting how it
stands, and says when all of it is stored, and when it is no more."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.meetings.events import RecordingChanged
from actors.meetings.reports import RecorderSays
from actors.recordings.commands import Follow
from actors.recordings.events import RecordingDeleted, RecordingFiled
from actors.recordings.state import ParticipantConsent

_pack: Final = msgspec.msgpack.Encoder().encode


def follow_recording(entity_id: str, recorded: Recorded[RecordingChanged]) -> Owed:
    """The recording itself: how it stands, who is in it."""
    event, one = recorded.event, recorded.event.recording
    if one.status in ("ready", "failed", "deleted"):
        return NOTHING  # it said so itself
    command = Follow(
        meeting=entity_id.partition(":")[2],
        host=event.host,
        by=one.by,
        status=one.status,
        text_version=one.text_version,
        audio_only=one.audio_only,
        shared=event.access == "participants",
        reason=one.reason,
        people=event.people,
        consents=tuple(
            ParticipantConsent(each.participant, each.answer, each.text_version, each.at) for each in one.consents
        ),
        asked=one.asked,
        started=one.started,
        stopped=one.stopped,
    )
    return Owed([Letter(f"recording:{one.id}", _pack(command))])


def tell_stored(entity_id: str, recorded: Recorded[RecordingFiled]) -> Owed:
    """Its meeting: there is nothing more to come."""
    event = recorded.event
    recording = entity_id.partition(":")[2]
    said = RecorderSays(recording, 0, "failed" if event.failed else "ready", event.failed, event.integrity)
    return Owed([Letter(f"meeting:{event.meeting}", _pack(said))])


def tell_deleted(entity_id: str, recorded: Recorded[RecordingDeleted]) -> Owed:
    """Its meeting: it is no more. Why somebody wanted it gone is theirs to know."""
    event = recorded.event
    if not event.meeting:
        return NOTHING
    reason = "expired" if event.reason == "expired" else "deleted"
    said = RecorderSays(entity_id.partition(":")[2], 0, "deleted", reason)
    return Owed([Letter(f"meeting:{event.meeting}", _pack(said))])


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("follow_recording", "meeting", RecordingChanged, follow_recording, to=("recording",), feature="video"),
    Reaction("tell_stored", "recording", RecordingFiled, tell_stored, to=("meeting",), feature="video"),
    Reaction("tell_deleted", "recording", RecordingDeleted, tell_deleted, to=("meeting",), feature="video"),
]
