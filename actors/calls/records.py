"""A call as data, and as people see it."""

from typing import Final, Literal

import msgspec

from common.clock import to_rfc3339
from common.persons import OtherId, UserId

Media = Literal["audio", "video"]
Status = Literal["ringing", "answered", "declined", "cancelled", "missed"]
EndReason = Literal["answered", "answered_elsewhere", "declined", "cancelled", "missed"]
RINGING: Final = "ringing"


class CallRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A call at one moment. Times in ms; 0: none. `answered_by` names the device that answered."""

    id: str
    caller: str
    callee: str
    media: Media
    status: Status
    started: int
    expires: int
    room: str = ""
    meeting: str = ""
    answered_by: str = ""
    ended: int = 0


class ShownCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call as its two people see it. `expires_at`: until then it rings."""

    id: str
    caller_id: UserId
    callee_id: UserId
    media: Media
    room_id: str | None = None
    meeting_id: OtherId | None = None
    status: Status
    answered_by: str | None = None
    started_at: str
    expires_at: str
    ended_at: str | None = None


def shown(call: CallRecord) -> ShownCall:
    """The call as its two people see it."""
    return ShownCall(
        id=call.id,
        caller_id=call.caller,
        callee_id=call.callee,
        media=call.media,
        room_id=call.room or None,
        meeting_id=call.meeting or None,
        status=call.status,
        answered_by=call.answered_by or None,
        started_at=to_rfc3339(call.started),
        expires_at=to_rfc3339(call.expires),
        ended_at=to_rfc3339(call.ended) if call.ended else None,
    )
