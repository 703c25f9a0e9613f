"""What can be asked of a meeting, as it travels from region to shard."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Command
from actors.meetings.activities import MediaRoomState
from actors.meetings.reports import Report
from actors.meetings.state import Config, Lobby, MeetingKindName, Role, Sharing, Source, Wanted

Versions = tuple[int, ...] | msgspec.UnsetType


class CreateMeeting(Command[None], frozen=True, tag="create"):
    """Make it. The id is made from the booking's, so asked again it is the same meeting."""

    kind: MeetingKindName
    host: str
    people: tuple[str, ...]
    start: int
    end: int
    config: Config | None = None
    booking: str = ""
    booking_version: int = 0
    title: str = ""
    client: str = ""
    bill: str = ""


class FollowBooking(Command[None], frozen=True, tag="follow_booking"):
    """Its booking is at this version now. An earlier one changes nothing."""

    version: int
    start: int
    end: int
    host: str
    people: tuple[str, ...]
    cancelled: bool = False
    bill: str = ""


class ConfigWish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be otherwise. None: as it is."""

    provider: Wanted | None = None
    lobby: Lobby | None = None
    locked: bool | None = None
    screen_sharing: Sharing | None = None
    unmute: Literal["self", "ask"] | None = None
    names: Literal["names", "aliases"] | None = None
    max_participants: int | None = None
    relay_only: bool | None = None
    e2ee: bool | None = None
    recording: Literal["off", "consent"] | None = None
    recording_access: Literal["host", "participants"] | None = None
    fallback: bool | None = None

    def over(self, config: Config) -> Config:
        """The config with these wishes fulfilled."""
        wanted = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(config, **wanted)


class UpdateMeeting(Command[None], frozen=True, tag="update"):
    """Other times, other people, held another way. None: as it is. Only one of these `versions` is meant."""

    start: int | None = None
    end: int | None = None
    people: tuple[str, ...] | None = None
    config: ConfigWish | None = None
    title: str | None = None
    versions: Versions = msgspec.UNSET


class CancelMeeting(Command[None], frozen=True, tag="cancel"):
    """It will not take place."""

    reason: str = ""
    versions: Versions = msgspec.UNSET


class GetMeeting(Command[None], frozen=True, tag="get"):
    """See it."""


class ListParticipants(Command[None], frozen=True, tag="participants"):
    """See who is in it."""


class GetEvidence(Command[None], frozen=True, tag="evidence"):
    """See what took place."""


class GetQuality(Command[None], frozen=True, tag="quality"):
    """See how it was, by minutes."""


class Watch(Command[None], frozen=True, tag="watch"):
    """Hear what happens from now on, with what happened after `since`. `connection` is the socket that asks: where it
    is that of a seat's device, the seat is reached there."""

    since: int | None = None
    connection: str = ""
    device: str = ""


class MakeRoom(Command[None], frozen=True, tag="make_room"):
    """Make the room now."""


class JoinFacts(msgspec.Struct, frozen=True, array_like=True):
    """What the door knows and a meeting cannot."""

    restricted: bool = False
    unreachable: bool = False
    unpaid_bill: str = ""


class TakeSeat(Command[None], frozen=True, tag="join"):
    """Take one's place. `participant` is fresh, and used where they have none yet. `connection`: the socket that asks,
    where it is one."""

    participant: str
    device: str
    facts: JoinFacts = JoinFacts()
    name: str = ""
    take_over: bool = False
    observe: bool = False
    consent: tuple[str, str] | None = None  # to which recording, in which words
    connection: str = ""


class RefreshTicket(Command[None], frozen=True, tag="ticket"):
    """Another ticket for one's seat."""


class GetIce(Command[None], frozen=True, tag="ice"):
    """Relays for one's seat."""


class LeaveSeat(Command[None], frozen=True, tag="leave"):
    """Go. The seat is kept, but nobody waits."""


class EndMeeting(Command[None], frozen=True, tag="end"):
    """Everybody is out, and nobody gets in again."""

    reason: str = "ended"


class Admit(Command[None], frozen=True, tag="admit"):
    """Let them in; "": all who wait."""

    participant: str = ""


class Deny(Command[None], frozen=True, tag="deny"):
    """Do not let them in."""

    participant: str


class ToLobby(Command[None], frozen=True, tag="to_lobby"):
    """Put them out of the room, to wait."""

    participant: str


class Mute(Command[None], frozen=True, tag="mute"):
    """Nothing of it reaches anybody from now on."""

    participant: str
    source: Source = "microphone"


class AllowUnmute(Command[None], frozen=True, tag="allow_unmute"):
    """They may unmute themselves again."""

    participant: str


class AskUnmute(Command[None], frozen=True, tag="ask_unmute"):
    """They are asked to speak. Nobody can unmute another."""

    participant: str


class Kick(Command[None], frozen=True, tag="kick"):
    """Out for good."""

    participant: str


class Readmit(Command[None], frozen=True, tag="readmit"):
    """The only way back."""

    participant: str


class SetRole(Command[None], frozen=True, tag="set_role"):
    """By the host alone: "cohost" or "guest"."""

    participant: str
    role: Role


class SetMedia(Command[None], frozen=True, tag="set_media"):
    """One's own microphone and camera. None: as it is."""

    microphone: bool | None = None
    camera: bool | None = None


class ShareScreen(Command[None], frozen=True, tag="share_screen"):
    """Show one's screen."""


class RequestScreen(Command[None], frozen=True, tag="request_screen"):
    """One would like to, and may not: those who run it hear of it."""


class StopScreen(Command[None], frozen=True, tag="stop_screen"):
    """One's own; by host and cohost, anybody's."""

    participant: str = ""


class AllowScreen(Command[None], frozen=True, tag="allow_screen"):
    """They may share their screen, or not any more."""

    participant: str
    allow: bool


class Admission(msgspec.Struct, frozen=True):
    """Whose seat a ticket opens, and the room as it is."""

    participant: str
    role: Role
    room: MediaRoomState


class CheckTicket(Command[Admission], frozen=True, tag="check_ticket"):
    """Does this ticket still hold, by what it says of itself?"""

    participant: str
    device: str
    seat_epoch: int
    epoch: int
    issued_at: int


class RoomNow(Command[MediaRoomState], frozen=True, tag="room_now"):
    """What its worker is to hold to at this moment. Only Carewire itself asks."""


class SendSignal(Command[None], frozen=True, tag="signal"):
    """From seat to seat, in a mesh: `said` is a JSON object with `description` or `candidate`. Kept nowhere."""

    ticket: CheckTicket
    epoch: int
    to: str
    said: bytes


class ReportQuality(Command[None], frozen=True, tag="report_quality"):
    """How it is for oneself; in a mesh, and elsewhere, also the sign of life."""

    rtt_ms: float | None = None
    loss: float | None = None
    jitter_ms: float | None = None
    up_bps: float | None = None
    down_bps: float | None = None
    fps: float | None = None
    limited_by: Literal["none", "cpu", "bandwidth"] = "none"


class StartRecording(Command[None], frozen=True, tag="start_recording"):
    """Ask everybody. `recording` is a fresh id."""

    recording: str
    text_version: str
    audio_only: bool = False


class AnswerConsent(Command[None], frozen=True, tag="answer_consent"):
    """Each for themselves. `granted` false, later: withdrawn."""

    recording: str
    granted: bool
    text_version: str


class StopRecording(Command[None], frozen=True, tag="stop_recording"):
    """Enough."""


class ForgetParticipant(Command[None], frozen=True, tag="forget_person"):
    """They are being erased, or may not be here any more: out. The others hear that they left."""

    user: str


MeetingCommand = (
    CreateMeeting
    | FollowBooking
    | UpdateMeeting
    | CancelMeeting
    | GetMeeting
    | ListParticipants
    | GetEvidence
    | GetQuality
    | Watch
    | MakeRoom
    | TakeSeat
    | RefreshTicket
    | GetIce
    | LeaveSeat
    | EndMeeting
    | Admit
    | Deny
    | ToLobby
    | Mute
    | AllowUnmute
    | AskUnmute
    | Kick
    | Readmit
    | SetRole
    | SetMedia
    | ShareScreen
    | RequestScreen
    | StopScreen
    | AllowScreen
    | CheckTicket
    | RoomNow
    | SendSignal
    | ReportQuality
    | StartRecording
    | AnswerConsent
    | StopRecording
    | ForgetParticipant
    | Report
)
