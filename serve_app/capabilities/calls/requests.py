"""What people send about calls, and what they get: one Struct each, at both doors."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.calls.records import Media, ShownCall
from common.decoding import Id, Request
from serve_app.edge.operation import Repeatable

CallId = Annotated[str, Meta(pattern=r"\Acall_[0-9A-HJKMNP-TV-Z]{26}\Z")]


class CallUser(Request, Repeatable, frozen=True, kw_only=True):
    """Ring at somebody. `room_id`, `meeting_id`: where the talk will be; without a room, any that both are in will
    do."""

    callee_id: Id
    media: Media
    room_id: Id | None = None
    meeting_id: Id | None = None


class OfCall(Request, frozen=True):
    """One call."""

    call_id: CallId


class ChangeCall(Request, Repeatable, frozen=True, kw_only=True):
    """Something done about one, on this device."""

    call_id: CallId
    device_id: Id | None = None


class CallReply(msgspec.Struct, frozen=True, kw_only=True):
    """A call, as it is by now."""

    call: ShownCall
