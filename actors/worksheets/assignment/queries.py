"""Answers that quote: they are given, and not kept. What they need of storage is read once the turn is stored."""

from actors.kernel.contract.entity import Query
from actors.worksheets.assignment.records import AssignmentRecord, Clarification, Handed, Note


class KnownAnswer(Query, frozen=True):
    """An answer that is known already."""

    answer: object


class AssignmentOf(Query, frozen=True):
    """The assignment as this person sees it, with why it was extended. `seq`: of its document; whoever decides says
    it once all events are known."""

    record: AssignmentRecord
    version: int
    title: str
    note: str
    user: str
    seq: int = 0


class SubmissionsOf(Query, frozen=True):
    """What was handed in. `one`: the first of them alone."""

    record: AssignmentRecord
    handed: tuple[Handed, ...]
    one: bool = False


class FeedbackOf(Query, frozen=True):
    """Feedback with its words. `one`: the first of it alone."""

    notes: tuple[Note, ...]
    one: bool = False


class ClarificationsOf(Query, frozen=True):
    """Questions with their words. `one`: the first of them alone."""

    clarifications: tuple[Clarification, ...]
    one: bool = False
