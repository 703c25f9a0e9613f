"""What doors answer about a meeting."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from actors.meetings.access.ice import IceServer
from actors.meetings.access.media import AnyMedia
from actors.meetings.access.tickets import Ticket
from actors.meetings.shown import ShownMeeting, ShownParticipant, ShownRecording
from actors.meetings.state import Provider


class MeetingReply(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting, as it is by now."""

    meeting: ShownMeeting


class RoomMade(msgspec.Struct, frozen=True):
    """Where media will go."""

    provider: Provider
    epoch: int


class RoomReply(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting with its room."""

    meeting: ShownMeeting
    media: RoomMade


class ParticipantReply(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as they are by now."""

    participant: ShownParticipant


class ParticipantsReply(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in it; who waits and who was removed, for those who run it."""

    participants: list[ShownParticipant]
    waiting: list[ShownParticipant] | UnsetType = UNSET
    kicked: list[ShownParticipant] | UnsetType = UNSET


class JoinReply(msgspec.Struct, frozen=True, kw_only=True):
    """In, with all that it takes to connect; or in the lobby, at this `position`: `meeting_admitted` says when to join
    again."""

    state: Literal["seated", "waiting"]
    participant: ShownParticipant
    meeting: ShownMeeting
    position: int | UnsetType = UNSET
    participants: list[ShownParticipant] | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    resumed: bool | UnsetType = UNSET
    ticket: Ticket | UnsetType = UNSET
    media: AnyMedia | UnsetType = UNSET
    ice_servers: list[IceServer] | UnsetType = UNSET
    ice_transport_policy: Literal["all", "relay"] | UnsetType = UNSET


class LeftReply(msgspec.Struct, frozen=True):
    """How long the meeting has lasted."""

    elapsed_s: int


class TicketReply(msgspec.Struct, frozen=True):
    """A fresh one."""

    ticket: Ticket


class IceReply(msgspec.Struct, frozen=True):
    """Relays, and until when they serve this seat."""

    ice_servers: list[IceServer]
    ice_transport_policy: Literal["all", "relay"]
    ttl_s: int


class MissedPayload(msgspec.Struct, frozen=True, kw_only=True):
    """What a numbered event carried: the members of its name."""

    meeting_id: str
    seq: int
    meeting: ShownMeeting | UnsetType = UNSET
    participant: ShownParticipant | UnsetType = UNSET
    recording: ShownRecording | UnsetType = UNSET
    change: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered event, as it was emitted."""

    event: str
    payload: MissedPayload


class WatchReply(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting as it is, and what was missed, in order."""

    meeting: ShownMeeting
    participants: list[ShownParticipant]
    seq: int
    events: list[Missed]
