"""Signals of a mesh: from seat to seat, in the sender's order, at the device that has the seat. Kept nowhere."""

import re
from typing import Any, Final

import msgspec

from actors.meetings.commands import SendSignal
from actors.meetings.rules import tickets
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.state import Record, Seat
from common.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable

LARGEST_SDP: Final = 60 * 1024
_LINE: Final = re.compile(r"\r\n|\n")
_CANDIDATE: Final = "a=candidate:"
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def signal(draft: MeetingDraft, command: SendSignal, user: str) -> None:
    """Pass it on.

    Raises:
        PermissionDenied, Unauthenticated, FailedPrecondition: the ticket does not hold; reason `epoch`.
        FailedPrecondition: reason `provider`: media goes another way.
        NotFound: nobody here has that seat.
        Unavailable: they are reconnecting.
    """
    record = draft.record
    seat = tickets.holder(record, command.ticket)
    if seat.user != user:
        raise NotFound("There is no such meeting.")
    if command.epoch != record.media.epoch:
        raise tickets.another_epoch(record)
    if record.media.provider != "mesh":
        details: dict[str, object] = {"reason": "provider", "provider": record.media.provider}
        raise FailedPrecondition("Media of this meeting goes another way.", details=details)
    addressee = _addressee(record, command.to, seat)
    said = _allowed(record, _decode(command.said))
    if said:
        name = "meeting_signal"
        draft.whisper(addressee, name, epoch=record.media.epoch, **{"from": seat.participant}, **said)


def _addressee(record: Record, participant: str, sender: Seat) -> Seat:
    seat = record.seat(participant)
    if seat is None or not seat.inside or seat.participant == sender.participant:
        raise NotFound("There is no such participant.")
    if seat.state == "reconnecting" or not seat.connection:
        raise Unavailable("They are reconnecting. Try again in a moment.", retry_after_s=1.0)
    return seat


def _allowed(record: Record, said: dict[str, Any]) -> dict[str, Any]:
    """What may pass of it: with `relay_only` no candidate that tells where somebody is."""
    if not record.config.relay_only:
        return said
    if (description := said.get("description")) is not None:
        return {"description": {**description, "sdp": relayed_only(str(description.get("sdp", "")))}}
    candidate = said.get("candidate")
    if candidate is not None and candidate.get("candidate") and not is_relay(str(candidate["candidate"])):
        return {}
    return said


def relayed_only(sdp: str) -> str:
    """The description without candidates that are no relays'."""
    lines = [line for line in _LINE.split(sdp) if not line.startswith(_CANDIDATE) or is_relay(line)]
    return "\r\n".join(lines)


def is_relay(candidate: str) -> bool:
    """Whether it is the address of a relay (RFC 8839, section 5.1)."""
    words = candidate.split()
    return any(words[place : place + 2] == ["typ", "relay"] for place in range(len(words)))


def check_size(sdp: str) -> None:
    """Raises InvalidArgument: nobody describes a meeting at such length."""
    if len(sdp.encode()) > LARGEST_SDP:
        details: dict[str, object] = {"field": "description.sdp", "limit": LARGEST_SDP}
        raise InvalidArgument("A description has at most 60 KiB: name only the codecs that are used.", details=details)
