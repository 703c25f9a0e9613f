"""Where media goes, as one seat is told."""

from typing import Final, Literal

import msgspec

from actors.meetings.access import elsewhere
from actors.meetings.access.doors import Doors
from actors.meetings.state import Record, Seat
from common.clock import to_rfc3339

_MOST_SLOTS: Final = 16


class Peer(msgspec.Struct, frozen=True):
    """The other end. `polite`: on this connection, the one who reads this yields; who does not makes the first
    offer."""

    participant_id: str
    polite: bool


class MeshMedia(msgspec.Struct, frozen=True, kw_only=True, tag_field="provider", tag="mesh"):
    """From person to person."""

    epoch: int
    peers: list[Peer]


class Slots(msgspec.Struct, frozen=True):
    """How many receiving sections are worth offering."""

    audio: int
    video: int


class Codecs(msgspec.Struct, frozen=True):
    """What is spoken."""

    audio: list[str]
    video: list[str]


class SfuMedia(msgspec.Struct, frozen=True, kw_only=True, tag_field="provider", tag="sfu"):
    """Through our own unit."""

    epoch: int
    slots: Slots
    codecs: Codecs
    rids: list[Literal["l", "m", "h"]]


class JitsiMedia(msgspec.Struct, frozen=True, kw_only=True, tag_field="provider", tag="jitsi"):
    """In a Jitsi."""

    epoch: int
    url: str
    domain: str
    room: str
    jwt: str
    expires_at: str


class LivekitMedia(msgspec.Struct, frozen=True, kw_only=True, tag_field="provider", tag="livekit"):
    """In a LiveKit."""

    epoch: int
    url: str
    room: str
    token: str
    expires_at: str


AnyMedia = MeshMedia | SfuMedia | JitsiMedia | LivekitMedia


def media_for(doors: Doors, record: Record, seat: Seat, name: str, now_ms: int) -> AnyMedia:
    """For this seat; `name` is what it is called elsewhere."""
    epoch = record.media.epoch
    room, expires_at = elsewhere.room_name(doors, record), to_rfc3339(elsewhere.expires_s(now_ms) * 1000)
    match record.media.provider:
        case "mesh":
            return MeshMedia(epoch=epoch, peers=_peers(record, seat))
        case "jitsi" if doors.jitsi is not None:
            token = elsewhere.jitsi_token(jitsi=doors.jitsi, room=room, seat=seat, name=name, now_ms=now_ms)
            url = elsewhere.jitsi_url(doors.jitsi, room, token)
            return JitsiMedia(
                epoch=epoch, url=url, domain=doors.jitsi.domain, room=room, jwt=token, expires_at=expires_at
            )
        case "livekit" if doors.livekit is not None:
            sources = record.may_publish(seat)
            token = elsewhere.livekit_token(doors.livekit, room, seat, sources=sources, name=name, now_ms=now_ms)
            return LivekitMedia(epoch=epoch, url=doors.livekit.url, room=room, token=token, expires_at=expires_at)
    others = min(max(record.config.max_participants - 1, 1), _MOST_SLOTS - 1)
    slots = Slots(audio=others, video=others + 1)  # and a screen
    return SfuMedia(epoch=epoch, slots=slots, codecs=Codecs(["opus"], ["VP8"]), rids=["l", "m", "h"])


def _peers(record: Record, seat: Seat) -> list[Peer]:
    """Who was in it before yields to who comes: the newcomer, who knows both, makes the first offer."""
    return [
        Peer(other.participant, (seat.joined, seat.participant) < (other.joined, other.participant))
        for other in record.inside
        if other.participant != seat.participant
    ]
