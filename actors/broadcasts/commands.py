"""What can be asked of a broadcast. Who may is for the policy to say, at the door."""

from actors.broadcasts.records import Audience, ShownBroadcast
from actors.kernel.contract.entity import Command


class Announce(Command[ShownBroadcast], frozen=True, kw_only=True, tag="announce"):
    """`by` tells this audience something, from `send_at` (ms; 0: now) on. `secret`: a packed command to notifiers."""

    by: str
    audience: Audience
    rate_per_s: int
    send_at: int = 0
    secret: bytes | None = None


class GetBroadcast(Command[ShownBroadcast], frozen=True, tag="get"):
    """How it stands."""


class PauseBroadcast(Command[ShownBroadcast], frozen=True, tag="pause"):
    """Begin no further page. Idempotent."""


class ResumeBroadcast(Command[ShownBroadcast], frozen=True, tag="resume"):
    """Go on where it stands. Idempotent."""


class CancelBroadcast(Command[ShownBroadcast], frozen=True, tag="cancel"):
    """End it; who was told stays told. Idempotent."""


class GetWords(Command[bytes | None], frozen=True, tag="get_words"):
    """What is told, for the connector: the packed command, or null where whoever wrote it was erased."""


class BeginBroadcast(Command[ShownBroadcast], frozen=True, tag="begin"):
    """A timer: the moment for which it was made has come."""


BroadcastCommand = (
    Announce | GetBroadcast | PauseBroadcast | ResumeBroadcast | CancelBroadcast | GetWords | BeginBroadcast
)
