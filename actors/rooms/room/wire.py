"""The room object of the public contract, and who is in it."""

import msgspec

from common.persons import UserId


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is answered, as JSON."""


class Done(Answer, frozen=True):
    """It is done, and there is nothing to tell."""


class WireRoom(Answer, frozen=True, kw_only=True):
    """A room."""

    room_id: str
    kind: str
    title: str
    open: bool
    owner_id: UserId | None
    created_at: str
    last_seq: int


class RoomMember(Answer, frozen=True, kw_only=True):
    """Who is in a room, as what: `owner` or `member`."""

    user_id: UserId
    role: str
