"""What can be asked of a care relationship, as it travels from region to shard."""

from actors.care.state import CareRecord
from actors.kernel.contract.entity import Command


class BeginCare(Command[CareRecord], frozen=True, tag="begin"):
    """Propose it; what an administrator proposes is in force at once."""

    client: str
    therapist: str


class AcceptCare(Command[CareRecord], frozen=True, tag="accept"):
    """The client agrees. Idempotent."""


class PauseCare(Command[CareRecord], frozen=True, tag="pause"):
    """It rests: until `until` (ms), or until somebody resumes it (0). Asked again, the last `until` counts."""

    until: int = 0


class ResumeCare(Command[CareRecord], frozen=True, tag="resume"):
    """It goes on. Idempotent."""


class EndCare(Command[CareRecord], frozen=True, tag="end"):
    """It is over, or declined."""


class ForgetCareParty(Command[CareRecord], frozen=True, tag="forget_party"):
    """`user`, who is a party to it, is being erased: it is over. Idempotent."""

    user: str


class LapsePause(Command[CareRecord], frozen=True, tag="lapse_pause"):
    """A pause that was to last until `until` may be over: the command of its timer."""

    until: int


class CarryOver(Command[CareRecord], frozen=True, tag="carry_over"):
    """It was kept as a document before it was an entity. Idempotent; does nothing where the entity knows better."""

    care: CareRecord


class BindRoom(Command[CareRecord], frozen=True, tag="bind_room"):
    """This room is the conversation of the two. Idempotent."""

    room: str


class BeginCover(Command[CareRecord], frozen=True, tag="begin_cover"):
    """Somebody is there in place of the therapist, from `since` (ms; 0: from now on) to `until`. Asked again with the
    same id, nothing happens."""

    cover: str
    therapist: str
    since: int
    until: int
    hidden: bool


class EndCover(Command[CareRecord], frozen=True, tag="end_cover"):
    """It is over, or will not be. Idempotent."""

    cover: str


class TurnCover(Command[CareRecord], frozen=True, tag="turn_cover"):
    """A cover may have to begin, or to end: the command of its timers."""

    cover: str


CoverCommand = BindRoom | BeginCover | EndCover | TurnCover
CareCommand = (
    BeginCare | AcceptCare | PauseCare | ResumeCare | EndCare | ForgetCareParty | LapsePause | CarryOver | CoverCommand
)
