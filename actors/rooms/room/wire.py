"""The room object of the public contract, and who is in it."""

import msgspec

from actors.rooms.conversation.binding import WireAbout
from actors.rooms.conversation.policy import Policy
from common.persons import UserId


class RoomAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is answered, as JSON."""


class Done(RoomAnswer, frozen=True):
    """It is done, and there is nothing to tell."""


class WireRoom(RoomAnswer, frozen=True, kw_only=True, omit_defaults=True):
    """A room. `relation`: what its two are to each other; `care_id`: to which care it belongs. `anonymous`: its members
    are aliases to each other. `searchable`: what is said in it can be searched; false is said, true is not."""

    room_id: str
    kind: str
    title: str
    open: bool
    owner_id: UserId | None
    created_at: str
    last_seq: int
    state: str
    policy: Policy
    policy_version: int
    relation: str | None = None
    care_id: str | None = None
    about: WireAbout | None = None
    anonymous: bool = False
    e2ee: bool = False
    searchable: bool = True


class RoomMember(RoomAnswer, frozen=True, kw_only=True):
    """A member of a room, as `owner`, `member` or `cover`."""

    user_id: UserId
    role: str
