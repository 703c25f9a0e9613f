"""What safety asks of a room. All but `Testify` only Carewire itself does."""

from typing import Final, Literal

import msgspec

from actors.kernel.contract.entity import Command
from actors.rooms.room.wire import Done, RoomAnswer
from common.persons import UserId

Fate = Literal["held", "released", "rejected", "unknown"]


class Revealed(msgspec.Struct, frozen=True, kw_only=True):
    """What an encrypted message says, as somebody reveals it who can read it, and the commitment that follows."""

    plaintext: str
    commitment: str


class TestimonyGiven(RoomAnswer, frozen=True, kw_only=True):
    """A case has what was said. Who wrote it."""

    sender: UserId
    seq: int


class HeldAnswer(RoomAnswer, frozen=True, kw_only=True):
    """What became of a message that was held; where it was posted, as which. `relation`: of the room ("": none)."""

    state: Fate
    message_id: str = ""
    seq: int = 0
    sent_at: str = ""
    relation: str = ""


class Monitored(RoomAnswer, frozen=True, kw_only=True):
    """The room may be read until then (ms)."""

    until: int


class Testify(Command[TestimonyGiven], frozen=True, kw_only=True, tag="testify"):
    """Copy the message, its versions and `context` messages beside it for `case`, as the caller may see them: they
    report it. `revealed`: of an encrypted one."""

    message_id: str
    case: str
    report: str
    reason: str
    context: int = 0
    note: str = ""
    revealed: Revealed | None = None


class PostHeld(Command[Done], frozen=True, kw_only=True, tag="post_held"):
    """`held` was released: it is posted, or changes what it was an edit of. `content` is what was held, packed."""

    held: str
    sender: str
    content: bytes
    kind: str = "text"
    target: str = ""


class DropHeld(Command[Done], frozen=True, kw_only=True, tag="drop_held"):
    """`held` was rejected."""

    held: str


class HeldFate(Command[HeldAnswer], frozen=True, kw_only=True, tag="held_fate"):
    """What became of `held`?"""

    held: str


class TakeDown(Command[Done], frozen=True, kw_only=True, tag="take_down"):
    """Moderators decided that this message goes. Idempotent."""

    message_id: str


class ExpelMember(Command[Done], frozen=True, kw_only=True, tag="put_out"):
    """Moderators decided that `user` is a member no more. Idempotent."""

    user: str


class Monitor(Command[Monitored], frozen=True, kw_only=True, tag="monitor"):
    """`user`, a moderator, reads the room until `until` (ms), for a case. With `notice` its members hear at once."""

    user: str
    case: str
    until: int
    notice: bool = False


class StopMonitoring(Command[Done], frozen=True, kw_only=True, tag="stop_monitoring"):
    """A timer: the time of a moderator may be over."""

    user: str
    until: int


SafetyCommand = Testify | PostHeld | DropHeld | HeldFate | TakeDown | ExpelMember | Monitor | StopMonitoring
SAFETY_COMMANDS: Final = (Testify, PostHeld, DropHeld, HeldFate, TakeDown, ExpelMember, Monitor, StopMonitoring)
