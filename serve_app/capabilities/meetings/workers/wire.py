"""What doors and the supervisor say to a media worker, and what it answers: msgpack over one connection
(`common.net.framing`)."""

from typing import Any, Final, Literal, TypeVar

import msgspec

from actors.meetings.activities import MediaRoomState
from common.errors import CarewireError, error_of
from common.net.framing import FIRST_METHOD

PURPOSE: Final = "media"
APPLY, OFFER, SUBSCRIBE, STATS, DRAIN, STOP = range(FIRST_METHOD, FIRST_METHOD + 6)
"""The methods. What is not told apart by them is by the type of what they carry."""

Source = Literal["microphone", "camera", "screen"]
Quality = Literal["auto", "high", "medium", "low", "off"]
WorkerState = Literal["starting", "ready", "draining"]
M = TypeVar("M", bound=msgspec.Struct)


class OfferSection(msgspec.Struct, frozen=True, array_like=True):
    """A section of an offer that sends."""

    mid: str
    source: Source


class MakeOffer(msgspec.Struct, frozen=True, array_like=True):
    """An offer of somebody whose ticket holds, with the room as it was when that was looked at."""

    room: MediaRoomState
    participant: str
    sdp: str
    sections: tuple[OfferSection, ...]


class MediaSlot(msgspec.Struct, frozen=True):
    """A section of theirs that receives, and what is in it; as clients see it."""

    mid: str
    kind: str
    participant_id: str | None = None
    source: str | None = None


class OfferAnswered(msgspec.Struct, frozen=True, array_like=True):
    """What to set on the client, and what is in its slots."""

    sdp: str
    slots: tuple[MediaSlot, ...]


class TrackPin(msgspec.Struct, frozen=True, array_like=True):
    """What somebody wants of a track: how good, and in which slot (None: in any)."""

    participant: str
    source: Source
    quality: Quality = "auto"
    mid: str | None = None


class TrackSubscriptions(msgspec.Struct, frozen=True, array_like=True):
    """What they want of whom, instead of what they wanted before."""

    room: MediaRoomState
    participant: str
    pins: tuple[TrackPin, ...]


class SlotAssignments(msgspec.Struct, frozen=True, array_like=True):
    """All of theirs."""

    slots: tuple[MediaSlot, ...]


class Stats(msgspec.Struct, frozen=True):
    """How a worker does. `load`: share of a core. `rooms`: the epoch of each meeting that it has. `cpu_s`: what it has
    used of the processor since it began."""

    name: str
    life: str
    state: WorkerState
    participants: int
    streams: int
    load: float
    cpu_s: float
    rooms: dict[str, int] = {}
    recordings: int = 0


class CallOutcome(msgspec.Struct, frozen=True, array_like=True):
    """What came of a call: the data, or how it was refused."""

    data: msgspec.Raw = msgspec.Raw(b"\xc0")
    code: str = ""
    message: str = ""
    details: dict[str, Any] | None = None


_pack: Final = msgspec.msgpack.Encoder().encode
_answer: Final = msgspec.msgpack.Decoder(CallOutcome).decode


def packed(what: object) -> bytes:
    """As it travels."""
    return _pack(what)


def unpacked(data: bytes, as_type: type[M]) -> M:
    """What has travelled. Raises msgspec.MsgspecError."""
    return msgspec.msgpack.decode(data, type=as_type)


def done(data: object = None) -> bytes:
    """The answer to a call that went well."""
    return _pack(CallOutcome(msgspec.Raw(_pack(data))))


def refused(error: CarewireError) -> bytes:
    """The answer to one that was refused."""
    return _pack(CallOutcome(code=error.code, message=error.message, details=error.details))


def outcome(reply: bytes) -> bytes:
    """The data of an answer. Raises the CarewireError that it tells of."""
    answer = _answer(reply)
    if answer.code:
        raise error_of(answer.code, answer.message, details=answer.details)
    return bytes(answer.data)
