"""What happens to an assignment. What is stored is stored for ever: new members stand at the end, with defaults. The
secrets are packed `contents`, sealed under the client's key whoever wrote them."""

from typing import Literal

from actors.kernel.contract.entity import Event
from actors.worksheets.assignment.records import AssignmentProgress, AssignmentRecord, Card, Clarification, Note, Status
from actors.worksheets.document.events import DocumentEvent
from actors.worksheets.document.shape import Shape

Change = Literal[
    "started", "extended", "cancelled", "reopened", "reviewed", "submitted", "collaboration", "overdue", "clock"
]


class Assigned(Event, frozen=True, kw_only=True, array_like=True, tag="assigned"):
    """Somebody was given a worksheet; `shape`: its fields without their words. The secret is `Given`."""

    record: AssignmentRecord
    shape: Shape


class AssignmentChanged(Event, frozen=True, kw_only=True, array_like=True, tag="changed"):
    """`change` happened. `by`: who did it ("": Carewire itself). The secret is `Said`."""

    record: AssignmentRecord
    change: Change
    by: str = ""


class Submitted(Event, frozen=True, kw_only=True, array_like=True, tag="submitted"):
    """It was handed in. `alerts`: by id, with their urgency. The secret is `Submission`."""

    record: AssignmentRecord
    alerts: tuple[tuple[str, str], ...] = ()
    minutes: int = 0  # from the start of the attempt


class AssignmentReminded(Event, frozen=True, kw_only=True, array_like=True, tag="reminded"):
    """It is due in `minutes`."""

    record: AssignmentRecord
    minutes: int


class Progressed(Event, frozen=True, kw_only=True, array_like=True, tag="progressed"):
    """A note: how far the client is."""

    progress: AssignmentProgress


class FeedbackGiven(Event, frozen=True, kw_only=True, array_like=True, tag="feedback"):
    """Feedback, new or edited. `replaced`: the event that held its words before (0: none). The secret is `Said`."""

    record: AssignmentRecord
    note: Note
    replaced: int = 0


class FeedbackDeleted(Event, frozen=True, kw_only=True, array_like=True, tag="feedback_deleted"):
    """Feedback was taken back; its words are gone."""

    record: AssignmentRecord
    note: Note


class Clarified(Event, frozen=True, kw_only=True, array_like=True, tag="clarified"):
    """Something was asked, answered (the secret is `Said`) or resolved. `by` did it."""

    record: AssignmentRecord
    clarification: Clarification
    by: str


class CardsTurned(Event, frozen=True, kw_only=True, array_like=True, tag="cards"):
    """A note: these blocks of messages show this state from now on."""

    cards: tuple[Card, ...]
    state: Status


class Forgotten(Event, frozen=True, kw_only=True, array_like=True, tag="forgotten"):
    """The client was erased: the part with this key is in no memory any more."""

    key: str


AssignmentEvent = (
    Assigned
    | AssignmentChanged
    | Submitted
    | AssignmentReminded
    | Progressed
    | FeedbackGiven
    | FeedbackDeleted
    | Clarified
    | CardsTurned
    | Forgotten
    | DocumentEvent
)
