"""What can be asked of a room that is bound to a relation, beside what every room is asked."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Command
from actors.rooms.conversation.binding import Bond
from actors.rooms.conversation.policy import Policy, Relation
from actors.rooms.replies import ConversationView, CreatedRoom, SearchPermit, SpokenOf, UpdatedRoom, WhoIsWho
from actors.rooms.room.wire import Done


class Stead(msgspec.Struct, frozen=True, array_like=True):
    """Who is there in place of the therapist; `hidden`: nothing older than their coming is theirs to read."""

    user: str
    hidden: bool


class Converse(Command[CreatedRoom], frozen=True, tag="converse", kw_only=True):
    """Begin the conversation of the caller and `other`, or find it; where it was declined or has been closed, begin it
    anew if that may be.

    `therapist`: whose care it belongs to; `bond`, `covers`: what is true of it. `asks`: the other is to accept first.
    `accepted`: the version of the policy that the caller agrees to. `opening`: packed; b"": nothing was said. `e2ee`:
    it is to be encrypted by its devices, for ever; `accept`: what the caller accepts with that.
    """

    relation: Relation
    other: str
    policy: Policy
    policy_version: int
    therapist: str = ""
    bond: Bond | None = None
    covers: tuple[Stead, ...] = ()
    asks: bool = False
    accepted: int | None = None
    opening: bytes = b""
    about: bool = False
    e2ee: bool = False
    accept: tuple[str, ...] = ()


class Respond(Command[UpdatedRoom], frozen=True, tag="respond"):
    """Who was asked accepts, or does not. Idempotent."""

    accept: bool
    accepted: int | None = None


class ChangeState(Command[UpdatedRoom], frozen=True, tag="change_state"):
    """Pause it (until `until`, ms; 0: until somebody resumes it), resume it, close it. Idempotent."""

    to: Literal["open", "paused", "closed"]
    until: int = 0


class LapseRest(Command[Done], frozen=True, tag="lapse_rest"):
    """A pause that was to last until `until` may be over: the command of its timer."""

    until: int


class FollowCare(Command[Done], frozen=True, tag="follow_care"):
    """What is true of the care that the conversation belongs to. Idempotent; what is older than what is known does
    nothing."""

    bond: Bond
    until: int = 0
    covers: tuple[Stead, ...] = ()


class Bar(Command[Done], frozen=True, tag="bar"):
    """`user` wants nothing of `other` any more, or (not `barred`) again. Idempotent."""

    user: str
    other: str
    barred: bool


class MaySearch(Command[SearchPermit], frozen=True, tag="may_search"):
    """What of the room the caller may find."""


class See(Command[ConversationView], frozen=True, tag="see"):
    """The conversation, and who is in it."""


class AboutWhom(Command[SpokenOf], frozen=True, tag="about_whom"):
    """Of whom it speaks. For Carewire itself."""


class Unveil(Command[WhoIsWho], frozen=True, tag="unveil"):
    """Who is behind which alias. For Carewire itself."""


ConversationCommand = (
    Converse | Respond | ChangeState | LapseRest | FollowCare | Bar | MaySearch | See | AboutWhom | Unveil
)
