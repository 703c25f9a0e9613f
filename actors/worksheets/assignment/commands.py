"""What can be asked of an assignment, as it travels from region to shard."""

import msgspec
from msgspec import UNSET

from actors.kernel.contract.entity import Command
from actors.worksheets.assignment.records import Card, Late, Sharing, Stop
from actors.worksheets.assignment.shown import (
    ShownAssignment,
    ShownClarification,
    ShownFeedback,
    ShownProgress,
    ShownSubmission,
)
from actors.worksheets.document.commands import DocumentCommand
from actors.worksheets.versions import Versions
from actors.worksheets.worksheet.records import Assignable


class WantedDue(msgspec.Struct, frozen=True, kw_only=True):
    """What the wall is to show. `zone`: where, found by whoever asks; `asked`: as it was asked for."""

    date: str
    time: str
    asked: str
    zone: str


class ProgressAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How far the client is."""

    progress: ShownProgress


class SubmissionPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that was handed in, the oldest first."""

    submissions: list[ShownSubmission]


class FeedbackPage(msgspec.Struct, frozen=True, kw_only=True):
    """All feedback that the caller may see."""

    feedback: list[ShownFeedback]


class ClarificationPage(msgspec.Struct, frozen=True, kw_only=True):
    """All questions."""

    clarifications: list[ShownClarification]


class Assign(Command[ShownAssignment], frozen=True, kw_only=True, tag="assign"):
    """Give it. Only Carewire itself asks, for a therapist whom it has checked. Idempotent. `secret` is `Given`."""

    worksheet: str
    worksheet_version: int
    client: str
    therapist: str
    due: WantedDue | None = None
    late: Late = "flag"
    grace: int = 0
    attempts: int = 0
    collaboration: bool = True
    sharing: Sharing = "off"
    series: str = ""
    booking: str = ""
    room: str = ""
    remind: tuple[int, ...] = ()
    instrument: str = ""
    secret: bytes | None = None


class ImportAnswers(Command[ShownAssignment], frozen=True, kw_only=True, tag="import"):
    """One that comes with its answers. Only Carewire itself asks. `secret` is a packed `Given`, `answers` are JSON."""

    worksheet: str
    worksheet_version: int
    client: str
    therapist: str
    authored: int
    answers: bytes
    rows: dict[str, list[str]] = {}
    instrument: str = ""
    secret: bytes | None = None


class GetAssignment(Command[ShownAssignment], frozen=True, tag="get"):
    """The assignment."""


class Extend(Command[ShownAssignment], frozen=True, kw_only=True, tag="extend"):
    """Another due time. `secret`: why."""

    due: WantedDue
    versions: Versions = UNSET
    deed: str = ""
    secret: bytes | None = None


class CancelAssignment(Command[ShownAssignment], frozen=True, kw_only=True, tag="cancel"):
    """It need not be done. Idempotent. `secret`: why."""

    versions: Versions = UNSET
    deed: str = ""
    secret: bytes | None = None


class Review(Command[ShownAssignment], frozen=True, kw_only=True, tag="review"):
    """It has been read. Idempotent."""

    versions: Versions = UNSET
    deed: str = ""


class Reopen(Command[ShownAssignment], frozen=True, kw_only=True, tag="reopen"):
    """Another attempt, which begins with what was handed in (`blank`: with nothing). `secret`: why."""

    blank: bool = False
    versions: Versions = UNSET
    deed: str = ""
    secret: bytes | None = None


class SetCollaboration(Command[ShownAssignment], frozen=True, kw_only=True, tag="collaboration"):
    """May its therapist read and write drafts?"""

    enabled: bool
    versions: Versions = UNSET
    deed: str = ""


class Submit(Command[ShownSubmission], frozen=True, kw_only=True, tag="submit"):
    """Hand it in; the same again where it was. `digest`: of what the person saw."""

    attempt: int = 0
    digest: str = ""


class GetGiven(Command[Assignable], frozen=True, tag="given"):
    """What they were given, for who writes it in another format."""


class ListSubmissions(Command[SubmissionPage], frozen=True, tag="submissions"):
    """All that was handed in."""


class GetSubmission(Command[ShownSubmission], frozen=True, tag="submission"):
    """One of them."""

    version: int


class TrackProgress(Command[ProgressAnswer], frozen=True, kw_only=True, tag="progress"):
    """The client is at this field, and was for so long."""

    field: str
    seconds: int | None = None


class GiveFeedback(Command[ShownFeedback], frozen=True, kw_only=True, tag="give_feedback"):
    """Feedback on a submission. `secret` is a packed `Said`; `key` names it to its author: again, it is the same."""

    version: int
    field: str = ""
    start: int = -1
    end: int = -1
    private: bool = False
    key: str = ""
    secret: bytes | None = None


class EditFeedback(Command[ShownFeedback], frozen=True, kw_only=True, tag="edit_feedback"):
    """Other words, or for other eyes."""

    feedback: str
    private: bool | None = None
    secret: bytes | None = None


class DeleteFeedback(Command[None], frozen=True, kw_only=True, tag="delete_feedback"):
    """Take it back."""

    feedback: str


class ListFeedback(Command[FeedbackPage], frozen=True, kw_only=True, tag="list_feedback"):
    """What the caller may see. `version`: on this submission only."""

    version: int = 0


class AskClarification(Command[ShownClarification], frozen=True, kw_only=True, tag="ask"):
    """A question. `secret` is a packed `Said`."""

    field: str = ""
    key: str = ""
    secret: bytes | None = None


class AnswerClarification(Command[ShownClarification], frozen=True, kw_only=True, tag="answer"):
    """An answer, or a further question. `secret` is a packed `Said`."""

    clarification: str
    key: str = ""
    secret: bytes | None = None


class ResolveClarification(Command[ShownClarification], frozen=True, kw_only=True, tag="resolve"):
    """It is clear. Idempotent."""

    clarification: str


class ListClarifications(Command[ClarificationPage], frozen=True, tag="clarifications"):
    """All questions."""


class DueReached(Command[None], frozen=True, tag="due"):
    """A timer: it was due at `at`."""

    at: int


class RemindDue(Command[None], frozen=True, tag="remind"):
    """A timer: it is due at `at`, in `minutes`."""

    at: int
    minutes: int


class TellProgress(Command[None], frozen=True, tag="tell_progress"):
    """A timer: what was too soon to be told is told now."""


class CareIsOver(Command[None], frozen=True, tag="care_over"):
    """A letter: its therapist cares for the client no more, or one of them is being erased. Idempotent."""


class ClockStops(Command[None], frozen=True, tag="clock"):
    """A letter: its clock stands, or goes on. Idempotent."""

    why: Stop
    stopped: bool


class ZoneChanged(Command[None], frozen=True, tag="zone"):
    """A letter: whose zone it follows is in `zone` now. Idempotent."""

    zone: str


class PlaceCard(Command[None], frozen=True, kw_only=True, tag="place_card"):
    """A letter: `user` has put it into a message. What is nothing to them they cannot show anywhere. Idempotent."""

    user: str
    card: Card


class ForgetClient(Command[None], frozen=True, tag="forget"):
    """The client is being erased: it ends, and nothing of it stays in memory. Idempotent."""


AssignmentCommand = (
    Assign
    | ImportAnswers
    | GetAssignment
    | Extend
    | CancelAssignment
    | Review
    | Reopen
    | SetCollaboration
    | Submit
    | ListSubmissions
    | GetSubmission
    | TrackProgress
    | GiveFeedback
    | EditFeedback
    | DeleteFeedback
    | ListFeedback
    | AskClarification
    | AnswerClarification
    | ResolveClarification
    | ListClarifications
    | DueReached
    | RemindDue
    | TellProgress
    | CareIsOver
    | ClockStops
    | ZoneChanged
    | GetGiven
    | PlaceCard
    | ForgetClient
    | DocumentCommand
)
