"""What can be asked of a case, as it travels from region to shard."""

import msgspec

from actors.kernel.contract.entity import Command
from actors.kernel.contract.versions import Versions
from actors.moderation.records import Deed, HeldMessage, Outcome, Reason, Scope, Severity
from actors.moderation.showing import ShownAppeal, ShownCase, ShownHeld, ShownReport


class HeldContents(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was held, as it is posted."""

    held: HeldMessage
    content: bytes
    kind: str


class FileReport(Command[ShownReport], frozen=True, kw_only=True, tag="report"):
    """`by` has reported `subject`, or a message of theirs. Asked by the door, and by the room with what was said as its
    secret (packed `Evidence`): whichever comes first opens the case. `back`: the subject reports who reported them."""

    report: str
    by: str
    reason: Reason
    subject: str
    room: str = ""
    secret: bytes | None = None


class HoldMessage(Command[None], frozen=True, kw_only=True, tag="hold"):
    """A letter of a room: it holds a message. The secret is packed `Evidence`."""

    held: HeldMessage
    secret: bytes | None = None


class Endanger(Command[ShownCase], frozen=True, kw_only=True, tag="endanger"):
    """Somebody has written words of danger. The secret is packed `Evidence`; `team` is told. `cry`: the kind of the
    emergency that is raised ("": none)."""

    subject: str
    room: str
    severity: Severity
    message: str
    rules: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    cry: str = ""
    secret: bytes | None = None


class Appeal(Command[ShownAppeal], frozen=True, kw_only=True, tag="appeal"):
    """`by` does not agree with what was decided about them, by `against`. The secret is what they say."""

    by: str
    about: str
    against: tuple[str, ...] = ()
    secret: bytes | None = None


class GetCase(Command[ShownCase], frozen=True, tag="get"):
    """The case with what it holds. For moderators; whoever asks first has looked."""


class Fate(Command[ShownHeld], frozen=True, tag="fate"):
    """What became of the message that it holds. Only Carewire itself asks."""


class GetHeldContents(Command[HeldContents], frozen=True, tag="contents"):
    """The message that it holds, to be posted. Only Carewire itself asks."""


class Deciders(Command[ShownCase], frozen=True, tag="deciders"):
    """The case as a list shows it. Only Carewire itself asks."""


class AssignModerator(Command[ShownCase], frozen=True, tag="assign"):
    """`to` takes care of it ("": who asks)."""

    to: str = ""
    versions: Versions = msgspec.UNSET


class AddNote(Command[ShownCase], frozen=True, kw_only=True, tag="note"):
    """Something to remember: the secret."""

    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class TakeAction(Command[ShownCase], frozen=True, kw_only=True, tag="act"):
    """Do something about it. The secret is what the person is told."""

    deed: Deed
    user: str = ""
    until: int = 0
    scope: tuple[Scope, ...] = ()
    restriction: str = ""
    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class Close(Command[ShownCase], frozen=True, kw_only=True, tag="close"):
    """It is dealt with. Grave ones are closed when somebody else confirms it."""

    outcome: Outcome
    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class ConfirmResolution(Command[ShownCase], frozen=True, tag="confirm"):
    """Another person agrees that it is dealt with."""

    versions: Versions = msgspec.UNSET


class RejectResolution(Command[ShownCase], frozen=True, kw_only=True, tag="reopen"):
    """It is not."""

    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class ReleaseHeld(Command[ShownHeld], frozen=True, tag="release"):
    """What is held goes to the room."""


class RejectHeld(Command[ShownHeld], frozen=True, kw_only=True, tag="reject"):
    """What is held goes nowhere. The secret is why."""

    secret: bytes | None = None


class Add(Command[None], frozen=True, kw_only=True, tag="add"):
    """Something that concerns the case happened elsewhere. `again`: it is raised once more. Only Carewire itself."""

    what: str
    by: str = ""
    details: str = ""
    again: bool = False
    secret: bytes | None = None


class FallDue(Command[None], frozen=True, tag="due"):
    """A timer: nobody has looked at it since it was raised for the `raised`th time."""

    raised: int


class ForgetEvidence(Command[None], frozen=True, tag="forget"):
    """A timer: it has been closed since then (ms)."""

    closed: int


CaseCommand = (
    FileReport
    | HoldMessage
    | Endanger
    | Appeal
    | GetCase
    | Fate
    | GetHeldContents
    | Deciders
    | AssignModerator
    | AddNote
    | TakeAction
    | Close
    | ConfirmResolution
    | RejectResolution
    | ReleaseHeld
    | RejectHeld
    | Add
    | FallDue
    | ForgetEvidence
)
