"""What sockets hear of meetings."""

from typing import Any, Final, Literal

import msgspec

from actors.meetings.access.media import AnyMedia
from actors.meetings.access.tickets import Ticket
from actors.meetings.events import MeetingChange
from actors.meetings.shown import ShownMeeting, ShownParticipant, ShownRecording
from serve_app.capabilities.meetings.examples import AT, MEETING, MESH, MTG, OF, PARTICIPANT, PRT, TICKET
from serve_app.capabilities.meetings.workers.wire import MediaSlot
from serve_app.edge.server_events import Payload, ServerEvent


class MeetingPayload(Payload, frozen=True, kw_only=True):
    """Something about a meeting."""

    meeting_id: str


class Numbered(MeetingPayload, frozen=True, kw_only=True):
    """Numbered without a gap: what was missed is told by `watch_meeting`."""

    seq: int


class MeetingUpdated(Numbered, frozen=True, kw_only=True):
    """A meeting, as it is by now. What all its people hear of comes through their inboxes."""

    meeting: ShownMeeting
    change: MeetingChange
    event_id: str | None = None
    inbox_seq: int | None = None


class ParticipantJoined(Numbered, frozen=True, kw_only=True):
    """Somebody has taken their place."""

    participant: ShownParticipant


class ParticipantUpdated(Numbered, frozen=True, kw_only=True):
    """Somebody is otherwise than before."""

    participant: ShownParticipant
    change: Literal["state", "role", "media", "muted", "screen", "name"]


class ParticipantLeft(Numbered, frozen=True, kw_only=True):
    """Somebody is not in it any more."""

    participant: ShownParticipant
    reason: str


class RecordingStatusTold(Numbered, frozen=True, kw_only=True):
    """A recording, as it is by now."""

    recording: ShownRecording


class LobbyUpdated(MeetingPayload, frozen=True, kw_only=True):
    """Who waits."""

    waiting: list[ShownParticipant]


class ScreenRequested(MeetingPayload, frozen=True, kw_only=True):
    """Somebody would like to share their screen."""

    participant_id: str


class MeetingAdmitted(MeetingPayload, frozen=True, kw_only=True):
    """Join again: there is a place."""


class MeetingDenied(MeetingPayload, frozen=True, kw_only=True):
    """There is none."""


class MeetingLeft(MeetingPayload, frozen=True, kw_only=True):
    """One is not in it any more."""

    reason: Literal["left", "moved", "kicked", "ended", "timeout", "lobby"]


class MeetingMediaTold(MeetingPayload, frozen=True, kw_only=True):
    """Connect there now."""

    epoch: int
    reason: str
    media: AnyMedia
    ticket: Ticket


class SignalTold(MeetingPayload, frozen=True, kw_only=True):
    """From another seat of a mesh."""

    epoch: int
    sender: str = msgspec.field(name="from")
    description: dict[str, Any] | None = None
    candidate: dict[str, Any] | None = None


class UnmuteRequested(MeetingPayload, frozen=True, kw_only=True):
    """One is asked to speak; by whom."""

    by: str


class ConsentRequested(MeetingPayload, frozen=True, kw_only=True):
    """One is asked whether one may be recorded."""

    recording_id: str
    text: str
    text_version: str
    expires_at: str


class QualityTold(Payload, frozen=True, kw_only=True):
    """How it is for somebody."""

    participant_id: str
    score: int
    level: Literal["excellent", "good", "poor", "lost"]
    cause: Literal["none", "uplink", "downlink", "cpu", "relay"]


class MeetingQuality(MeetingPayload, frozen=True, kw_only=True):
    """For whom it is otherwise than before."""

    participants: list[QualityTold]


class ActiveSpeaker(MeetingPayload, frozen=True, kw_only=True):
    """Who speaks; null: nobody."""

    participant_id: str | None


class MeetingSlots(msgspec.Struct, frozen=True):
    """All slots of one seat."""

    meeting_id: str
    epoch: int
    slots: list[MediaSlot]


class MeetingEnding(MeetingPayload, frozen=True, kw_only=True):
    """It ends soon."""

    ends_in_s: int


_IN_IT: Final = "sockets that are in the meeting, or watch it"
_STAFF: Final = "sockets of its host and cohosts"
_SEAT: Final = "the device that has the seat"
_SEQ: Final = {**OF, "seq": 5}
_RECORDING: Final[dict[str, Any]] = {
    "id": "rec_01KAFZ0000000000000000000D",
    "meeting_id": MTG,
    "status": "consenting",
    "by": PRT,
    "audio_only": False,
    "consents": [{"participant_id": PRT, "answer": "pending", "text_version": "9f86d081884c"}],
    "tracks": [],
    "integrity": "pending",
    "held": False,
}
_SIGNAL: Final = {**OF, "epoch": 1, "from": PRT, "description": {"type": "offer", "sdp": "v=0\r\n"}}
MEETING_EVENTS: Final = (
    ServerEvent(
        name="meeting_updated",
        payload=MeetingUpdated,
        audience=f"{_IN_IT}; created, moved, cancelled, opened and ended: every socket of its people, through "
        f"their inboxes",
        description="A meeting has changed.",
        example={**_SEQ, "meeting": MEETING, "change": "opened"},
    ),
    ServerEvent(
        name="participant_joined",
        payload=ParticipantJoined,
        audience=_IN_IT,
        description="Somebody is in.",
        example={**_SEQ, "participant": PARTICIPANT},
    ),
    ServerEvent(
        name="participant_updated",
        payload=ParticipantUpdated,
        audience=_IN_IT,
        description="Somebody has changed.",
        example={**_SEQ, "participant": PARTICIPANT, "change": "media"},
    ),
    ServerEvent(
        name="participant_left",
        payload=ParticipantLeft,
        audience=_IN_IT,
        description="Somebody is out.",
        example={**_SEQ, "participant": {**PARTICIPANT, "state": "left"}, "reason": "left"},
    ),
    ServerEvent(
        name="recording_status",
        payload=RecordingStatusTold,
        audience=_IN_IT,
        description="A recording has changed: no setting hides it.",
        example={**_SEQ, "recording": _RECORDING},
    ),
    ServerEvent(
        name="lobby_updated",
        payload=LobbyUpdated,
        audience=_STAFF,
        description="Who waits has changed.",
        example={**OF, "waiting": [{**PARTICIPANT, "state": "waiting"}]},
    ),
    ServerEvent(
        name="screen_requested",
        payload=ScreenRequested,
        audience=_STAFF,
        description="Somebody would like to share their screen.",
        example={**OF, "participant_id": PRT},
    ),
    ServerEvent(
        name="meeting_admitted",
        payload=MeetingAdmitted,
        audience=_SEAT,
        description="Join again: there is a place.",
        example=OF,
    ),
    ServerEvent(
        name="meeting_denied", payload=MeetingDenied, audience=_SEAT, description="One is not let in.", example=OF
    ),
    ServerEvent(
        name="meeting_left",
        payload=MeetingLeft,
        audience=_SEAT,
        description="One is out.",
        example={**OF, "reason": "kicked"},
    ),
    ServerEvent(
        name="meeting_media",
        payload=MeetingMediaTold,
        audience=_SEAT,
        description="Media goes this way now: connect there.",
        example={**OF, "epoch": 1, "reason": "peer", "media": MESH, "ticket": TICKET},
    ),
    ServerEvent(
        name="meeting_signal", payload=SignalTold, audience=_SEAT, description="A signal of a mesh.", example=_SIGNAL
    ),
    ServerEvent(
        name="unmute_requested",
        payload=UnmuteRequested,
        audience=_SEAT,
        description="One is asked to speak.",
        example={**OF, "by": PRT},
    ),
    ServerEvent(
        name="recording_consent_requested",
        payload=ConsentRequested,
        audience=_SEAT,
        description="May one be recorded?",
        example={
            **OF,
            "recording_id": _RECORDING["id"],
            "text": "This conversation is to be recorded.",
            "text_version": "9f86d081884c",
            "expires_at": AT,
        },
    ),
    ServerEvent(
        name="meeting_quality",
        payload=MeetingQuality,
        audience=_IN_IT,
        description="How it is for people, on change, at most every 2 s.",
        example={**OF, "participants": [{"participant_id": PRT, "score": 92, "level": "excellent", "cause": "none"}]},
    ),
    ServerEvent(
        name="active_speaker",
        payload=ActiveSpeaker,
        audience=_IN_IT,
        description="Who speaks.",
        example={**OF, "participant_id": PRT},
    ),
    ServerEvent(
        name="meeting_ending",
        payload=MeetingEnding,
        audience=_IN_IT,
        description="It ends soon.",
        example={**OF, "ends_in_s": 300},
    ),
    ServerEvent(
        name="meeting_slots",
        payload=MeetingSlots,
        audience=_SEAT,
        description="What is in all of one's slots, whenever that changes: nothing is negotiated anew.",
        example={
            **OF,
            "epoch": 1,
            "slots": [{"mid": "2", "kind": "video", "participant_id": PRT, "source": "camera"}],
        },
    ),
)
