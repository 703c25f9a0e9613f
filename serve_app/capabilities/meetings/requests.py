"""What people send about meetings: one Struct each, at both doors."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.meetings.commands import ConfigWish
from actors.meetings.shown import ShownMeeting
from actors.meetings.state import MOST_PEOPLE, Lobby, MeetingKindName, Role, Sharing, Source, Status, Wanted
from common.decoding import LARGEST_INT, Id, Instant, Request
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE
from serve_app.edge.operation import Repeatable, RepeatableChange, Versioned

MeetingId = Id
ParticipantId = Id
Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\A[^\0]*\Z")]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\A[^\0]*\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\A[^\0\r\n]*\S[^\0\r\n]*\Z")]
TicketText = Annotated[str, Meta(min_length=1, max_length=4096)]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
People = Annotated[list[Id], Meta(max_length=MOST_PEOPLE)]
Ms = Annotated[float, Meta(ge=0, le=600_000)]
Bits = Annotated[float, Meta(ge=0, le=1e12)]


class WantedConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is to be held: members that are left out stay as they are."""

    provider: Wanted | None = None
    lobby: Lobby | None = None
    locked: bool | None = None
    screen_sharing: Sharing | None = None
    unmute: Literal["self", "ask"] | None = None
    names: Literal["names", "aliases"] | None = None
    max_participants: Annotated[int, Meta(ge=2, le=MOST_PEOPLE)] | None = None
    relay_only: bool | None = None
    e2ee: bool | None = None
    recording: Literal["off", "consent"] | None = None
    recording_access: Literal["host", "participants"] | None = None
    fallback: bool | None = None

    def wish(self) -> ConfigWish:
        """As the meeting takes it."""
        return ConfigWish(**msgspec.structs.asdict(self))


class CreateMeetingRequest(Request, Repeatable, frozen=True, kw_only=True):
    """A meeting of one's own; without `start`: now, for an hour. With `booking_id`: the one that booking has."""

    kind: MeetingKindName | None = None
    title: Title | None = None
    start: Instant | None = None
    end: Instant | None = None
    people: People | None = None
    booking_id: Id | None = None
    config: WantedConfig | None = None


class OfMeeting(Request, frozen=True):
    """One meeting."""

    meeting_id: MeetingId


class ChangeMeeting(Request, Repeatable, frozen=True, kw_only=True):
    """Something done about one."""

    meeting_id: MeetingId


class ListMeetings(Request, frozen=True, kw_only=True):
    """Which, by when they are planned."""

    status: Status | None = None
    booking_id: Id | None = None
    from_: Instant | None = msgspec.field(default=None, name="from")
    to: Instant | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE


class UpdateMeetingRequest(Request, Versioned, frozen=True, kw_only=True):
    """Other times, other people, held another way."""

    meeting_id: MeetingId
    title: Title | None = None
    start: Instant | None = None
    end: Instant | None = None
    people: People | None = None
    config: WantedConfig | None = None


class CancelMeetingRequest(Request, RepeatableChange, frozen=True, kw_only=True):
    """It will not take place. A booked one: only together with its booking."""

    meeting_id: MeetingId
    reason: Reason | None = None
    with_booking: bool = False


class EndRoom(ChangeMeeting, frozen=True, kw_only=True):
    """Everybody is out."""

    reason: Reason | None = None


class BroughtConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To a recording that runs, in the words that were shown."""

    recording_id: Id
    text_version: Annotated[str, Meta(max_length=64)]


class JoinMeetingRoom(ChangeMeeting, frozen=True, kw_only=True):
    """Take one's place, on this device."""

    device_id: Id | None = None
    display_name: Name | None = None
    take_over: bool = False
    observe: bool = False
    consent: BroughtConsent | None = None


class WatchMeeting(Request, frozen=True, kw_only=True):
    """Hear of a meeting; with `since`, what was missed as well."""

    meeting_id: MeetingId
    since: Annotated[int, Meta(ge=0, le=LARGEST_INT)] | None = None


class OfParticipant(ChangeMeeting, frozen=True, kw_only=True):
    """Somebody in a meeting."""

    participant_id: ParticipantId


class AdmitParticipant(ChangeMeeting, frozen=True, kw_only=True):
    """Let somebody in, or `all` who wait."""

    participant_id: ParticipantId | None = None
    all: bool = False


class MuteParticipant(OfParticipant, frozen=True, kw_only=True):
    """Nothing of it reaches anybody."""

    source: Source = "microphone"
    reason: Reason | None = None


class KickParticipant(OfParticipant, frozen=True, kw_only=True):
    """Out for good."""

    reason: Reason | None = None


class SetParticipantRole(OfParticipant, frozen=True, kw_only=True):
    """Cohost, or a guest again."""

    role: Literal["cohost", "guest"]

    def wanted(self) -> Role:
        """As the meeting takes it."""
        return self.role


class SetMediaRequest(ChangeMeeting, frozen=True, kw_only=True):
    """One's own; what is left out stays as it is."""

    microphone: bool | None = None
    camera: bool | None = None


class StopScreenRequest(ChangeMeeting, frozen=True, kw_only=True):
    """One's own; host and cohosts, anybody's."""

    participant_id: ParticipantId | None = None


class AllowScreenRequest(OfParticipant, frozen=True, kw_only=True):
    """They may share, or not any more."""

    allow: bool


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As `RTCPeerConnection.localDescription`."""

    type: Literal["offer", "answer", "pranswer", "rollback"]
    sdp: str = ""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """As `RTCIceCandidate.toJSON()`; members that browsers add are passed over."""

    candidate: Annotated[str, Meta(max_length=2048)]
    sdp_mid: Annotated[str, Meta(max_length=64)] | None = msgspec.field(default=None, name="sdpMid")
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=1024)] | None = msgspec.field(default=None, name="sdpMLineIndex")


class MeetingSignal(Request, frozen=True, kw_only=True):
    """To another seat of a mesh: a `description`, or a `candidate` (null: there are no more)."""

    meeting_id: MeetingId
    ticket: TicketText
    epoch: Annotated[int, Meta(ge=0, le=LARGEST_INT)]
    to: ParticipantId
    description: Description | UnsetType = UNSET
    candidate: Candidate | UnsetType | None = UNSET


class ReportQualityRequest(Request, frozen=True, kw_only=True):
    """How it is for oneself, every 5 s. `loss`: a share between 0 and 1."""

    meeting_id: MeetingId
    rtt_ms: Ms | None = None
    loss: Annotated[float, Meta(ge=0, le=1)] | None = None
    jitter_ms: Ms | None = None
    up_bps: Bits | None = None
    down_bps: Bits | None = None
    fps: Annotated[float, Meta(ge=0, le=1000)] | None = None
    limited_by: Literal["none", "cpu", "bandwidth"] = "none"


class MeetingPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of meetings, in the order of their starts."""

    meetings: list[ShownMeeting]
    next_cursor: str | None = None


Said = dict[str, Any]
