"""What a meeting asks of those who carry media, as the connector `media` gets it: states, not differences, so that a
repeat does no harm and what was lost is made good by the next.

It also owes `meeting-evidence` (the hash of what took place, for the audit record), `livekit` (a room elsewhere is to
be closed) and `livekit-permissions` (what people may send there).
"""

from typing import Final

import msgspec

from actors.meetings.state import KEEPING, Record, RecordingStatus, Role, Source

MEDIA: Final = "media"
EVIDENCE: Final = "meeting-evidence"
LIVEKIT: Final = "livekit"
LIVEKIT_PERMISSIONS: Final = "livekit-permissions"
NO_WORKER: Final = "no_worker"


class RoomSeat(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may be in the room, and what of theirs may pass. `connected`: the meeting believes that they are."""

    participant: str
    device: str
    seat_epoch: int
    role: Role
    passing: tuple[Source, ...]
    tickets_from: int = 0
    connected: bool = False
    user: str = ""  # under whose key what is kept of them is sealed


class RoomRecording(msgspec.Struct, frozen=True, kw_only=True):
    """What is being kept: with these alone, and nobody else."""

    id: str
    status: RecordingStatus
    granted: tuple[str, ...]
    audio_only: bool = False


class MediaRoomState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a worker holds to. One that is not newer by (epoch, stamp) is old news."""

    meeting: str
    epoch: int
    stamp: int
    worker: str
    seats: tuple[RoomSeat, ...]
    max_participants: int = 2
    e2ee: bool = False
    relay_only: bool = False
    recording: RoomRecording | None = None
    over: bool = False


class PlaceRoom(msgspec.Struct, frozen=True, kw_only=True, tag="place"):
    """Find a worker for it. Refused with `NO_WORKER`, or past its deadline: there is none."""

    room: MediaRoomState


class RoomPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """This one has it."""

    worker: str


class HoldRoom(msgspec.Struct, frozen=True, kw_only=True, tag="hold"):
    """Hold to this from now on."""

    room: MediaRoomState


class SealEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What took place is final: its hash belongs into the audit record."""

    meeting: str
    host: str
    hash: str


class Voided(msgspec.Struct, frozen=True, array_like=True):
    """Whose tokens for a room are void, where they were issued before (s)."""

    participant: str
    before_s: int


class CloseElsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody is to be in this room of a partner's any more; and what these hold opens it never again."""

    room: str
    voided: tuple[Voided, ...] = ()


class MayPublish(msgspec.Struct, frozen=True, array_like=True):
    """What somebody may send."""

    participant: str
    sources: tuple[Source, ...]


class PermitElsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """What all who are in this room of a partner's may send there from now on."""

    room: str
    seats: tuple[MayPublish, ...]


def permissions_of(record: Record) -> tuple[MayPublish, ...]:
    """Of all who are inside."""
    return tuple(MayPublish(seat.participant, record.may_publish(seat)) for seat in record.inside)


def room_of(record: Record) -> MediaRoomState:
    """What its worker must know."""
    return MediaRoomState(
        meeting=record.id,
        epoch=record.media.epoch,
        stamp=record.stamp,
        worker=record.media.worker,
        seats=tuple(
            RoomSeat(
                participant=seat.participant,
                device=seat.device,
                seat_epoch=seat.epoch,
                role=seat.role,
                passing=seat.passing,
                tickets_from=seat.tickets_from,
                connected=seat.state == "connected",
                user=seat.user,
            )
            for seat in record.inside
        ),
        max_participants=record.config.max_participants,
        e2ee=record.config.e2ee,
        relay_only=record.config.relay_only,
        recording=_recording(record),
        over=record.over or record.media.provider != "sfu",
    )


def _recording(record: Record) -> RoomRecording | None:
    recording = record.recording
    if recording is None or recording.status not in (*KEEPING, "stopping"):
        return None
    granted = tuple(sorted(recording.granted))
    return RoomRecording(id=recording.id, status=recording.status, granted=granted, audio_only=recording.audio_only)
