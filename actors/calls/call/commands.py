"""What can be asked of a call, as it travels from region to shard."""

from actors.calls.records import Media, ShownCall
from actors.kernel.contract.entity import Command


class Ring(Command[ShownCall], frozen=True, kw_only=True, tag="ring"):
    """`caller` calls `callee`, for `ring_ms`. Only Carewire itself asks, once the lines of both are taken."""

    caller: str
    callee: str
    media: Media
    ring_ms: int
    room: str = ""
    meeting: str = ""


class GetCall(Command[ShownCall], frozen=True, tag="get"):
    """The call, for its two people."""


class AnswerCall(Command[ShownCall], frozen=True, tag="answer"):
    """The callee takes it on this device. The first one has it; asked again by the same device, it still has it.
    `meeting`: where the two talk, if the caller named no other."""

    device: str
    meeting: str = ""


class DeclineCall(Command[ShownCall], frozen=True, tag="decline"):
    """The callee does not take it. Idempotent."""


class CancelCall(Command[ShownCall], frozen=True, tag="cancel"):
    """The caller gives up. Idempotent."""


class ForgetParty(Command[ShownCall], frozen=True, tag="forget_party"):
    """One of the two is being erased: it rings no more. Idempotent."""


class RingOver(Command[ShownCall], frozen=True, tag="ring_over"):
    """A timer: it has rung for long enough."""


CallCommand = Ring | GetCall | AnswerCall | DeclineCall | CancelCall | ForgetParty | RingOver
